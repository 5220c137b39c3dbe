INSERT INTO orders
    (uuid, account_id, platform_id, order_id, symbol_id, state, type, time_in_force, side, quantity, filled_quantity,
     limit_price, stop_price, stop_loss, take_profit, parent_order_id, position_ref, reason, comment, expires_at,
     reported_at, sequence, event_id, created_at, reported_ns, earlier)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25,
        ?26)
ON CONFLICT (account_id, order_id, platform_id) DO UPDATE SET
    symbol_id = ?5, state = ?6, type = ?7, time_in_force = ?8, side = ?9, quantity = ?10, filled_quantity = ?11,
    limit_price = ?12, stop_price = ?13, stop_loss = ?14, take_profit = ?15, parent_order_id = ?16, position_ref = ?17,
    reason = ?18, comment = ?19, expires_at = ?20, reported_at = ?21, sequence = ?22, event_id = ?23, created_at = ?24,
    reported_ns = ?25, earlier = ?26
