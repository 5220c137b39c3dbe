-- The last event that was pruned, and the moment of the first one that is kept.
SELECT k.seq,
       coalesce(iif(k.seq = 0, NULL, (SELECT recorded_at FROM events WHERE seq > k.seq ORDER BY seq LIMIT 1)),
                iif(k.seq = 0, -9223372036854775807, 9223372036854775807))
FROM event_checkpoint k
