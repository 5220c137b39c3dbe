UPDATE positions
SET position_ref = ?2, closed_by = ?3, side = ?4, quantity = ?5, opened_quantity = ?6, cost = ?7, margin_cost = ?8,
    profit_rate = ?9, closed_value = ?10, open_price = ?11, close_price = ?12, profit_minor = ?13, opened_at = ?14,
    updated_at = ?15, closed_at = ?16
WHERE id = ?1
