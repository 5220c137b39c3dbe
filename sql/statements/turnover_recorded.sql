FROM postings
WHERE book_id = ?1 AND entry_seq >= ?2 AND entry_seq < ?3
