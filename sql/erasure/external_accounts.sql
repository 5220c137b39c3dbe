UPDATE external_accounts
SET routing_number = '', number = '', first_name = '', last_name = '', business_name = '', nickname = '',
    reference = NULL, custom_fields = NULL, amount_1 = NULL, amount_2 = NULL, status = 'archived'
WHERE profile_id = ?1
