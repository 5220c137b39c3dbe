INSERT INTO parked_events (uuid, platform_id, event_id, sent, event, reason, waits_for, parked_at, drop_reason)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, '')
