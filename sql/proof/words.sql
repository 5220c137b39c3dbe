SELECT audit_id, subject, subject_id, field, old, new
FROM audit_changes
ORDER BY audit_id, position
