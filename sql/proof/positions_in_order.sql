ORDER BY account_id, symbol_id
