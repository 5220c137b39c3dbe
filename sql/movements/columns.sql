SELECT m.id, m.uuid, m.kind, a.uuid AS account_uuid, t.uuid AS to_account_uuid, m.amount_minor, m.posted_minor, m.state,
       m.reason, m.reference, m.requested_by, m.approved_by, m.expires_at, m.clears_at, m.uncleared_minor,
       e.uuid AS entry_uuid, m.created_at, m.updated_at, c.code AS currency, c.decimals, m.rate,
       m.provider_commission_minor, m.vendor_commission_minor, a.serial AS account_serial, a.profile_id AS client_id,
       m.external_id, x.uuid AS external_uuid, m.step, tp.amount_minor AS arrived_minor, tc.code AS to_currency, tc.decimals AS to_decimals
FROM movements m
JOIN accounts a ON a.id = m.account_id
JOIN books b ON b.id = m.account_id
JOIN currencies c ON c.id = b.currency_id
LEFT JOIN accounts t ON t.id = m.to_account_id
LEFT JOIN external_accounts x ON x.id = m.external_id
LEFT JOIN entries e ON e.seq = m.entry_seq
LEFT JOIN postings tp ON tp.book_id = m.to_account_id AND tp.entry_seq = m.entry_seq
LEFT JOIN books tb ON tb.id = m.to_account_id
LEFT JOIN currencies tc ON tc.id = tb.currency_id
