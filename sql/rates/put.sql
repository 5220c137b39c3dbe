INSERT INTO reference_rates (from_currency_id, to_currency_id, rate, as_of)
VALUES ((SELECT id FROM currencies WHERE code = ?1), (SELECT id FROM currencies WHERE code = ?2), ?3, ?4)
ON CONFLICT (from_currency_id, to_currency_id) DO UPDATE SET rate = excluded.rate, as_of = excluded.as_of
