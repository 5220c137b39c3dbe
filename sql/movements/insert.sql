INSERT INTO movements (uuid, kind, account_id, to_account_id, amount_minor, posted_minor, state, reason, reference,
                       requested_by, expires_at, uncleared_minor, created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, 0, 'pending', ?6, ?7, ?8, ?9, 0, ?10, ?10)
