WHERE account_id = ?1 AND version_id = ?2 AND platform_id = ?3
