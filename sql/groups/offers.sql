SELECT g.code, c.code
FROM group_currencies gc
JOIN account_groups g ON g.id = gc.group_id
JOIN currencies c ON c.id = gc.currency_id
WHERE gc.enabled = 1
ORDER BY gc.group_id, gc.id
