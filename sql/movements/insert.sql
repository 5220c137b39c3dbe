INSERT INTO movements (id, uuid, kind, account_id, to_account_id, amount_minor, posted_minor, state, reason, reference,
                       requested_by, expires_at, uncleared_minor, created_at, updated_at, rate, external_id)
VALUES (1 + max((SELECT coalesce(max(id), 0) FROM movements),
                coalesce((SELECT floor FROM number_floors WHERE table_name = 'movements'), 0)), ?1, ?2, ?3, ?4, ?5, 0, 'pending', ?6, ?7, ?8, ?9, 0, ?10, ?10, ?11, ?12)
