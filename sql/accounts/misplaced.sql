SELECT a.id
FROM accounts a
JOIN books b ON b.id = a.id
JOIN portfolios f ON f.id = a.portfolio_id
JOIN account_groups g ON g.id = a.group_id
WHERE f.ledger_id <> b.ledger_id
   OR coalesce(g.ledger_id, 1) <> b.ledger_id
   OR (SELECT x.ledger_id <> b.ledger_id OR x.currency_id <> b.currency_id FROM books x WHERE x.id = a.parent_id)
LIMIT ?1
