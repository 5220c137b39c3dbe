-- What was reserved and given back in one go comes to nothing and is left out.
SELECT account_id, created_at AS at, iif(kind = 'deposit', 0, amount_minor) AS held, 0 AS uncleared,
       iif(kind = 'deposit', amount_minor, 0) AS pending, 0 AS credit
FROM movements
WHERE NOT (state IN ('posted', 'voided', 'expired') AND updated_at = created_at AND clears_at IS NULL)
UNION ALL
SELECT account_id, updated_at, -amount_minor, 0, 0, 0
FROM movements
WHERE kind <> 'deposit' AND state IN ('posted', 'voided', 'expired') AND updated_at <> created_at
UNION ALL
SELECT account_id, updated_at, 0, 0, -amount_minor, 0
FROM movements
WHERE kind = 'deposit' AND state IN ('posted', 'voided', 'expired') AND updated_at <> created_at AND clears_at IS NULL
UNION ALL
SELECT m.account_id, e.recorded_at, 0, m.amount_minor, -m.amount_minor, 0
FROM movements m
JOIN entries e ON e.seq = m.entry_seq
WHERE m.clears_at IS NOT NULL
UNION ALL
SELECT account_id, updated_at, 0, -amount_minor, 0, 0
FROM movements
WHERE clears_at IS NOT NULL AND uncleared_minor = 0
ORDER BY 1, 2
