SELECT t.entry_seq, t.entry_uuid, t.kind, t.amount_minor, t.recorded_at, t.effective_at, t.comment, r.uuid AS reverses,
       (SELECT v.uuid FROM entries v WHERE v.reverses_seq = t.entry_seq AND v.seq < ?3) AS reversed_by
