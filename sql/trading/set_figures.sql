UPDATE executions
SET side = ?2, entry = ?3, quantity = ?4, price = ?5, order_id = ?6, position_ref = ?7, opposite_ref = ?8, reason = ?9,
    profit_rate = ?10, profit_rate_high = ?11, margin_rate = ?12, has_profit_rate = ?13, has_margin_rate = ?14,
    booked_profit_minor = ?15, booked_commission_minor = ?16, booked_swap_minor = ?17, booked_fee_minor = ?18,
    balance_after_minor = ?19, version_id = ?20, is_cancelled = ?21
WHERE id = ?1
