SELECT DISTINCT e.account_id, e.symbol_id, a.position_mode, c.decimals
FROM executions e
JOIN accounts a ON a.id = e.account_id
JOIN books b ON b.id = a.id
JOIN currencies c ON c.id = b.currency_id
ORDER BY e.account_id, e.symbol_id
