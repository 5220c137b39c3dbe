SELECT kid, private_key, public_key, created_at, signs_from, retired_at, withdrawn_at
FROM signing_keys
