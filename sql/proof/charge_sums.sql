SELECT c.id
FROM platform_charges c
LEFT JOIN (
    SELECT t.charge_id,
           sum(CASE t.part WHEN 'charge' THEN p.amount_minor ELSE 0 END) AS amount,
           sum(CASE t.part WHEN 'credit_consumed' THEN p.amount_minor ELSE 0 END) AS credit_restored,
           sum(CASE t.part WHEN 'protected_credit' THEN -p.amount_minor ELSE 0 END) AS offset_credit,
           sum(CASE t.part WHEN 'protected_balance' THEN -p.amount_minor ELSE 0 END) AS offset_balance
    FROM trade_entries t
    JOIN platform_charges x ON x.id = t.charge_id
    JOIN postings p ON p.book_id = x.account_id AND p.entry_seq = t.entry_seq
    GROUP BY t.charge_id) s ON s.charge_id = c.id
WHERE coalesce(s.amount, 0) <> c.amount_minor
   OR coalesce(s.credit_restored, 0) <> coalesce(c.offset_credit_minor, 0)
   OR coalesce(s.offset_credit, 0) <> coalesce(c.offset_credit_minor, 0)
   OR coalesce(s.offset_balance, 0) <> coalesce(c.offset_balance_minor, 0)
ORDER BY c.id
LIMIT 20
