UPDATE signing_keys
SET retired_at = min(coalesce(retired_at, ?1), ?1), withdrawn_at = ?1
WHERE withdrawn_at IS NULL OR withdrawn_at > ?1
