WHERE account_id = ?1 AND symbol_id = ?2 AND executed_at <= ?3
ORDER BY executed_at DESC, executed_ns DESC, sequence DESC, execution_id DESC, platform_id DESC
LIMIT ?4
