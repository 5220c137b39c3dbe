SELECT rowid AS id FROM account_search WHERE account_search MATCH ?
UNION
SELECT o.account_id
FROM (SELECT rowid AS profile_id, ? AS tags FROM profile_search WHERE profile_search MATCH ?) s
JOIN account_owners o ON o.profile_id = s.profile_id
WHERE s.tags IS NULL
   OR EXISTS (SELECT 1 FROM profile_tags t
              WHERE t.profile_id = s.profile_id AND t.tag IN (SELECT value FROM json_each(s.tags)))
