SELECT r.seq
FROM entries r
JOIN entries e ON e.seq = r.reverses_seq
WHERE r.reverses_seq IS NOT NULL AND e.kind = 'credit'
