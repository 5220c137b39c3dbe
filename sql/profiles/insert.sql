INSERT INTO profiles (id, uuid, email, email_folded, first_name, last_name, ip_address, language, address, zip_code, city,
                      state, country, phone, company, meta_data, birth_date, timezone, password_hash, version,
                      created_at, updated_at, status, created_by, nickname, company_full_name, kind, blocked)
VALUES (1 + max((SELECT coalesce(max(id), 0) FROM profiles),
                coalesce((SELECT floor FROM number_floors WHERE table_name = 'profiles'), 0)),
        ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?25, 1, ?18, ?18, ?22, ?23, ?19, ?20,
        ?21, ?24)
