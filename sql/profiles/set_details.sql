INSERT INTO profile_details (profile_id, tax_id, details)
VALUES (?1, ?2, ?3)
ON CONFLICT (profile_id) DO UPDATE SET tax_id = excluded.tax_id, details = excluded.details
