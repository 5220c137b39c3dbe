INSERT INTO executions
    (account_id, symbol_id, executed_at, sequence, execution_id, platform_id, side, entry, quantity, price, order_id,
     position_ref, opposite_ref, reason, profit_rate, profit_rate_high, margin_rate, has_profit_rate, has_margin_rate,
     booked_profit_minor, booked_commission_minor, booked_swap_minor, booked_fee_minor, balance_after_minor,
     is_cancelled, arrived_entry, profit_minor, leaves_flat, posted_profit_minor, posted_commission_minor,
     posted_swap_minor, posted_fee_minor, protected_credit_minor, protected_balance_minor, executed_ns,
     protection, protected_minimum_minor)
VALUES
    (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24,
     0, ?25, 0, 0, 0, 0, 0, 0, 0, 0, ?26, ?27, ?28)
