INSERT INTO signing_keys (kid, algorithm, private_key, public_key, created_at, signs_from)
VALUES (?1, 'EdDSA', ?2, ?3, ?4, ?5)
