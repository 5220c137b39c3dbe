-- Operators whose tokens the same user of the machine made, and how often one of them approved what the other asked for.
SELECT r.name, d.name, x.machine_user, count(*)
FROM approvals v
JOIN principals r ON r.id = v.requested_by
JOIN principals d ON d.id = v.decided_by
JOIN audit_log x ON x.object_uuid = v.requested_token AND x.machine_user IS NOT NULL AND x.action = 'token.create'
JOIN audit_log y ON y.object_uuid = v.decided_token AND y.machine_user IS NOT NULL AND y.action = 'token.create'
WHERE v.state = 'approved' AND x.machine_user = y.machine_user
GROUP BY v.requested_by, v.decided_by, x.machine_user
ORDER BY v.requested_by, v.decided_by
LIMIT 20
