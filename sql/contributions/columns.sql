SELECT a.uuid AS account_uuid, c.code AS currency, c.decimals, l.kind, l.amount_minor, x.uuid AS external_uuid,
       l.start_on, l.end_on, l.next_on, l.runs, l.failures, l.last_failure, l.created_at, l.updated_at
FROM contribution_plans l
JOIN accounts a ON a.id = l.account_id
JOIN books b ON b.id = l.account_id
JOIN currencies c ON c.id = b.currency_id
LEFT JOIN external_accounts x ON x.id = l.external_id
WHERE l.account_id = ?1
