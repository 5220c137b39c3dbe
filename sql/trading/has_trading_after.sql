SELECT EXISTS (
        SELECT 1 FROM executions
        WHERE account_id = ?1 AND executed_at >= ?2 AND (executed_at > ?2 OR coalesce(executed_ns, 0) > ?3))
    OR EXISTS (
        SELECT 1 FROM platform_charges
        WHERE account_id = ?1 AND charged_at >= ?2 AND (charged_at > ?2 OR coalesce(charged_ns, 0) > ?3))
