SELECT t.entry_seq
FROM trade_entries t
LEFT JOIN executions e ON e.id = t.execution_id
LEFT JOIN platform_charges c ON c.id = t.charge_id
WHERE NOT EXISTS (
    SELECT 1 FROM postings p WHERE p.book_id = coalesce(e.account_id, c.account_id) AND p.entry_seq = t.entry_seq)
ORDER BY t.entry_seq
LIMIT 20
