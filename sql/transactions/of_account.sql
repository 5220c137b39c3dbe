WITH found AS (
    SELECT m.id AS number,
           CASE
               WHEN EXISTS (
                    SELECT 1 FROM postings q
                    WHERE q.entry_seq = m.entry_seq
                      AND q.book_id IN (SELECT k.id FROM books k WHERE k.role <> 'client' AND k.role = 'reserve'))
               THEN 'reserve'
               ELSE m.kind
           END AS kind,
           CASE m.state WHEN 'posted' THEN 'settled' WHEN 'voided' THEN 'voided' WHEN 'expired' THEN 'voided'
                        ELSE CASE WHEN m.external_id IS NULL OR m.step = 'sent' THEN 'pending'
                                  WHEN m.step = 'delayed' THEN 'delayed' ELSE 'initiated' END
           END AS state,
           m.kind = 'deposit' AS is_credit, m.amount_minor, m.reference, m.reason AS description, m.created_at,
           e.recorded_at AS settled_at,
           CASE WHEN m.state IN ('voided', 'expired') THEN m.updated_at END AS voided_at,
           coalesce(m.clears_at, e.recorded_at) AS available_at
    FROM movements m
    LEFT JOIN entries e ON e.seq = m.entry_seq
    WHERE m.account_id = ?1 AND m.kind <> 'hold' AND m.id < ?2
    UNION ALL
    -- The receiving side of a transfer.
    SELECT m.id, 'transfer', 'settled', 1, p.amount_minor, m.reference, m.reason, m.created_at, p.recorded_at, NULL,
           p.recorded_at
    FROM postings p
    JOIN movements m ON m.entry_seq = p.entry_seq AND m.to_account_id = p.book_id
    WHERE p.book_id = ?1
    UNION ALL
    -- What no movement posted, and captured holds.
    SELECT ?2 + p.entry_seq, 'adjustment', 'settled', p.amount_minor > 0, abs(p.amount_minor), NULL,
           coalesce(p.comment, ''), p.recorded_at, p.recorded_at, NULL, p.recorded_at
    FROM postings p
    WHERE p.book_id = ?1
      AND NOT EXISTS (SELECT 1 FROM movements m WHERE m.entry_seq = p.entry_seq AND m.kind <> 'hold')
)
SELECT f.number, f.kind, f.state, f.is_credit, f.amount_minor, f.reference, f.description, f.created_at, f.settled_at,
       f.voided_at, f.available_at, a.serial AS account_serial, c.decimals, count(*) OVER () AS total
FROM found f
JOIN accounts a ON a.id = ?1
JOIN books b ON b.id = a.id
JOIN currencies c ON c.id = b.currency_id
WHERE (?3 IS NULL OR f.number = ?3)
  AND (?4 IS NULL OR f.reference = ?4)
  AND (?5 IS NULL OR f.state = ?5)
  AND (?6 IS NULL OR f.created_at >= ?6)
  AND (?7 IS NULL OR f.created_at < ?7)
ORDER BY f.created_at DESC, f.number DESC
LIMIT ?8 OFFSET ?9
