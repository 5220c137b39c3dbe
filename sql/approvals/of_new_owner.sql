SELECT EXISTS (
    SELECT 1 FROM approvals
    WHERE state = 'pending' AND kind = 'owners' AND json_extract(request, '$.owners.profile') = ?1)
