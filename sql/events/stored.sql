SELECT e.seq, e.type, e.payload_version, e.subject_id, e.profile_id, e.principal_id, e.recorded_at, e.payload,
       coalesce(n.uuid, m.uuid, a.uuid, p.uuid, v.uuid, x.uuid) AS object_uuid, n.legs, m.account_id, t.balance_minor
FROM events e
LEFT JOIN entries n ON n.seq = e.subject_id AND e.type = 'entry.posted'
LEFT JOIN movements m ON m.id = e.subject_id AND e.type IN ('movement.requested', 'movement.changed')
LEFT JOIN postings t ON t.book_id = m.account_id AND t.entry_seq = m.entry_seq
LEFT JOIN accounts a ON a.id = e.subject_id AND (e.type GLOB 'account.*' OR e.type GLOB 'contribution.*')
LEFT JOIN profiles p ON p.id = e.subject_id AND e.type GLOB 'profile.*'
LEFT JOIN approvals v ON v.id = e.subject_id AND e.type GLOB 'approval.*'
LEFT JOIN external_accounts x ON x.id = e.subject_id AND e.type GLOB 'external_account.*'
