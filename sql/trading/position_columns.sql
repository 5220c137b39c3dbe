SELECT id, uuid, account_id, symbol_id, position_ref, opened_by, closed_by, side, quantity, opened_quantity, cost,
       margin_cost, profit_rate, closed_value, open_price, close_price, profit_minor, opened_at, updated_at, closed_at
FROM positions
