UPDATE accounts
SET group_id = ?2, trade_status = ?3, max_leverage = ?4, nop_limit_minor = ?5, daily_statement = ?6,
    minimum_minor = ?7, allow_credits = ?9, allow_debits = ?10, withheld = ?11, version = version + 1, updated_at = ?8
WHERE id = ?1
