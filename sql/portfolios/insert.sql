INSERT INTO portfolios (uuid, ledger_id, profile_id, name, is_default, last_account_serial, created_at)
VALUES (?1, ?2, ?3, ?4, 1, 0, ?5)
