INSERT INTO organizations (uuid, name, legal_document, trading_name, address, parent_id, status_code, status_description,
                           metadata, created_at)
VALUES (?1, ?2, nullif(?3, ''), ?4, ?5, (SELECT id FROM organizations WHERE uuid = ?6), ?7, ?8, ?9, ?10)
