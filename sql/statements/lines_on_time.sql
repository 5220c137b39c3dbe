FROM postings t
JOIN entries e ON e.seq = t.entry_seq
LEFT JOIN entries r ON r.seq = e.reverses_seq
WHERE t.book_id = ?1 AND t.entry_seq >= ?2 AND t.entry_seq < ?4 AND t.effective_at IS NULL
  AND (t.recorded_at > ?6 OR t.entry_seq > ?7)
ORDER BY t.entry_seq
LIMIT ?5
