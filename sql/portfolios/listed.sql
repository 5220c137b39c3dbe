  AND (?2 IS NULL OR p.uuid = ?2)
ORDER BY iif(?3, coalesce(f.updated_at, f.created_at), f.created_at) * iif(?4, -1, 1), f.id * iif(?4, -1, 1)
LIMIT ?5 OFFSET ?6
