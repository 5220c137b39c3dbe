INSERT INTO audit_changes (audit_id, position, subject, subject_id, field, old, new)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
