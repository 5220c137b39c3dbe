UPDATE account_groups
SET name = ?2, description = ?3, platform_id = (SELECT id FROM platforms WHERE code = ?4), enabled = ?5, status = ?6,
    label = ?7, max_leverage = ?8, margin_call_level = ?9, stop_out_level = ?10, negative_balance_protection = ?11,
    swap_free = ?12, margin_calculation = ?13, deposit_hold_days = ?14, new_client_hold_days = ?15,
    requires_approval = ?16, minimum_balance = ?17
WHERE code = ?1
