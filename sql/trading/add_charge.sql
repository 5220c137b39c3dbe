INSERT INTO platform_charges
    (account_id, platform_id, event_id, kind, amount_minor, symbol_id, position_ref, charged_at, sequence, charged_ns,
     offset_credit_minor, offset_balance_minor)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11)
