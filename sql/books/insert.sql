INSERT INTO books (ledger_id, currency_id, demo, role, balance_minor, held_minor, uncleared_minor, pending_minor,
                   credit_net_minor)
VALUES (?1, ?2, ?3, ?4, 0, 0, 0, 0, 0)
