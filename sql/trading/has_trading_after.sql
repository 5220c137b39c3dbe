SELECT EXISTS (SELECT 1 FROM executions WHERE account_id = ?1 AND executed_at > ?2)
    OR EXISTS (SELECT 1 FROM platform_charges WHERE account_id = ?1 AND charged_at > ?2)
