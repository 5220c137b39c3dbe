SELECT b.id
FROM books b
LEFT JOIN accounts a ON a.id = b.id
LEFT JOIN book_figures f
       ON f.book_id = b.id AND f.recorded_at = (SELECT max(l.recorded_at) FROM book_figures l WHERE l.book_id = b.id)
WHERE coalesce(a.minimum_minor, 0) <> coalesce(f.minimum_minor, 0)
   OR a.group_id <> f.group_id
LIMIT 20
