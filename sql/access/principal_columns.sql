SELECT o.id, o.uuid, o.name, o.role, o.rights, o.password_hash, o.created_at, o.disabled_at,
       (SELECT json_group_array(t.tag) FROM principal_tags t WHERE t.principal_id = o.id) AS tags
FROM principals o
