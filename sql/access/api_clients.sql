SELECT p.id, p.uuid, p.name, p.rights, p.created_at, p.disabled_at, c.api,
       (SELECT json_group_array(t.tag) FROM principal_tags t WHERE t.principal_id = p.id) AS tags
FROM api_clients c
JOIN principals p ON p.id = c.principal_id
