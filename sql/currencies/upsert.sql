INSERT INTO currencies (code, name, numeric_code, decimals, is_crypto, enabled, made_by_caller)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (code) DO UPDATE
SET name = excluded.name, numeric_code = excluded.numeric_code, enabled = excluded.enabled,
    made_by_caller = excluded.made_by_caller
