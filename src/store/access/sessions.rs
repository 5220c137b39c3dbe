//! Sessions of end users.

use crate::domain::clock::Moment;
use crate::domain::ids::{ProfileId, ProfileSerial, SessionId};
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, sql};
use uuid::Uuid;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionRow {
    pub profile: ProfileId,
    pub expires_at: Moment,
    /// When it was ended early.
    pub revoked_at: Option<Moment>,
}

impl ReadTx<'_> {
    pub fn session(&self, id: SessionId) -> Result<Option<SessionRow>, StoreError> {
        self.find(sql!("sessions/find"), [id.uuid()], |row| {
            Ok(SessionRow {
                profile: ProfileId::from(row.get::<_, Uuid>("profile_uuid")?),
                expires_at: Moment::from_unix_ms(row.get("expires_at")?),
                revoked_at: row.get::<_, Option<i64>>("revoked_at")?.map(Moment::from_unix_ms),
            })
        })
    }
}

impl WriteTx<'_> {
    pub fn add_session(
        &self,
        id: SessionId,
        profile: ProfileSerial,
        now: Moment,
        expires_at: Moment,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO sessions (uuid, profile_id, issued_at, expires_at) VALUES (?1, ?2, ?3, ?4)";
        self.run(sql, (id.uuid(), profile.0, now.unix_ms(), expires_at.unix_ms())).map(|_| ())
    }

    /// Ends all sessions of a client.
    pub fn revoke_sessions(&self, profile: ProfileSerial, now: Moment) -> Result<(), StoreError> {
        let sql = "UPDATE sessions SET revoked_at = ?2 WHERE profile_id = ?1 AND revoked_at IS NULL";
        self.run(sql, (profile.0, now.unix_ms())).map(|_| ())
    }

    /// Deletes up to 200 sessions that expired before a moment. Returns how many.
    pub fn forget_sessions(&self, ended_before: Moment) -> Result<usize, StoreError> {
        let sql = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < ?1 LIMIT 200)";
        self.run(sql, [ended_before.unix_ms()])
    }
}
