SELECT r.serial, r.ledger_id, r.currency_id, r.demo, coalesce(b.balance_minor, 0) AS balance_minor
FROM reserve_accounts r
LEFT JOIN books b
       ON b.ledger_id = r.ledger_id AND b.currency_id = r.currency_id AND b.demo = r.demo AND b.role = ?1
      AND b.role <> 'client'
ORDER BY r.serial
LIMIT 1
