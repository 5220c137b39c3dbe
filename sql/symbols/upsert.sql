INSERT INTO symbols (uuid, code, name, class, contract_size, price_decimals, quantity_decimals, profit_currency_id,
                     margin_currency_id, margin_rate, time_zone, enabled)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, (SELECT id FROM currencies WHERE code = ?8),
        (SELECT id FROM currencies WHERE code = ?9), ?10, ?11, ?12)
ON CONFLICT (code) DO UPDATE
SET name = excluded.name, class = excluded.class, contract_size = excluded.contract_size,
    price_decimals = excluded.price_decimals, quantity_decimals = excluded.quantity_decimals,
    profit_currency_id = excluded.profit_currency_id, margin_currency_id = excluded.margin_currency_id,
    margin_rate = excluded.margin_rate, time_zone = excluded.time_zone, enabled = excluded.enabled
