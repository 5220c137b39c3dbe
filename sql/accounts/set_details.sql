INSERT INTO account_details (account_id, legal_name_1, legal_name_2, sub_category, target_minor, target_at, target_met_at,
                             is_kept, all_external, close_reason, close_notes)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
ON CONFLICT (account_id) DO UPDATE
SET legal_name_1 = excluded.legal_name_1, legal_name_2 = excluded.legal_name_2, sub_category = excluded.sub_category,
    target_minor = excluded.target_minor, target_at = excluded.target_at, target_met_at = excluded.target_met_at,
    is_kept = excluded.is_kept, all_external = excluded.all_external, close_reason = excluded.close_reason,
    close_notes = excluded.close_notes
