SELECT e.id
FROM executions e
LEFT JOIN (
    SELECT t.execution_id,
           sum(CASE t.part WHEN 'profit' THEN p.amount_minor ELSE 0 END) AS profit,
           sum(CASE t.part WHEN 'commission' THEN p.amount_minor ELSE 0 END) AS commission,
           sum(CASE t.part WHEN 'swap' THEN p.amount_minor ELSE 0 END) AS swap,
           sum(CASE t.part WHEN 'fee' THEN p.amount_minor ELSE 0 END) AS fee,
           sum(CASE t.part WHEN 'protected_credit' THEN p.amount_minor ELSE 0 END) AS protected_credit,
           sum(CASE t.part WHEN 'credit_consumed' THEN p.amount_minor ELSE 0 END) AS credit_consumed,
           sum(CASE t.part WHEN 'protected_balance' THEN p.amount_minor ELSE 0 END) AS protected_balance
    FROM trade_entries t
    JOIN executions x ON x.id = t.execution_id
    JOIN postings p ON p.book_id = x.account_id AND p.entry_seq = t.entry_seq
    GROUP BY t.execution_id) s ON s.execution_id = e.id
WHERE coalesce(s.profit, 0) <> e.posted_profit_minor
   OR coalesce(s.commission, 0) <> e.posted_commission_minor
   OR coalesce(s.swap, 0) <> e.posted_swap_minor
   OR coalesce(s.fee, 0) <> e.posted_fee_minor
   OR coalesce(s.protected_credit, 0) <> e.protected_credit_minor
   OR coalesce(s.credit_consumed, 0) <> -e.protected_credit_minor
   OR coalesce(s.protected_balance, 0) <> e.protected_balance_minor
ORDER BY e.id
LIMIT 20
