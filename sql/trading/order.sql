SELECT uuid, account_id, platform_id, order_id, symbol_id, state, type, time_in_force, side, quantity, filled_quantity,
       limit_price, stop_price, stop_loss, take_profit, parent_order_id, position_ref, reason, comment, expires_at,
       reported_at, sequence, event_id, created_at, reported_ns,
       earlier
FROM orders
WHERE account_id = ?1 AND order_id = ?2 AND platform_id = ?3
