SELECT count(*)
FROM movements m
JOIN accounts a ON a.id = m.account_id
