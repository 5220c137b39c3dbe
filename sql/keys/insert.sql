INSERT INTO signing_keys (kid, algorithm, private_key, public_key, created_at)
VALUES (?1, 'EdDSA', ?2, ?3, ?4)
