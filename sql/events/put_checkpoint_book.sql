INSERT INTO event_checkpoint_books (book_id, balance_minor, held_minor, uncleared_minor, pending_minor, credit_minor)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (book_id) DO UPDATE SET balance_minor = excluded.balance_minor, held_minor = excluded.held_minor,
    uncleared_minor = excluded.uncleared_minor, pending_minor = excluded.pending_minor, credit_minor = excluded.credit_minor
