INSERT INTO profile_labels (profile_id, organization_id, reference, category)
VALUES (?1, ?2, nullif(?3, ''), ?4)
