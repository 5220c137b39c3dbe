SELECT charged_at, charged_ns, sequence, amount_minor, CASE WHEN kind = 'credit' THEN amount_minor ELSE 0 END
FROM platform_charges
WHERE account_id = ?1 AND charged_at >= ?2
ORDER BY charged_at, charged_ns, sequence
