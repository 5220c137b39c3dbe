SELECT g.code AS group_code, s.code AS symbol, gs.templates
FROM group_symbols gs
JOIN account_groups g ON g.id = gs.group_id
JOIN symbols s ON s.id = gs.symbol_id
WHERE gs.enabled = 1
ORDER BY gs.group_id, gs.id
