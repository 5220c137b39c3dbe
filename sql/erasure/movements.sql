SELECT m.id
FROM movements m
WHERE m.reason <> ''
  AND (m.account_id IN (SELECT id FROM accounts WHERE profile_id = ?1)
       OR m.to_account_id IN (SELECT id FROM accounts WHERE profile_id = ?1))
