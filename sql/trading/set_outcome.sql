UPDATE executions
SET closed_quantity = ?2, open_price = ?3, position_id = ?4, profit_minor = ?5, leaves_flat = ?6,
    posted_profit_minor = ?7, posted_commission_minor = ?8, posted_swap_minor = ?9, posted_fee_minor = ?10,
    protected_credit_minor = ?11, protected_balance_minor = ?12
WHERE id = ?1
