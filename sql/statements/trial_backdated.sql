SELECT l.uuid AS ledger, c.code, c.decimals, b.demo, b.role, t.amount_minor
FROM postings t INDEXED BY postings_backdated
JOIN books b ON b.id = t.book_id
JOIN ledgers l ON l.id = b.ledger_id
JOIN currencies c ON c.id = b.currency_id
WHERE t.effective_at IS NOT NULL AND t.effective_at < ?2 AND t.entry_seq >= ?1
