SELECT order_id, platform_id, quantity, price
FROM executions
WHERE account_id = ?1 AND order_id IN (SELECT value FROM json_each(?2))
  AND is_cancelled = 0 AND quantity IS NOT NULL AND price IS NOT NULL
