SELECT kind, amount_minor, symbol_id, position_ref, charged_at
FROM platform_charges
WHERE account_id = ?1 AND charged_at >= ?2 AND kind IN ('swap', 'funding')
