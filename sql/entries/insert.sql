INSERT INTO entries (seq, uuid, kind, effective_at, recorded_at, principal_id, tag, reverses_seq, comment_salt,
                     comment_hash, legs, hash)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
