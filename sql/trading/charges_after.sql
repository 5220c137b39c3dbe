SELECT coalesce(sum(amount_minor), 0), coalesce(sum(CASE WHEN kind = 'credit' THEN amount_minor END), 0)
FROM platform_charges
WHERE account_id = ?1 AND charged_at >= ?2
  AND (charged_at, coalesce(sequence, -9223372036854775807)) > (?2, ?3)
