SELECT c.id
FROM platform_charges c
LEFT JOIN (
    SELECT t.charge_id, sum(p.amount_minor) AS amount
    FROM trade_entries t
    JOIN platform_charges x ON x.id = t.charge_id
    JOIN postings p ON p.book_id = x.account_id AND p.entry_seq = t.entry_seq
    GROUP BY t.charge_id) s ON s.charge_id = c.id
WHERE coalesce(s.amount, 0) <> c.amount_minor
ORDER BY c.id
LIMIT 20
