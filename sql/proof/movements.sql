SELECT m.kind, m.id
FROM movements m
WHERE (m.state = 'posted') <> (m.entry_seq IS NOT NULL)
   OR (m.state = 'posted') <> (m.posted_minor > 0)
   OR (m.state <> 'posted' AND m.clears_at IS NOT NULL)
   OR (m.clears_at IS NULL AND m.uncleared_minor <> 0)
   OR (m.state = 'pending' AND m.approved_by IS NOT NULL)
   OR (m.state = 'approved' AND m.approved_by IS NULL)
   OR (m.entry_seq IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM postings t
        WHERE t.entry_seq = m.entry_seq AND t.book_id = m.account_id AND abs(t.amount_minor) = m.posted_minor))
LIMIT 20
