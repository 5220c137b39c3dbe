SELECT w.*, c.delivered_seq, c.run, p.disabled_at IS NOT NULL AS is_orphaned
FROM webhooks w
JOIN principals p ON p.id = w.principal_id
LEFT JOIN event_consumers c ON c.name = 'webhook/' || w.id
