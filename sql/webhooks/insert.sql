INSERT INTO webhooks (id, uuid, api, principal_id, tags, address, types, title, enabled, delay_ms, package_bytes,
                      created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12)
