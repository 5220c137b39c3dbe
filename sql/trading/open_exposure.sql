SELECT p.symbol_id, a.group_id, p.side, p.quantity, p.cost
FROM positions p
JOIN accounts a ON a.id = p.account_id
JOIN account_groups g ON g.id = a.group_id
WHERE p.closed_at IS NULL AND g.demo = ?1
  AND (?2 IS NULL OR a.profile_id IN (
        SELECT t.profile_id FROM profile_tags t WHERE t.tag IN (SELECT value FROM json_each(?2))))
ORDER BY p.symbol_id
