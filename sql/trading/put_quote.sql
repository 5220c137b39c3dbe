INSERT INTO quotes (symbol_id, bid, ask, quoted_at, quoted_ns) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (symbol_id) DO UPDATE SET bid = ?2, ask = ?3, quoted_at = ?4, quoted_ns = ?5
WHERE (quoted_at, coalesce(quoted_ns, 0)) <= (?4, coalesce(?5, 0))
