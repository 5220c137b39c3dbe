SELECT coalesce(sum(amount_minor / 1000000000), 0), coalesce(sum(amount_minor % 1000000000), 0),
       coalesce(sum(iif(kind = 'credit', amount_minor / 1000000000, 0)), 0),
       coalesce(sum(iif(kind = 'credit', amount_minor % 1000000000, 0)), 0)
FROM postings INDEXED BY postings_backdated
WHERE book_id = ?1 AND effective_at < ?2 AND entry_seq >= ?3 AND entry_seq < ?4
