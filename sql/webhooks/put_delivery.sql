INSERT INTO webhook_deliveries (webhook_id, event_seq, state, tries, attempts, first_at, last_at, next_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (webhook_id, event_seq) DO UPDATE
SET state = excluded.state, tries = excluded.tries, attempts = excluded.attempts, first_at = excluded.first_at,
    last_at = excluded.last_at, next_at = excluded.next_at
