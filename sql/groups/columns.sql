SELECT g.id, g.uuid, g.code, g.name, g.description, f.code AS platform, g.kind, g.demo, g.enabled, g.status, g.label,
       g.max_leverage, g.margin_call_level, g.stop_out_level, g.negative_balance_protection, g.swap_free,
       g.margin_calculation, g.deposit_hold_days, g.new_client_hold_days, g.requires_approval, g.minimum_balance,
       g.margin_basis, g.protect_after, g.lists_symbols, g.profiles, g.bank,
       coalesce(g.created_at, g.declared_at) AS created_at,
       coalesce(g.ledger_id, 1) AS ledger_id, g.ledger_id IS NOT NULL AS made_by_caller,
       CASE WHEN g.ledger_id IS NOT NULL THEN (
            SELECT json_group_array(c.code) FROM currencies c
            WHERE g.ledger_id = 1 AND c.made_by_caller IS NULL AND c.enabled = 1
               OR EXISTS (SELECT 1 FROM instruments i WHERE i.ledger_id = g.ledger_id AND i.currency_id = c.id
                                                        AND i.deleted_at IS NULL))
       ELSE (SELECT json_group_array(o.code) FROM (
            SELECT c.code FROM group_currencies gc JOIN currencies c ON c.id = gc.currency_id
            WHERE gc.group_id = g.id AND gc.enabled = 1 AND c.enabled = 1 ORDER BY gc.id) o) END AS currencies
FROM account_groups g
JOIN platforms f ON f.id = g.platform_id
