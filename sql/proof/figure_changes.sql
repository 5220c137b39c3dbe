-- A movement reserves an amount when it begins and releases it when it ends; a deposit with a clearing period is then
-- uncleared until it is cleared. What was reserved and released at the same moment adds up to zero and is left out.
SELECT m.account_id,
       CASE s.step WHEN 1 THEN m.created_at WHEN 2 THEN coalesce(e.recorded_at, m.updated_at) ELSE m.updated_at END AS at,
       iif(m.kind <> 'deposit', s.reserved * m.amount_minor, 0) AS held,
       iif(m.clears_at IS NOT NULL, s.uncleared * m.amount_minor, 0) AS uncleared,
       iif(m.kind = 'deposit', s.reserved * m.amount_minor, 0) AS pending,
       0 AS credit
FROM movements m NOT INDEXED
CROSS JOIN (SELECT 1 AS step, 1 AS reserved, 0 AS uncleared UNION ALL SELECT 2, -1, 1 UNION ALL SELECT 3, 0, -1) s
  ON s.step = 1
  OR (s.step = 2 AND m.state IN ('posted', 'voided', 'expired'))
  OR (s.step = 3 AND m.clears_at IS NOT NULL AND m.uncleared_minor = 0)
LEFT JOIN entries e ON e.seq = m.entry_seq AND m.clears_at IS NOT NULL
WHERE NOT (m.state IN ('posted', 'voided', 'expired') AND m.updated_at = m.created_at AND m.clears_at IS NULL)
ORDER BY 1, 2
