SELECT f.code AS from_code, t.code AS to_code, r.rate, r.as_of
FROM reference_rates r
JOIN currencies f ON f.id = r.from_currency_id
JOIN currencies t ON t.id = r.to_currency_id
