INSERT INTO webhook_keys (kid, sealed_key, public_key, created_at, signs_from)
VALUES (?1, ?2, ?3, ?4, ?5)
