WHERE account_id = ?1 AND execution_id = ?2 AND platform_id = ?3
