SELECT e.seq, e.legs
FROM postings t
JOIN entries e ON e.seq = t.entry_seq
WHERE t.book_id IN (SELECT id FROM accounts WHERE profile_id = ?1) AND t.comment IS NOT NULL
