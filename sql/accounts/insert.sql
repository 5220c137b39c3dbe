INSERT INTO accounts (id, uuid, serial, number, profile_id, group_id, portfolio_id, portfolio_serial, spread_betting,
                      position_mode, margin_calculation, trade_status, max_leverage, nop_limit_minor, daily_statement,
                      lifecycle, lock, allow_credits, allow_debits, withheld, minimum_minor, version,
                      created_at, updated_at, parent_id)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?17, 'none', ?18, ?19, ?20, 0, 1, ?16, ?16,
        ?21)
