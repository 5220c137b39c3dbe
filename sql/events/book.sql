SELECT a.uuid AS account_uuid, b.role, c.code, c.decimals, b.demo
FROM books b
JOIN currencies c ON c.id = b.currency_id
LEFT JOIN accounts a ON a.id = b.id
WHERE b.id = ?1
