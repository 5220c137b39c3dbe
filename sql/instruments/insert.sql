INSERT INTO instruments (uuid, ledger_id, currency_id, name, type, status_code, status_description, metadata, created_at)
VALUES (?1, ?2, (SELECT id FROM currencies WHERE code = ?3), ?4, ?5, ?6, ?7, ?8, ?9)
