INSERT INTO book_figures (book_id, recorded_at, held_minor, uncleared_minor, pending_minor, credit_net_minor, minimum_minor,
                          group_id)
SELECT b.id, max(?2, coalesce((SELECT max(f.recorded_at) FROM book_figures f WHERE f.book_id = ?1), ?2)),
       b.held_minor, b.uncleared_minor, b.pending_minor, b.credit_net_minor, a.minimum_minor, a.group_id
FROM books b
JOIN accounts a ON a.id = b.id
WHERE b.id = ?1
ON CONFLICT (book_id, recorded_at) DO UPDATE
SET held_minor = excluded.held_minor, uncleared_minor = excluded.uncleared_minor,
    pending_minor = excluded.pending_minor, credit_net_minor = excluded.credit_net_minor,
    minimum_minor = excluded.minimum_minor, group_id = excluded.group_id
