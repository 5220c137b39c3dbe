SELECT p.entry_seq, p.entry_uuid, p.kind, p.amount_minor, p.balance_minor, p.recorded_at, p.comment,
       m.rate, m.amount_minor AS paid_minor, c.decimals AS paid_decimals, tc.decimals AS arrived_decimals
FROM postings p
LEFT JOIN movements m ON p.kind = 'transfer' AND m.entry_seq = p.entry_seq AND m.to_account_id = p.book_id
LEFT JOIN books b ON b.id = m.account_id
LEFT JOIN books tb ON tb.id = m.to_account_id AND tb.currency_id <> b.currency_id
LEFT JOIN currencies c ON c.id = b.currency_id
LEFT JOIN currencies tc ON tc.id = tb.currency_id
WHERE p.book_id = ?1 AND p.entry_seq >= ?2 AND p.entry_seq < ?3
ORDER BY p.entry_seq DESC
LIMIT ?4
