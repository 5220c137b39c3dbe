WHERE (?1 IS NULL OR a.uuid IN (SELECT unhex(value) FROM json_each(?1)))
  AND (?2 IS NULL OR p.uuid = ?2)
  AND (?3 IS NULL OR g.uuid = ?3)
  AND (?4 IS NULL OR c.code = ?4)
  AND (?5 IS NULL OR a.trade_status = ?5)
  AND (?6 OR a.lifecycle <> 'closed')
  AND (?7 IS NULL OR EXISTS (
        SELECT 1 FROM profile_tags t WHERE t.profile_id = a.profile_id AND t.tag IN (SELECT value FROM json_each(?7))))
  AND (?8 IS NULL OR a.id IN (
        SELECT o.account_id FROM account_owners o WHERE o.profile_id = (
            SELECT q.id FROM profiles q WHERE q.uuid = ?8
              AND (?7 IS NULL OR EXISTS (
                    SELECT 1 FROM profile_tags t
                    WHERE t.profile_id = q.id AND t.tag IN (SELECT value FROM json_each(?7)))))))
