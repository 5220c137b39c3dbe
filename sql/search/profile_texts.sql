SELECT p.id, p.first_name || ' ' || p.last_name, p.email, p.phone, p.company, coalesce(l.reference, '')
FROM profiles p LEFT JOIN profile_labels l ON l.profile_id = p.id
