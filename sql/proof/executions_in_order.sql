WHERE account_id = ?1 AND symbol_id = ?2
ORDER BY executed_at, executed_ns, sequence, execution_id, platform_id
