INSERT INTO postings (book_id, entry_seq, amount_minor, balance_minor, recorded_at, kind, entry_uuid, comment,
                      effective_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
