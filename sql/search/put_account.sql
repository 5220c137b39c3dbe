INSERT OR REPLACE INTO account_search (rowid, number, name, alias, reference) VALUES (?1, ?2, ?3, ?4, ?5)
