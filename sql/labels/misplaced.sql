SELECT l.account_id
FROM account_labels l
JOIN accounts a ON a.id = l.account_id
JOIN books b ON b.id = a.id
WHERE l.ledger_id <> b.ledger_id
   OR l.alias_portfolio_id IS NOT CASE WHEN l.alias IS NOT NULL AND a.lifecycle <> 'closed' THEN a.portfolio_id END
LIMIT ?1
