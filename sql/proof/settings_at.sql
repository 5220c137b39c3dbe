SELECT f.recorded_at, f.minimum_minor, f.group_id, c.decimals,
       (SELECT m.minimum_balance
        FROM group_minimums m
        WHERE m.group_id = f.group_id AND m.recorded_at <= ?2
        ORDER BY m.recorded_at DESC
        LIMIT 1) AS group_minimum,
       EXISTS (SELECT 1 FROM group_minimums m WHERE m.group_id = f.group_id AND m.recorded_at = ?2) AS is_unsure
FROM accounts a
JOIN books b ON b.id = a.id
JOIN currencies c ON c.id = b.currency_id
JOIN book_figures f ON f.book_id = a.id
WHERE a.id = ?1 AND f.recorded_at <= ?2
ORDER BY f.recorded_at DESC
LIMIT 2
