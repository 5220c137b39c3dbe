INSERT INTO movements (uuid, kind, account_id, amount_minor, posted_minor, state, reason, requested_by, clears_at,
                       uncleared_minor, entry_seq, created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?4, 'posted', '', ?5, ?6, ?7, ?8, ?9, ?9)
