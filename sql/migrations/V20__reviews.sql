-- Why: the identity of a client that an operator has reviewed does not change without a second one.

ALTER TABLE profiles ADD COLUMN reviewed_by INTEGER -- who verified it in a review; none: it was never reviewed
    REFERENCES principals (id);

UPDATE profiles SET reviewed_by = r.principal_id
FROM (SELECT object_uuid, principal_id, max(id) FROM audit_log WHERE action = 'profile.approve' GROUP BY object_uuid) r
WHERE r.object_uuid = profiles.uuid;
