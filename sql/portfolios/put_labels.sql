INSERT INTO portfolio_labels (portfolio_id, profile_id, name, status_code, status_description, metadata)
SELECT id, profile_id, ?2, ?3, ?4, ?5 FROM portfolios WHERE id = ?1
ON CONFLICT (portfolio_id) DO UPDATE
SET name = excluded.name, status_code = excluded.status_code, status_description = excluded.status_description,
    metadata = excluded.metadata
