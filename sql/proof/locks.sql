SELECT serial
FROM accounts
WHERE (lock = 'none') <> (lock_holder IS NULL)
   OR (lock = 'none') <> (lock_reason IS NULL)
LIMIT 20
