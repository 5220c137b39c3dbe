INSERT INTO portfolios (id, uuid, ledger_id, profile_id, name, is_default, last_account_serial, created_at)
VALUES (1 + max((SELECT coalesce(max(id), 0) FROM portfolios),
                coalesce((SELECT floor FROM number_floors WHERE table_name = 'portfolios'), 0)), ?1, ?2, ?3, ?4, ?6, 0, ?5)
