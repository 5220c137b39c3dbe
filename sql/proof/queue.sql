SELECT v.id
FROM approvals v
JOIN principals r ON r.id = v.requested_by
LEFT JOIN principals d ON d.id = v.decided_by
LEFT JOIN movements m ON m.id = v.movement_id
WHERE (v.state = 'approved' AND (d.id IS NULL OR d.id = r.id OR d.kind <> 'operator'))
   OR (v.state = 'pending' AND v.request IS NULL)
   OR (v.movement_id IS NOT NULL AND (v.state = 'pending') <> (m.state = 'pending'))
   OR (v.kind = 'transfer' AND v.state = 'approved' AND (m.state <> 'posted' OR m.approved_by IS NOT v.decided_by))
   OR (v.kind = 'transfer' AND v.state NOT IN ('pending', 'approved') AND m.entry_seq IS NOT NULL)
   OR (v.kind = 'withdrawal' AND v.state = 'approved' AND m.approved_by IS NOT v.decided_by)
LIMIT 20
