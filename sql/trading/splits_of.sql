SELECT split_at, split_ns, ratio
FROM symbol_splits
WHERE symbol_id = ?2 AND NOT EXISTS (SELECT 1 FROM json_each(left_accounts) WHERE value = ?1)
ORDER BY split_at, split_ns
