INSERT INTO installation (id, uuid, mode, timeline, hash_key, created_at)
VALUES (1, ?1, ?2, 1, ?3, ?4)
