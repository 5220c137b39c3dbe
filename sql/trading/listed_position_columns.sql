SELECT p.id, p.uuid, p.account_id, p.symbol_id, p.position_ref, p.opened_by, p.closed_by, p.side, p.quantity,
       p.opened_quantity, p.cost, p.margin_cost, p.profit_rate, p.closed_value, p.open_price, p.close_price,
       p.profit_minor, p.opened_at, p.updated_at, p.closed_at, e.order_id,
       (SELECT o.uuid FROM orders o
        WHERE o.account_id = e.account_id AND o.order_id = e.order_id AND o.platform_id = e.platform_id) AS order_uuid
FROM positions p
JOIN executions e ON e.id = p.opened_by
