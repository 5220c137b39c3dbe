DELETE FROM webhook_deliveries
WHERE webhook_id = ?1 AND last_at < ?2 AND state <> 'pending' AND event_seq IN (
    SELECT event_seq FROM webhook_deliveries WHERE webhook_id = ?1 ORDER BY event_seq LIMIT ?3)
