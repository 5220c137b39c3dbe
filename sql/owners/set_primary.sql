UPDATE accounts
SET profile_id = ?2, portfolio_id = ?3, portfolio_serial = ?4
WHERE id = ?1
