SELECT p.entry_seq, p.amount_minor,
       CASE WHEN p.kind = 'credit' OR p.kind = 'reversal' AND EXISTS (
                SELECT 1 FROM entries r JOIN entries e ON e.seq = r.reverses_seq
                WHERE r.seq = p.entry_seq AND e.kind = 'credit')
            THEN p.amount_minor ELSE 0 END
FROM postings p
WHERE p.book_id = ?1 AND p.entry_seq > ?2
  AND NOT EXISTS (SELECT 1 FROM trade_entries t WHERE t.entry_seq = p.entry_seq)
ORDER BY p.entry_seq
