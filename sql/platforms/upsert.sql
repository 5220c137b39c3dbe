INSERT INTO platforms (code, name, type)
VALUES (?1, ?2, ?3)
ON CONFLICT (code) DO UPDATE SET name = excluded.name, type = excluded.type
