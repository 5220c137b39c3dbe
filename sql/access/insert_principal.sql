INSERT INTO principals (uuid, kind, name, name_folded, role, rights, password_hash, created_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
