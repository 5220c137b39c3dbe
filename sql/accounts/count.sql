SELECT count(*)
FROM accounts a
JOIN books b ON b.id = a.id
JOIN currencies c ON c.id = b.currency_id
JOIN profiles p ON p.id = a.profile_id
JOIN account_groups g ON g.id = a.group_id
