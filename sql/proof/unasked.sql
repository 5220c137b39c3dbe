SELECT m.id
FROM movements m
WHERE m.kind = 'transfer' AND m.state IN ('pending', 'approved')
  AND NOT EXISTS (SELECT 1 FROM approvals v WHERE v.movement_id = m.id AND v.state = 'pending')
LIMIT 20
