-- Approved requests of which somebody could not ask or decide by their role. ?1 and ?2 are not used.
SELECT v.id
FROM approvals v
JOIN principals r ON r.id = v.requested_by
JOIN principals d ON d.id = v.decided_by
WHERE v.state = 'approved' AND ?1 IS NOT NULL AND ?2 IS NOT NULL
  AND (r.role NOT IN ('admin', 'operator') OR d.role NOT IN ('admin', 'operator'))
LIMIT 20
