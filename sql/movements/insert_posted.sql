INSERT INTO movements (id, uuid, kind, account_id, amount_minor, posted_minor, state, reason, requested_by, clears_at,
                       uncleared_minor, entry_seq, created_at, updated_at, provider_commission_minor,
                       vendor_commission_minor)
VALUES (1 + max((SELECT coalesce(max(id), 0) FROM movements),
                coalesce((SELECT floor FROM number_floors WHERE table_name = 'movements'), 0)), ?1, ?2, ?3, ?4, ?4, 'posted', '', ?5, ?6, ?7, ?8, ?9, ?9, ?10, ?11)
