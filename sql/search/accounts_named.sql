SELECT id, 0 AS rank FROM accounts WHERE number = ?
UNION ALL SELECT id, 0 FROM accounts WHERE serial = ?
UNION ALL SELECT account_id, 0 FROM account_labels WHERE ledger_id IN (SELECT id FROM ledgers) AND reference = ?
UNION ALL SELECT account_id, 0 FROM account_labels WHERE alias = ?
