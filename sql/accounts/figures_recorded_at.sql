SELECT max(at) FROM (
    SELECT max(recorded_at) AS at FROM book_figures WHERE book_id = ?1
    UNION ALL
    SELECT (SELECT recorded_at FROM postings WHERE book_id = ?1 ORDER BY entry_seq DESC LIMIT 1)
)
