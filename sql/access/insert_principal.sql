INSERT INTO principals (uuid, kind, name, name_folded, role, password_hash, created_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
