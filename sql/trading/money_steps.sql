SELECT e.id, e.executed_at, e.executed_ns, e.sequence, e.execution_id, e.platform_id, e.symbol_id,
       e.is_cancelled, e.closed_quantity IS NOT NULL AS closes, e.leaves_flat, e.arrived_entry,
       -- Only closings look for their order.
       e.leaves_flat AND (coalesce(e.reason, '') = 'stop_out' OR EXISTS (
            SELECT 1 FROM orders o
            WHERE o.account_id = e.account_id AND o.order_id = e.order_id AND o.platform_id = e.platform_id
              AND o.reason = 'stop_out')) AS is_stop_out,
       e.protection, e.protected_minimum_minor, e.posted_profit_minor,
       e.posted_profit_minor + e.posted_commission_minor + e.posted_swap_minor + e.posted_fee_minor AS moved,
       e.protected_credit_minor, e.protected_balance_minor
FROM executions e
WHERE e.account_id = ?1 AND e.executed_at >= ?2
ORDER BY e.executed_at, e.executed_ns, e.sequence, e.execution_id, e.platform_id
