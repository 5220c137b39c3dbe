UPDATE organizations
SET name = ?2, legal_document = nullif(?3, ''), trading_name = ?4, address = ?5,
    parent_id = (SELECT id FROM organizations WHERE uuid = ?6), status_code = ?7, status_description = ?8, metadata = ?9,
    updated_at = ?10
WHERE uuid = ?1
