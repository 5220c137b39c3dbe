INSERT INTO event_consumers (name, delivered_seq) VALUES (?1, ?2)
ON CONFLICT (name) DO UPDATE SET delivered_seq = excluded.delivered_seq, run = run + 1
