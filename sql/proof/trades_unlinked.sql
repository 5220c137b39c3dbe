SELECT seq
FROM entries
WHERE kind IN ('buy', 'sell', 'negative_balance_protection') AND seq NOT IN (SELECT entry_seq FROM trade_entries)
ORDER BY seq
LIMIT 20
