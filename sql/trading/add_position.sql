INSERT INTO positions
    (uuid, account_id, symbol_id, position_ref, opened_by, closed_by, side, quantity, opened_quantity, cost, margin_cost,
     profit_rate, closed_value, open_price, close_price, profit_minor, opened_at, updated_at, closed_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)
