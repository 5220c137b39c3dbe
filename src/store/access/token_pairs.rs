//! Refresh tokens: each is kept with the access token that it was handed out with.

use crate::domain::clock::Moment;
use crate::domain::ids::{PrincipalSerial, TokenId};
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, sql};
use rusqlite::Row;
use uuid::Uuid;

/// A refresh token to be stored.
#[derive(Clone, Debug)]
pub struct NewRefresh {
    /// SHA-256 of the refresh token.
    pub hash: Vec<u8>,
    /// When it ends.
    pub expires_at: Moment,
    /// The first access token of the sign-in that it goes back to.
    pub family: TokenId,
}

/// A refresh token, without the token.
#[derive(Clone, Debug)]
pub struct RefreshRow {
    /// The access token that it was handed out with.
    pub token: TokenId,
    /// Whose it is.
    pub principal: PrincipalSerial,
    /// The first access token of the sign-in that it goes back to.
    pub family: TokenId,
    /// When it ends.
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
    /// The refresh token of a hash.
    pub fn refresh_by_hash(&self, hash: &[u8]) -> Result<Option<RefreshRow>, StoreError> {
        self.find(sql!("access/find_refresh"), [hash], refresh)
    }
}

impl WriteTx<'_> {
    /// Notes that a refresh token was exchanged.
    pub fn use_refresh(&self, token: TokenId, now: Moment) -> Result<(), StoreError> {
        self.run("UPDATE tokens SET refreshed_at = ?2 WHERE uuid = ?1", (token.uuid(), now.unix_ms())).map(|_| ())
    }

    /// Revokes all pairs of a sign-in, used or not.
    pub fn revoke_family(&self, family: TokenId, now: Moment) -> Result<(), StoreError> {
        let sql = "UPDATE tokens SET revoked_at = ?2 WHERE family = ?1 AND revoked_at IS NULL";
        self.run(sql, (family.uuid(), now.unix_ms())).map(|_| ())
    }

    /// Revokes a token, and with it all pairs of its sign-in.
    pub fn revoke_sign_in(&self, token: TokenId, now: Moment) -> Result<(), StoreError> {
        let sql = "UPDATE tokens SET revoked_at = ?2 WHERE revoked_at IS NULL
                   AND (uuid = ?1 OR family = (SELECT family FROM tokens WHERE uuid = ?1))";
        self.run(sql, (token.uuid(), now.unix_ms())).map(|_| ())
    }
}
