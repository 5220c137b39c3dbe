WHERE account_id = ?1 AND executed_at >= ?2
ORDER BY executed_at, sequence, execution_id, platform_id
