INSERT OR REPLACE INTO profile_search (rowid, name, email, phone, company, reference) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
