FROM postings INDEXED BY postings_backdated
WHERE book_id = ?1 AND effective_at >= ?2 AND effective_at < ?3 AND entry_seq < ?4
