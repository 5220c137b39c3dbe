SELECT (SELECT coalesce(max(seq), 0) FROM entries), (SELECT coalesce(max(seq), 0) FROM events)
