INSERT INTO quotes (symbol_id, bid, ask, quoted_at) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (symbol_id) DO UPDATE SET bid = ?2, ask = ?3, quoted_at = ?4
WHERE quoted_at <= ?4
