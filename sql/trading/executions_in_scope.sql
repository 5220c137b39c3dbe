WHERE account_id = ?1 AND symbol_id = ?2 AND executed_at >= ?3
ORDER BY executed_at, executed_ns, sequence, execution_id, platform_id
