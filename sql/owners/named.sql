SELECT EXISTS (
    SELECT 1
    FROM account_owners o
    JOIN account_labels l ON l.account_id = o.account_id
    WHERE o.profile_id = ?1 AND l.name = ?2 AND o.account_id <> ?3)
