-- Clients and accounts whose personal data would be hashed without a salt.
SELECT 'client', p.id
FROM profiles p
LEFT JOIN profile_salts s ON s.profile_id = p.id
WHERE s.salt IS NULL OR length(s.salt) <> 16
UNION ALL
SELECT 'account', a.id
FROM accounts a
LEFT JOIN account_salts s ON s.account_id = a.id
WHERE s.salt IS NULL OR length(s.salt) <> 16
LIMIT 20
