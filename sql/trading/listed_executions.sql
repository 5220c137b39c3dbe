SELECT e.id, e.account_id, e.symbol_id, e.executed_at, e.executed_ns, e.sequence, e.execution_id, e.platform_id, e.side,
       e.entry, e.quantity, e.price, e.order_id, e.position_ref, e.opposite_ref, e.reason, e.profit_rate, e.profit_rate_high,
       e.margin_rate, e.has_profit_rate, e.has_margin_rate, e.booked_profit_minor, e.booked_commission_minor,
       e.booked_swap_minor, e.booked_fee_minor, e.balance_after_minor, e.version_id, e.is_cancelled, e.arrived_entry,
       e.closed_quantity, e.open_price, e.position_id, e.profit_minor, e.leaves_flat, e.posted_profit_minor,
       e.posted_commission_minor, e.posted_swap_minor, e.posted_fee_minor, e.protected_credit_minor,
       e.protected_balance_minor, f.code AS platform, o.uuid AS order_uuid, p.uuid AS position_uuid
FROM executions e
JOIN platforms f ON f.id = e.platform_id
LEFT JOIN orders o ON o.account_id = e.account_id AND o.order_id = e.order_id AND o.platform_id = e.platform_id
LEFT JOIN positions p ON p.id = e.position_id
WHERE e.account_id = ?1 AND e.executed_at >= ?2 AND e.executed_at < ?3 AND (e.executed_at, e.id) < (?4, ?5)
ORDER BY e.executed_at DESC, e.id DESC
LIMIT ?6
