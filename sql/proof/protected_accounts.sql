SELECT account_id FROM executions
WHERE protection <> 'never' OR protected_credit_minor <> 0 OR protected_balance_minor <> 0
UNION
SELECT account_id FROM platform_charges WHERE offset_credit_minor <> 0 OR offset_balance_minor <> 0
