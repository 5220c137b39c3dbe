SELECT account_id FROM positions WHERE symbol_id = ?1 AND closed_at IS NULL
UNION
SELECT account_id FROM executions WHERE symbol_id = ?1 AND executed_at >= ?2
ORDER BY account_id
