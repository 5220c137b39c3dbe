SELECT DISTINCT n.uuid
FROM events e
JOIN entries n ON n.seq = e.subject_id
WHERE e.seq BETWEEN ?1 AND ?2 AND e.type = 'entry.posted'
ORDER BY n.seq
