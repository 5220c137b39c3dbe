SELECT balance_minor
FROM postings
WHERE book_id = ?1 AND entry_seq < ?2
ORDER BY entry_seq DESC
LIMIT 1
