INSERT INTO account_labels (account_id, ledger_id, reference, category, name, alias, alias_portfolio_id,
                            status_code, status_description)
SELECT a.id, b.ledger_id, nullif(?2, ''), ?3, ?4, nullif(?5, ''), CASE WHEN ?5 <> '' THEN a.portfolio_id END,
       ?6, ?7
FROM accounts a
JOIN books b ON b.id = a.id
WHERE a.id = ?1
