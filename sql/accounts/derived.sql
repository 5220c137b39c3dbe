SELECT NOT EXISTS (SELECT 1 FROM accounts x WHERE x.profile_id = a.profile_id AND x.id < a.id) AS is_first,
       (SELECT p.recorded_at
        FROM postings p
        WHERE p.book_id = a.id AND p.amount_minor > 0
        ORDER BY p.entry_seq
        LIMIT 1) AS first_credit_at,
       max(
            a.created_at,
            coalesce(
                (SELECT p.recorded_at FROM postings p WHERE p.book_id = a.id ORDER BY p.entry_seq DESC LIMIT 1), 0),
            coalesce(
                -- Figures are also recorded when limits change, which changes none of these three.
                (SELECT f.recorded_at
                 FROM book_figures f
                 WHERE f.book_id = a.id
                   AND (f.held_minor, f.uncleared_minor, f.pending_minor) IS NOT (
                        SELECT b.held_minor, b.uncleared_minor, b.pending_minor
                        FROM (
                            SELECT e.recorded_at, e.held_minor, e.uncleared_minor, e.pending_minor
                            FROM book_figures e
                            WHERE e.book_id = f.book_id AND e.recorded_at < f.recorded_at
                            UNION ALL
                            SELECT -1, 0, 0, 0
                        ) b
                        ORDER BY b.recorded_at DESC
                        LIMIT 1)
                 ORDER BY f.recorded_at DESC
                 LIMIT 1), 0)
       ) AS balances_changed_at
FROM accounts a
WHERE a.id = ?1
