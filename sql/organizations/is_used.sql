SELECT EXISTS (SELECT 1 FROM ledgers WHERE organization_id = ?1 AND deleted_at IS NULL)
    OR EXISTS (SELECT 1 FROM organizations WHERE parent_id = ?1 AND deleted_at IS NULL)
