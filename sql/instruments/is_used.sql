SELECT EXISTS (
    SELECT 1
    FROM instruments i
    JOIN books b ON b.ledger_id = i.ledger_id AND b.currency_id = i.currency_id
    JOIN accounts a ON a.id = b.id
    WHERE i.id = ?1 AND a.lifecycle <> 'closed')
