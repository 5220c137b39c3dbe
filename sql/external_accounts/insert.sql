INSERT INTO external_accounts (id, uuid, profile_id, kind, routing_number, number, first_name, last_name, business_name,
                               nickname, reference, custom_fields, status, status_at, amount_1, amount_2, tries,
                               created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, 0, ?14, ?14)
