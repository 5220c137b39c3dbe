INSERT INTO symbol_splits (symbol_id, platform_id, event_id, ratio, split_at, left_accounts)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
