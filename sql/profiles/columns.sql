SELECT p.id, p.uuid, p.email, p.first_name, p.last_name, p.ip_address, p.language, p.address, p.zip_code, p.city, p.state,
       p.country, p.phone, p.company, p.meta_data, p.birth_date, p.timezone, p.version, p.created_at, p.updated_at,
       p.nickname, p.company_full_name, p.kind, p.blocked, p.status, p.offboarding_at, p.deceased_on, p.created_by, p.reviewed_by,
       (SELECT json_group_array(t.tag) FROM profile_tags t WHERE t.profile_id = p.id) AS tags, l.reference, l.category,
       CASE WHEN l.profile_id IS NOT NULL THEN (
            SELECT json_group_array(json_array(t.kind, t.name, t.type, t.value))
            FROM profile_attributes t WHERE t.profile_id = p.id) END AS attributes
FROM profiles p
LEFT JOIN profile_labels l ON l.profile_id = p.id
