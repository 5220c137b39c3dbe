UPDATE signing_keys
SET retired_at = ?1, withdrawn_at = ?2
WHERE retired_at IS NULL
