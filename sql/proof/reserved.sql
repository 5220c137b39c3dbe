SELECT b.id, b.held_minor, b.uncleared_minor, b.pending_minor,
       coalesce(m.held, 0), coalesce(m.uncleared, 0), coalesce(m.pending, 0)
FROM books b
LEFT JOIN (
    SELECT account_id,
           sum(CASE WHEN kind <> 'deposit' AND state IN ('pending', 'approved') THEN amount_minor ELSE 0 END) AS held,
           sum(uncleared_minor) AS uncleared,
           sum(CASE WHEN kind = 'deposit' AND state = 'pending' THEN amount_minor ELSE 0 END) AS pending
    FROM movements
    GROUP BY account_id
) m ON m.account_id = b.id
WHERE b.held_minor <> coalesce(m.held, 0)
   OR b.uncleared_minor <> coalesce(m.uncleared, 0)
   OR b.pending_minor <> coalesce(m.pending, 0)
