INSERT INTO account_groups (uuid, code, name, description, platform_id, kind, demo, enabled, status, label, max_leverage,
                            margin_call_level, stop_out_level, negative_balance_protection, swap_free,
                            margin_calculation, deposit_hold_days, new_client_hold_days, requires_approval,
                            minimum_balance, ledger_id, is_ledger_default, status_code, status_description, metadata,
                            created_at)
VALUES (?1, ?2, ?3, '',
        coalesce((SELECT platform_id FROM account_groups WHERE kind = 'wallet' ORDER BY id LIMIT 1),
                 (SELECT min(id) FROM platforms)),
        'wallet', 0, 1, 'full', '', 1, '0', '0', 0, 0, 'sum', 0, 0, 0, '0', ?4, ?5, ?6, ?7, ?8, ?9)
