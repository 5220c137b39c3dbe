DELETE FROM reference_rates
WHERE from_currency_id = (SELECT id FROM currencies WHERE code = ?1)
  AND to_currency_id = (SELECT id FROM currencies WHERE code = ?2)
