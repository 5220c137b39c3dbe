SELECT seq, uuid, kind, effective_at, recorded_at, principal_id, tag, reverses_seq, comment_hash, legs, hash
FROM entries
ORDER BY seq
