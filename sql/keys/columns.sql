SELECT kid, sealed_key, was_plain, public_key, created_at, signs_from, retired_at, withdrawn_at
FROM signing_keys
