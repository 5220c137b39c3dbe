SELECT e.seq, e.uuid, e.kind, e.effective_at, e.recorded_at, e.principal_id, e.tag, e.reverses_seq, e.comment_hash, e.legs,
       e.hash, (SELECT p.hash FROM entries p WHERE p.seq < e.seq ORDER BY p.seq DESC LIMIT 1) AS previous
FROM entries e
WHERE e.uuid = ?1
