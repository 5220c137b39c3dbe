WITH RECURSIVE traded (symbol_id) AS (
    SELECT min(symbol_id) FROM executions WHERE account_id = ?1
    UNION ALL
    SELECT (SELECT min(symbol_id) FROM executions WHERE account_id = ?1 AND symbol_id > traded.symbol_id)
    FROM traded
    WHERE traded.symbol_id IS NOT NULL
)
SELECT symbol_id
FROM traded
WHERE NOT (
    SELECT e.leaves_flat
    FROM executions e
    WHERE e.account_id = ?1 AND e.symbol_id = traded.symbol_id AND e.executed_at < ?2
    ORDER BY e.executed_at DESC, e.executed_ns DESC, e.sequence DESC, e.execution_id DESC, e.platform_id DESC
    LIMIT 1)
