UPDATE account_groups
SET name = ?3, description = ?4, platform_id = (SELECT id FROM platforms WHERE code = ?5), enabled = ?8, status = ?9,
    label = ?10, max_leverage = ?11, margin_call_level = ?12, stop_out_level = ?13, negative_balance_protection = ?14,
    swap_free = ?15, margin_calculation = ?16, deposit_hold_days = ?17, new_client_hold_days = ?18,
    requires_approval = ?19, minimum_balance = ?20, margin_basis = ?21, protect_after = ?22,
    lists_symbols = ?23, profiles = ?24, bank = ?25
WHERE code = ?2
