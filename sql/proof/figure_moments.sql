-- Moments in the history of figures at which nothing was committed. Before the log, not every commit had a row.
SELECT recorded_at
FROM book_figures
WHERE recorded_at > (SELECT recorded_at FROM audit_log WHERE changes IS NOT NULL ORDER BY id LIMIT 1)
EXCEPT
SELECT recorded_at
FROM audit_log
LIMIT 20
