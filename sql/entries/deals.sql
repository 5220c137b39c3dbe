SELECT p.entry_seq, p.entry_uuid, p.kind, p.amount_minor, p.balance_minor, p.recorded_at, p.comment, p.effective_at,
       m.rate, m.amount_minor AS paid_minor, c.decimals AS paid_decimals, tc.decimals AS arrived_decimals,
       coalesce(x.execution_id, h.event_id) AS origin, coalesce(x.executed_at, h.charged_at) AS traded_at,
       s.uuid AS symbol_uuid, s.code AS symbol_code, x.quantity, x.closed_quantity, x.price, x.open_price,
       x.profit_rate, x.posted_commission_minor AS commission_minor, x.order_id, o.uuid AS order_uuid,
       coalesce(q.uuid, (
            SELECT r.uuid FROM positions r
            WHERE r.account_id = h.account_id AND r.symbol_id = h.symbol_id AND r.position_ref = h.position_ref
              AND r.opened_at <= h.charged_at AND (r.closed_at IS NULL OR r.closed_at >= h.charged_at))
       ) AS position_uuid,
       coalesce(q.position_ref, x.position_ref, h.position_ref) AS position_ref
FROM postings p
LEFT JOIN movements m ON p.kind = 'transfer' AND m.entry_seq = p.entry_seq AND m.to_account_id = p.book_id
LEFT JOIN books b ON b.id = m.account_id
LEFT JOIN books tb ON tb.id = m.to_account_id AND tb.currency_id <> b.currency_id
LEFT JOIN currencies c ON c.id = b.currency_id
LEFT JOIN currencies tc ON tc.id = tb.currency_id
LEFT JOIN trade_entries t ON t.entry_seq = p.entry_seq
LEFT JOIN executions x ON x.id = t.execution_id
LEFT JOIN platform_charges h ON h.id = t.charge_id
LEFT JOIN symbols s ON s.id = coalesce(x.symbol_id, h.symbol_id)
LEFT JOIN orders o ON o.account_id = x.account_id AND o.order_id = x.order_id AND o.platform_id = x.platform_id
LEFT JOIN positions q ON q.id = x.position_id
WHERE p.book_id = ?1 AND p.entry_seq >= ?2 AND p.entry_seq < ?3
ORDER BY p.entry_seq DESC
LIMIT ?4
