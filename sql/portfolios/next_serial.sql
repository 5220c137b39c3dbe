UPDATE portfolios
SET last_account_serial = last_account_serial + 1
WHERE id = ?1
RETURNING last_account_serial
