INSERT INTO signing_keys (kid, algorithm, sealed_key, was_plain, public_key, created_at, signs_from)
VALUES (?1, 'EdDSA', ?2, 0, ?3, ?4, ?5)
