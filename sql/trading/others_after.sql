SELECT coalesce(sum(p.amount_minor), 0),
       coalesce(sum(CASE WHEN p.kind = 'credit' THEN p.amount_minor END), 0)
FROM postings p
WHERE p.book_id = ?1 AND p.entry_seq > ?2 AND p.entry_seq NOT IN (SELECT entry_seq FROM trade_entries)
