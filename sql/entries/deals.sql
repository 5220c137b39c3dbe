SELECT entry_seq, entry_uuid, kind, amount_minor, balance_minor, recorded_at, comment
FROM postings
WHERE book_id = ?1 AND entry_seq >= ?2 AND entry_seq < ?3
ORDER BY entry_seq DESC
LIMIT ?4
