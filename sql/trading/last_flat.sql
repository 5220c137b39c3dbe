SELECT e.executed_at
FROM executions e
WHERE e.account_id = ?1 AND e.symbol_id = ?2 AND e.executed_at < ?3 AND e.executed_at > ?4
  AND e.leaves_flat
  AND NOT EXISTS (
        SELECT 1 FROM executions later
        WHERE later.account_id = ?1 AND later.symbol_id = ?2 AND later.executed_at = e.executed_at
          AND (coalesce(later.executed_ns, 0), coalesce(later.sequence, -9223372036854775807), later.execution_id, later.platform_id)
              > (coalesce(e.executed_ns, 0), coalesce(e.sequence, -9223372036854775807), e.execution_id, e.platform_id))
ORDER BY e.executed_at DESC
LIMIT 1
