FROM postings t INDEXED BY postings_backdated
JOIN entries e ON e.seq = t.entry_seq
LEFT JOIN entries r ON r.seq = e.reverses_seq
WHERE t.book_id = ?1 AND t.effective_at >= ?2 AND t.effective_at < ?4 AND t.entry_seq < ?3
  AND (t.effective_at > ?6 OR t.entry_seq > ?7)
ORDER BY t.effective_at, t.entry_seq
LIMIT ?5
