UPDATE books
SET balance_minor = ?2, credit_net_minor = credit_net_minor + ?3
WHERE id = ?1
