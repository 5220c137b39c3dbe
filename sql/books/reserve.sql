UPDATE books
SET held_minor = held_minor + ?2, uncleared_minor = uncleared_minor + ?3, pending_minor = pending_minor + ?4
WHERE id = ?1
