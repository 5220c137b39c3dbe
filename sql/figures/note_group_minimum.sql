INSERT INTO group_minimums (group_id, recorded_at, minimum_balance)
SELECT g.id, ?2, g.minimum_balance
FROM account_groups g
WHERE g.code = ?1
  AND g.minimum_balance IS NOT (
        SELECT m.minimum_balance FROM group_minimums m WHERE m.group_id = g.id ORDER BY m.recorded_at DESC LIMIT 1)
ON CONFLICT (group_id, recorded_at) DO UPDATE SET minimum_balance = excluded.minimum_balance
