SELECT uuid FROM (
    SELECT a.uuid, 1 AS rank FROM accounts a WHERE a.uuid = ?3
    UNION ALL
    SELECT a.uuid, 2 FROM platform_accounts p JOIN accounts a ON a.id = p.account_id
    WHERE p.platform_id = ?1 AND p.number = ?2
    UNION ALL
    SELECT a.uuid, 3 FROM accounts a
    WHERE a.number = ?2
      AND NOT EXISTS (
          SELECT 1 FROM platform_accounts o WHERE o.account_id = a.id AND o.number = a.number AND o.platform_id <> ?1)
)
ORDER BY rank
LIMIT 1
