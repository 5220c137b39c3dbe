SELECT f.held_minor, f.uncleared_minor, f.pending_minor, f.credit_net_minor, f.minimum_minor,
       (SELECT m.minimum_balance
        FROM group_minimums m
        WHERE m.group_id = f.group_id AND m.recorded_at <= ?2
        ORDER BY m.recorded_at DESC
        LIMIT 1) AS group_minimum
FROM book_figures f
WHERE f.book_id = ?1 AND f.recorded_at <= ?2
ORDER BY f.recorded_at DESC
LIMIT 1
