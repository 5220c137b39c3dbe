SELECT k.book_id
FROM event_checkpoint_books k
WHERE k.balance_minor <> coalesce((
    SELECT t.balance_minor FROM postings t
    WHERE t.book_id = k.book_id AND t.entry_seq <= ?1
    ORDER BY t.entry_seq DESC
    LIMIT 1), 0)
LIMIT 20
