SELECT id, charged_at, charged_ns, sequence, amount_minor, kind, offset_credit_minor, offset_balance_minor
FROM platform_charges
WHERE account_id = ?1 AND charged_at >= ?2
ORDER BY charged_at, charged_ns, sequence, id
