SELECT count(*)
FROM (
    SELECT recorded_at, minimum_minor, group_id, lag(minimum_minor, 1, 0) OVER earlier AS minimum_before,
           lag(group_id, 1, group_id) OVER earlier AS group_before
    FROM book_figures
    WINDOW earlier AS (PARTITION BY book_id ORDER BY recorded_at)
)
WHERE recorded_at > ?1 AND (minimum_minor <> minimum_before OR group_id <> group_before)
