//! Refresh tokens, each stored with the access token that it was issued with.

use crate::domain::clock::Moment;
use crate::domain::ids::{PrincipalSerial, TokenId};
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, sql};
use rusqlite::Row;
use uuid::Uuid;

#[derive(Clone, Debug)]
pub struct NewRefresh {
    /// SHA-256 of the refresh token.
    pub hash: Vec<u8>,
    pub expires_at: Moment,
    /// The access token of the log-in with which this chain of pairs began.
    pub family: TokenId,
}

/// A stored refresh token; only its hash is kept.
#[derive(Clone, Debug)]
pub struct RefreshRow {
    /// The access token that it was issued with.
    pub token: TokenId,
    pub principal: PrincipalSerial,
    /// The access token of the log-in with which this chain of pairs began.
    pub family: TokenId,
    pub expires_at: Moment,
    /// When it was exchanged for the next pair.
    pub used_at: Option<Moment>,
    /// When the pair was revoked.
    pub revoked_at: Option<Moment>,
}

fn refresh(row: &Row<'_>) -> rusqlite::Result<RefreshRow> {
    let moment = |column: &str| row.get::<_, Option<i64>>(column).map(|at| at.map(Moment::from_unix_ms));
    Ok(RefreshRow {
        token: TokenId::from(row.get::<_, Uuid>("uuid")?),
        principal: PrincipalSerial(row.get("principal_id")?),
        family: TokenId::from(row.get::<_, Uuid>("family")?),
        expires_at: Moment::from_unix_ms(row.get("refresh_expires_at")?),
        used_at: moment("refreshed_at")?,
        revoked_at: moment("revoked_at")?,
    })
}

impl ReadTx<'_> {
    pub fn refresh_by_hash(&self, hash: &[u8]) -> Result<Option<RefreshRow>, StoreError> {
        self.find(sql!("access/find_refresh"), [hash], refresh)
    }
}

impl WriteTx<'_> {
    /// Marks a refresh token as exchanged.
    pub fn use_refresh(&self, token: TokenId, now: Moment) -> Result<(), StoreError> {
        self.run("UPDATE tokens SET refreshed_at = ?2 WHERE uuid = ?1", (token.uuid(), now.unix_ms())).map(|_| ())
    }

    /// Revokes all pairs of a log-in, used or not.
    pub fn revoke_family(&self, family: TokenId, now: Moment) -> Result<(), StoreError> {
        let sql = "UPDATE tokens SET revoked_at = ?2 WHERE family = ?1 AND revoked_at IS NULL";
        self.run(sql, (family.uuid(), now.unix_ms())).map(|_| ())
    }

    /// Revokes a token and all pairs of its log-in.
    pub fn revoke_sign_in(&self, token: TokenId, now: Moment) -> Result<(), StoreError> {
        let sql = "UPDATE tokens SET revoked_at = ?2 WHERE revoked_at IS NULL
                   AND (uuid = ?1 OR family = (SELECT family FROM tokens WHERE uuid = ?1))";
        self.run(sql, (token.uuid(), now.unix_ms())).map(|_| ())
    }
}
