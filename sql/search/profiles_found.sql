SELECT id, min(rank) AS rank FROM (
    SELECT id, 0 AS rank FROM profiles WHERE email_folded = ?
    UNION ALL SELECT profile_id, 0 FROM profile_labels WHERE organization_id IN (SELECT id FROM organizations) AND reference = ?
    UNION ALL SELECT rowid, 1 FROM profile_search WHERE profile_search MATCH ?
    UNION ALL SELECT rowid, 2 FROM profile_search WHERE profile_search MATCH ?
    UNION ALL SELECT rowid, 3 FROM profile_search WHERE profile_search MATCH ?
) GROUP BY id
