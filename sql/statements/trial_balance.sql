SELECT l.uuid AS ledger, c.code, c.decimals, b.demo, b.role,
       coalesce((SELECT t.balance_minor FROM postings t
                 WHERE t.book_id = b.id AND t.entry_seq < ?1
                 ORDER BY t.entry_seq DESC
                 LIMIT 1), 0) AS balance
FROM books b
JOIN ledgers l ON l.id = b.ledger_id
JOIN currencies c ON c.id = b.currency_id
