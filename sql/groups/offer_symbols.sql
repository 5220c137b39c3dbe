INSERT INTO group_symbols (group_id, symbol_id, enabled, templates)
SELECT g.id, s.id, 1, o.value ->> 1
FROM account_groups g, json_each(?2) o JOIN symbols s ON s.code = o.value ->> 0
WHERE g.code = ?1
ORDER BY o.key
ON CONFLICT (group_id, symbol_id) DO UPDATE SET enabled = 1, templates = excluded.templates
WHERE enabled <> 1 OR templates <> excluded.templates
