SELECT id, balance_minor, held_minor, uncleared_minor, pending_minor,
       CASE WHEN role = 'client' THEN max(credit_net_minor, 0) ELSE 0 END AS credit_minor
FROM books
ORDER BY id
