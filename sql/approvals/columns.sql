SELECT v.id, v.uuid, v.kind, v.cause, v.request_version, v.request, p.uuid AS profile_uuid, a.uuid AS account_uuid,
       v.requested_token, v.decided_token,
       (SELECT l.machine_user FROM audit_log l
        WHERE l.object_uuid = v.requested_token AND l.machine_user IS NOT NULL AND l.action = 'token.create')
           AS requested_token_maker,
       (SELECT l.machine_user FROM audit_log l
        WHERE l.object_uuid = v.decided_token AND l.machine_user IS NOT NULL AND l.action = 'token.create')
           AS decided_token_maker,
       v.movement_id, v.state, v.reason, v.requested_at, v.expires_at, v.decided_at,
       r.id AS requester_id, r.uuid AS requester_uuid, r.name AS requester_name,
       d.id AS decider_id, d.uuid AS decider_uuid, d.name AS decider_name
FROM approvals v
LEFT JOIN accounts a ON a.id = v.account_id
JOIN profiles p ON p.id = coalesce(a.profile_id, v.profile_id)
JOIN principals r ON r.id = v.requested_by
LEFT JOIN principals d ON d.id = v.decided_by
