-- The last entry, the last event, and the latest time at which anything was recorded.
SELECT coalesce((SELECT max(seq) FROM entries), 0),
       coalesce((SELECT max(seq) FROM events), 0),
       max(coalesce((SELECT recorded_at FROM entries ORDER BY seq DESC LIMIT 1), 0),
           coalesce((SELECT recorded_at FROM events ORDER BY seq DESC LIMIT 1), 0),
           coalesce((SELECT recorded_at FROM audit_log ORDER BY id DESC LIMIT 1), 0))
