SELECT b.id, b.ledger_id, b.currency_id, b.demo, b.role, b.balance_minor, b.credit_net_minor, c.code, c.decimals
FROM books b
JOIN currencies c ON c.id = b.currency_id
ORDER BY b.id
