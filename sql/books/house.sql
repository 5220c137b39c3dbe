SELECT id, balance_minor
FROM books
WHERE ledger_id = ?1 AND currency_id = ?2 AND demo = ?3 AND role = ?4 AND role <> 'client'
