SELECT x.id, x.uuid, p.uuid AS profile_uuid, x.kind, x.routing_number, x.number, x.first_name, x.last_name,
       x.business_name, x.nickname, x.reference, x.custom_fields, x.status, x.status_at, x.tries, x.created_at,
       x.updated_at
FROM external_accounts x
JOIN profiles p ON p.id = x.profile_id
