INSERT INTO approvals (uuid, kind, cause, account_id, profile_id, movement_id, request_version, request, requested_by,
                       requested_at, expires_at, requested_token, state, reason)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 'pending', '')
