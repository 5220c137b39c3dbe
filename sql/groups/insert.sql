INSERT INTO account_groups (uuid, code, name, description, platform_id, kind, demo, enabled, status, label, max_leverage,
                            margin_call_level, stop_out_level, negative_balance_protection, swap_free,
                            margin_calculation, deposit_hold_days, new_client_hold_days, requires_approval,
                            minimum_balance, margin_basis, protect_after, lists_symbols, profiles, bank, declared_at)
VALUES (?1, ?2, ?3, ?4, (SELECT id FROM platforms WHERE code = ?5), ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
        ?20, ?21, ?22, ?23, ?24, ?25, ?26)
