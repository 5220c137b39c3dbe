UPDATE group_currencies
SET enabled = 0
WHERE group_id = (SELECT id FROM account_groups WHERE code = ?1)
