INSERT INTO ledgers (uuid, organization_id, name, status_code, status_description, metadata, created_at)
VALUES (?1, (SELECT id FROM organizations WHERE uuid = ?2), ?3, ?4, ?5, ?6, ?7)
