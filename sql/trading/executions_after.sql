SELECT coalesce(sum(posted_profit_minor + posted_commission_minor + posted_swap_minor + posted_fee_minor
                    + protected_balance_minor), 0),
       coalesce(sum(-protected_credit_minor), 0)
FROM executions
WHERE account_id = ?1 AND executed_at >= ?2
  AND (executed_at, coalesce(sequence, -9223372036854775807), execution_id, platform_id) > (?2, ?3, ?4, ?5)
