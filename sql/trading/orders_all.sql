-- Sorting full rows would compute all of them instead of only those of the page.
WHERE o.id IN (SELECT id FROM orders WHERE account_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3)
ORDER BY o.id DESC
