SELECT id, account_id, symbol_id, executed_at, executed_ns, sequence, execution_id, platform_id, side, entry, quantity,
       price, order_id, position_ref, opposite_ref, reason, profit_rate, profit_rate_high, margin_rate, has_profit_rate,
       has_margin_rate, booked_profit_minor, booked_commission_minor, booked_swap_minor, booked_fee_minor,
       balance_after_minor, version_id, is_cancelled, arrived_entry, closed_quantity, open_price, position_id,
       profit_minor, leaves_flat, posted_profit_minor, posted_commission_minor, posted_swap_minor, posted_fee_minor,
       protected_credit_minor, protected_balance_minor
FROM executions
