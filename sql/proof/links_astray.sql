SELECT t.entry_seq
FROM trade_entries t
JOIN entries n ON n.seq = t.entry_seq
LEFT JOIN executions e ON e.id = t.execution_id
LEFT JOIN platform_charges c ON c.id = t.charge_id
WHERE NOT EXISTS (
        SELECT 1 FROM postings p WHERE p.book_id = coalesce(e.account_id, c.account_id) AND p.entry_seq = t.entry_seq)
   OR (t.execution_id IS NULL) <> (t.part = 'charge' OR c.kind = 'negative_balance_protection' AND t.part IN ('protected_credit', 'credit_consumed', 'protected_balance'))
   OR NOT CASE t.part
        WHEN 'profit' THEN n.kind IN ('buy', 'sell', 'correction')
        WHEN 'charge' THEN n.kind = c.kind
        WHEN 'credit_consumed' THEN n.kind = 'credit'
        WHEN 'protected_credit' THEN n.kind IN ('negative_balance_protection', 'correction')
        WHEN 'protected_balance' THEN n.kind IN ('negative_balance_protection', 'correction')
        ELSE n.kind IN (t.part, 'correction')
    END
ORDER BY t.entry_seq
LIMIT 20
