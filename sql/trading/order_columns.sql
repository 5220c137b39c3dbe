SELECT o.id, o.uuid, o.account_id, o.platform_id, o.order_id, o.symbol_id, o.state, o.type, o.time_in_force, o.side,
       o.quantity, o.filled_quantity, o.limit_price, o.stop_price, o.stop_loss, o.take_profit, o.parent_order_id,
       o.position_ref, o.reason, o.comment, o.expires_at, o.reported_at, o.sequence, o.event_id, o.created_at,
       o.reported_ns, o.earlier,
       f.code AS platform,
       (SELECT r.uuid FROM orders r
        WHERE r.account_id = o.account_id AND r.order_id = o.parent_order_id AND r.platform_id = o.platform_id
       ) AS parent_uuid,
       (SELECT p.uuid FROM positions p
        WHERE p.account_id = o.account_id AND p.symbol_id = o.symbol_id AND p.closed_at IS NULL
          AND p.position_ref = o.position_ref
       ) AS position_uuid
FROM orders o
JOIN platforms f ON f.id = o.platform_id
