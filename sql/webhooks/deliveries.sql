SELECT event_seq, state, tries, attempts, first_at, last_at, next_at
FROM webhook_deliveries
WHERE webhook_id = ?1 AND event_seq > ?2 AND (?3 IS NULL OR state = ?3)
ORDER BY event_seq
LIMIT ?4
