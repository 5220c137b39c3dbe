SELECT audit_id, position, subject, subject_id, field, old, new
FROM audit_changes
ORDER BY audit_id, position
