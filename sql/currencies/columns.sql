SELECT id, code, name, decimals, numeric_code, is_crypto, enabled, made_by_caller
FROM currencies
