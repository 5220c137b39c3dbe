SELECT EXISTS (SELECT 1 FROM accounts WHERE number = ?1)
    OR EXISTS (
        SELECT 1 FROM platform_accounts
        WHERE platform_id IN (SELECT id FROM platforms) AND number = ?1)
