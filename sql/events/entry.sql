SELECT n.uuid, n.kind, n.recorded_at, n.effective_at, n.reverses_seq, n.tag, m.uuid AS movement_uuid,
       CASE WHEN n.comment_hash IS NOT NULL THEN (
            SELECT t.comment FROM postings t WHERE t.book_id = ?2 AND t.entry_seq = n.seq) END AS comment
FROM entries n
LEFT JOIN movements m ON m.entry_seq = n.seq
WHERE n.seq = ?1
