SELECT s.id, s.uuid, s.code, s.name, s.class, s.contract_size, s.price_decimals, s.quantity_decimals,
       s.profit_currency_id, p.code AS profit_currency, s.margin_currency_id, m.code AS margin_currency, s.margin_rate,
       s.time_zone, s.enabled
FROM symbols s
JOIN currencies p ON p.id = s.profit_currency_id
JOIN currencies m ON m.id = s.margin_currency_id
