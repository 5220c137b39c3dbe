-- What an action changed, in words. A caller with tags sees changes of clients and accounts that it sees, without owners,
-- and of what belongs to no client.
SELECT c.subject, c.field, c.old, c.new,
       CASE c.subject
           WHEN 'profile' THEN (SELECT uuid FROM profiles WHERE id = c.subject_id)
           WHEN 'account' THEN (SELECT uuid FROM accounts WHERE id = c.subject_id)
           WHEN 'portfolio' THEN (SELECT uuid FROM portfolios WHERE id = c.subject_id)
           WHEN 'operator' THEN (SELECT uuid FROM principals WHERE id = c.subject_id)
           WHEN 'token' THEN (SELECT uuid FROM tokens WHERE id = c.subject_id)
           WHEN 'group' THEN (SELECT uuid FROM account_groups WHERE id = c.subject_id)
           WHEN 'organization' THEN (SELECT uuid FROM organizations WHERE id = c.subject_id)
           WHEN 'ledger' THEN (SELECT uuid FROM ledgers WHERE id = c.subject_id)
           WHEN 'installation' THEN (SELECT uuid FROM installation)
       END AS subject_uuid,
       CASE c.subject
           WHEN 'operator' THEN (SELECT name FROM principals WHERE id = c.subject_id)
           WHEN 'group' THEN (SELECT code FROM account_groups WHERE id = c.subject_id)
           WHEN 'currency' THEN (SELECT code FROM currencies WHERE id = c.subject_id)
           WHEN 'platform' THEN (SELECT code FROM platforms WHERE id = c.subject_id)
           WHEN 'signing_key' THEN (SELECT kid FROM signing_keys WHERE id = c.subject_id)
       END AS subject_name,
       CASE
           WHEN c.field LIKE 'owner.%' THEN (SELECT uuid FROM profiles WHERE id = CAST(substr(c.field, 7) AS INTEGER))
       END AS owner_uuid,
       CASE
           WHEN c.subject = 'group' AND c.field LIKE 'currency.%'
           THEN (SELECT code FROM currencies WHERE id = CAST(substr(c.field, 10) AS INTEGER))
           WHEN c.subject = 'currency' AND c.field LIKE 'rate.%'
           THEN (SELECT code FROM currencies WHERE id = CAST(substr(c.field, 6) AS INTEGER))
       END AS currency_code
FROM audit_changes c
WHERE c.audit_id = ?1
  AND (?2 IS NULL
       OR c.subject NOT IN ('profile', 'account', 'portfolio')
       OR (c.field NOT LIKE 'owner%' AND c.field NOT IN ('profile_id', 'portfolio_id') AND EXISTS (
            SELECT 1 FROM profile_tags g
            WHERE g.tag IN (SELECT value FROM json_each(?2)) AND g.profile_id = CASE c.subject
                WHEN 'profile' THEN c.subject_id
                WHEN 'account' THEN (SELECT profile_id FROM accounts WHERE id = c.subject_id)
                ELSE (SELECT profile_id FROM portfolios WHERE id = c.subject_id) END)))
ORDER BY c.position
