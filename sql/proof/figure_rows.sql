SELECT book_id, recorded_at, held_minor, uncleared_minor, pending_minor, credit_net_minor
FROM book_figures
ORDER BY book_id, recorded_at
