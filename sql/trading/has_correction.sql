-- CROSS JOIN keeps the order: without statistics, SQLite would begin with all executions of the account.
SELECT EXISTS (
    SELECT 1 FROM execution_versions v CROSS JOIN executions e ON e.id = v.execution_id
    WHERE v.correction_id = ?2 AND e.account_id = ?1 AND e.platform_id = ?3)
