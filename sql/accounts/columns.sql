SELECT a.id, a.uuid, a.serial, a.number, p.uuid AS profile_uuid, g.uuid AS group_uuid, f.uuid AS portfolio_uuid,
       a.portfolio_serial, n.uuid AS ledger_uuid,
       CASE WHEN a.parent_id IS NOT NULL THEN (SELECT x.uuid FROM accounts x WHERE x.id = a.parent_id) END AS parent_uuid,
       c.code AS currency, c.decimals, b.demo, a.spread_betting, a.position_mode,
       a.margin_calculation, a.trade_status, a.max_leverage, a.nop_limit_minor, a.daily_statement, a.lifecycle, a.lock,
       a.lock_holder, a.lock_reason,
       a.allow_credits, a.allow_debits, a.withheld, b.balance_minor, b.held_minor, b.uncleared_minor, b.pending_minor,
       b.credit_net_minor, a.minimum_minor, a.version, a.created_at, a.updated_at, a.closed_at,
       b.ledger_id, b.currency_id, a.portfolio_id, a.group_id, a.profile_id, p.created_at AS client_since,
       g.deposit_hold_days, g.new_client_hold_days, g.requires_approval, g.bank IS NOT NULL AS is_bank,
       b.target_minor, l.name, l.alias,
       l.status_code, l.status_description, l.reference, l.category,
       CASE WHEN l.account_id IS NOT NULL THEN (
            SELECT json_group_array(json_array(t.kind, t.name, t.type, t.value))
            FROM account_attributes t WHERE t.account_id = a.id) END AS attributes,
       g.minimum_balance AS group_minimum,
       EXISTS (SELECT 1 FROM positions s WHERE s.account_id = a.id AND s.closed_at IS NULL) AS has_positions,
       EXISTS (
            SELECT 1 FROM orders o
            WHERE o.account_id = a.id AND o.state IN ('new', 'amended', 'partially_filled')) AS has_orders,
       a.order_basis
FROM accounts a
JOIN books b ON b.id = a.id
JOIN currencies c ON c.id = b.currency_id
JOIN ledgers n ON n.id = b.ledger_id
JOIN profiles p ON p.id = a.profile_id
JOIN account_groups g ON g.id = a.group_id
JOIN portfolios f ON f.id = a.portfolio_id
LEFT JOIN account_labels l ON l.account_id = a.id
