SELECT book_id, entry_seq, amount_minor, balance_minor, recorded_at, kind, comment, entry_uuid, effective_at
FROM postings
ORDER BY book_id, entry_seq
