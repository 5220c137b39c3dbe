INSERT INTO symbol_splits (symbol_id, platform_id, event_id, ratio, split_at, left_accounts, split_ns)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
