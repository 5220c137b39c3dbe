  AND (?1 IS NULL OR EXISTS (
        SELECT 1 FROM profile_tags g WHERE g.profile_id = p.id AND g.tag IN (SELECT value FROM json_each(?1))))
