INSERT INTO symbol_splits (symbol_id, platform_id, event_id, ratio, split_at)
VALUES (?1, ?2, ?3, ?4, ?5)
