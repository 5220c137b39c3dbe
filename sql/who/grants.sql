-- What was granted to an operator before a change of it.
SELECT subject_id, audit_id, old
FROM audit_changes
WHERE subject = 'operator' AND field = 'rights'
ORDER BY subject_id, audit_id
