SELECT a.profile_id
FROM entries e
JOIN movements m ON m.entry_seq = coalesce(e.reverses_seq, e.seq) AND m.kind = 'transfer'
JOIN accounts a ON a.id = m.account_id
WHERE e.seq = ?1
