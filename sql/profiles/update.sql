UPDATE profiles
SET email = ?2, email_folded = ?3, first_name = ?4, last_name = ?5, ip_address = ?6, language = ?7, address = ?8,
    zip_code = ?9, city = ?10, state = ?11, country = ?12, phone = ?13, company = ?14, meta_data = ?15,
    birth_date = ?16, timezone = ?17, nickname = ?19, company_full_name = ?20, kind = ?21, version = version + 1, updated_at = ?18
WHERE id = ?1
