SELECT id, executed_at, executed_ns, sequence, execution_id, platform_id, symbol_id, is_cancelled,
       closed_quantity IS NOT NULL AS closes, leaves_flat, arrived_entry, reason, order_id, posted_profit_minor,
       posted_profit_minor + posted_commission_minor + posted_swap_minor + posted_fee_minor AS moved,
       protected_credit_minor, protected_balance_minor
FROM executions
WHERE account_id = ?1 AND executed_at >= ?2
ORDER BY executed_at, executed_ns, sequence, execution_id, platform_id
