SELECT legal_name_1, legal_name_2, sub_category, target_minor, target_at, target_met_at, is_kept, all_external,
       close_reason, close_notes
FROM account_details
WHERE account_id = ?1
