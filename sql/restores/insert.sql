INSERT INTO restores (timeline, restored_at, backup, asked_for, reached_at, last_entry, last_event, next_entry, next_event)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
