UPDATE group_symbols
SET enabled = 0, templates = '{}'
WHERE group_id = (SELECT id FROM account_groups WHERE code = ?1) AND enabled = 1
  AND symbol_id NOT IN (SELECT s.id FROM json_each(?2) o JOIN symbols s ON s.code = o.value ->> 0)
