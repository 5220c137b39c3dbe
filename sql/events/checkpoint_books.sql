SELECT k.book_id, a.uuid AS account_uuid, b.role, c.code, c.decimals, b.demo, k.balance_minor, k.held_minor,
       k.uncleared_minor, k.pending_minor, k.credit_minor
FROM event_checkpoint_books k
JOIN books b ON b.id = k.book_id
JOIN currencies c ON c.id = b.currency_id
LEFT JOIN accounts a ON a.id = k.book_id
WHERE k.book_id > ?1
ORDER BY k.book_id
LIMIT ?2
