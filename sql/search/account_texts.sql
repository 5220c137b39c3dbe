SELECT a.id, a.serial || ' ' || a.number, coalesce(l.name, ''), coalesce(l.alias, ''), coalesce(l.reference, '')
FROM accounts a LEFT JOIN account_labels l ON l.account_id = a.id
