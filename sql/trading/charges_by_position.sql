SELECT position_id, sum(posted_commission_minor) AS commission_minor, sum(posted_swap_minor) AS swap_minor
FROM executions
WHERE account_id = ?1 AND executed_at BETWEEN ?2 AND ?3 AND position_id IS NOT NULL
GROUP BY position_id
