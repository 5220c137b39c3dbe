-- Withdrawals that were paid without another operator's approval although the account was guarded. The group of an
-- account and the rule of a group at that time are those before their next changes. Payments from before the log kept
-- changes are left out, and those at the moment of such a change. ?1 and ?2 are not used.
WITH paid AS (
    SELECT m.id, m.account_id, n.recorded_at,
           CAST(coalesce((
               SELECT c.old
               FROM audit_changes c
               JOIN audit_log l ON l.id = c.audit_id
               WHERE c.subject = 'account' AND c.subject_id = m.account_id AND c.field = 'group_id'
                 AND l.recorded_at >= n.recorded_at
               ORDER BY c.audit_id
               LIMIT 1), a.group_id) AS INTEGER) AS group_id
    FROM movements m
    JOIN entries n ON n.seq = m.entry_seq
    JOIN accounts a ON a.id = m.account_id
    WHERE m.kind = 'withdrawal' AND (m.approved_by IS NULL OR m.approved_by = m.requested_by)
      AND n.recorded_at > (SELECT min(recorded_at) FROM audit_log WHERE changes IS NOT NULL)
)
SELECT p.id
FROM paid p
JOIN account_groups g ON g.id = p.group_id
WHERE ?1 IS NOT NULL AND ?2 IS NOT NULL
  AND CAST(coalesce((
      SELECT c.old
      FROM audit_changes c
      JOIN audit_log l ON l.id = c.audit_id
      WHERE c.subject = 'group' AND c.subject_id = g.id AND c.field = 'requires_approval'
        AND l.recorded_at >= p.recorded_at
      ORDER BY c.audit_id
      LIMIT 1), g.requires_approval) AS INTEGER) = 1
  AND NOT EXISTS (
      SELECT 1
      FROM audit_changes c
      JOIN audit_log l ON l.id = c.audit_id
      WHERE l.recorded_at = p.recorded_at
        AND ((c.subject = 'account' AND c.subject_id = p.account_id AND c.field = 'group_id')
          OR (c.subject = 'group' AND c.subject_id = g.id AND c.field = 'requires_approval')))
LIMIT 20
