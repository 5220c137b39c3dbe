//! Operators and their tokens.

use crate::domain::access::Role;
use crate::domain::clock::Moment;
use crate::domain::ids::{PrincipalId, PrincipalSerial, TokenId};
use crate::domain::named::named_enum;
use crate::store::StoreError;
use crate::store::access::NewRefresh;
use crate::store::database::lists::{json_list, text_list};
use crate::store::database::transaction::{ReadTx, WriteTx, named, sql};
use rusqlite::{Row, params};
use std::collections::BTreeSet;
use uuid::Uuid;

/// An operator, with what only the store and the log-in know.
#[derive(Clone, Debug)]
pub struct PrincipalRow {
    /// Row of the operator.
    pub serial: PrincipalSerial,
    /// Public id.
    pub id: PrincipalId,
    /// Name as it was entered.
    pub name: String,
    /// What the operator may do.
    pub role: Role,
    /// The tags that the operator sees; none: everything.
    pub tags: BTreeSet<String>,
    /// Argon2id in PHC form; none: cannot log in.
    pub password_hash: Option<String>,
    /// When the operator was added.
    pub created_at: Moment,
    /// When the operator was disabled.
    pub disabled_at: Option<Moment>,
}

/// An operator to be added.
#[derive(Clone, Debug)]
pub struct NewPrincipal {
    /// Public id.
    pub id: PrincipalId,
    /// Name as it was entered.
    pub name: String,
    /// The same without regard to case.
    pub name_folded: String,
    /// What the operator may do.
    pub role: Role,
    /// The tags that the operator sees; none: everything.
    pub tags: BTreeSet<String>,
    /// Argon2id in PHC form.
    pub password_hash: Option<String>,
}

named_enum! {
    /// How a token was made.
    pub enum TokenKind {
        /// By logging in.
        Login = "login",
        /// By an operator of the machine, for a program.
        LongLived = "long_lived",
    }
}

/// A token, without the token.
#[derive(Clone, Debug)]
pub struct TokenRow {
    /// Public id.
    pub id: TokenId,
    /// Whose it is.
    pub principal: PrincipalSerial,
    /// Name of whose it is.
    pub principal_name: String,
    /// How it was made.
    pub kind: TokenKind,
    /// What it is for.
    pub label: String,
    /// Rights by name; none: all that the role allows.
    pub scopes: Option<Vec<String>>,
    /// Tags that narrow the operator's; none: no narrowing.
    pub tags: Option<BTreeSet<String>>,
    /// Networks it may come from; none: any that is allowed.
    pub networks: Option<Vec<String>>,
    /// When it was made.
    pub created_at: Moment,
    /// When it ends.
    pub expires_at: Option<Moment>,
    /// When it was taken back.
    pub revoked_at: Option<Moment>,
}

/// A token to be stored.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Public id.
    pub id: TokenId,
    /// Whose it is.
    pub principal: PrincipalSerial,
    /// How it was made.
    pub kind: TokenKind,
    /// What it is for.
    pub label: String,
    /// SHA-256 of the token.
    pub hash: Vec<u8>,
    /// Rights by name; none: all that the role allows.
    pub scopes: Option<Vec<String>>,
    /// Tags that narrow the operator's; none: no narrowing.
    pub tags: Option<BTreeSet<String>>,
    /// Networks it may come from; none: any that is allowed.
    pub networks: Option<Vec<String>>,
    /// When it ends.
    pub expires_at: Option<Moment>,
    /// The refresh token that is handed out with it.
    pub refresh: Option<NewRefresh>,
}

fn principal(row: &Row<'_>) -> rusqlite::Result<PrincipalRow> {
    Ok(PrincipalRow {
        serial: PrincipalSerial(row.get("id")?),
        id: PrincipalId::from(row.get::<_, Uuid>("uuid")?),
        name: row.get("name")?,
        role: named(row, "role")?,
        tags: text_list(row, "tags")?.unwrap_or_default(),
        password_hash: row.get("password_hash")?,
        created_at: Moment::from_unix_ms(row.get("created_at")?),
        disabled_at: row.get::<_, Option<i64>>("disabled_at")?.map(Moment::from_unix_ms),
    })
}

fn token(row: &Row<'_>) -> rusqlite::Result<TokenRow> {
    Ok(TokenRow {
        id: TokenId::from(row.get::<_, Uuid>("uuid")?),
        principal: PrincipalSerial(row.get("principal_id")?),
        principal_name: row.get("principal_name")?,
        kind: named(row, "kind")?,
        label: row.get("label")?,
        scopes: text_list(row, "scopes")?,
        tags: text_list(row, "tags")?,
        networks: text_list(row, "networks")?,
        created_at: Moment::from_unix_ms(row.get("created_at")?),
        expires_at: row.get::<_, Option<i64>>("expires_at")?.map(Moment::from_unix_ms),
        revoked_at: row.get::<_, Option<i64>>("revoked_at")?.map(Moment::from_unix_ms),
    })
}

impl ReadTx<'_> {
    /// The operator of a name, given without regard to case.
    pub fn operator_by_name(&self, name_folded: &str) -> Result<Option<PrincipalRow>, StoreError> {
        let sql = concat!(sql!("access/principal_columns"), "WHERE o.kind = 'operator' AND o.name_folded = ?1");
        self.find(sql, [name_folded], principal)
    }

    /// The operator of a row.
    pub fn operator(&self, serial: PrincipalSerial) -> Result<Option<PrincipalRow>, StoreError> {
        let sql = concat!(sql!("access/principal_columns"), "WHERE o.kind = 'operator' AND o.id = ?1");
        self.find(sql, [serial.0], principal)
    }

    /// All operators, in the order in which they were added.
    pub fn operators(&self) -> Result<Vec<PrincipalRow>, StoreError> {
        let sql = concat!(sql!("access/principal_columns"), "WHERE o.kind = 'operator' ORDER BY o.id");
        self.all(sql, [], principal)
    }

    /// The token of a hash.
    pub fn token_by_hash(&self, hash: &[u8]) -> Result<Option<TokenRow>, StoreError> {
        self.find(concat!(sql!("access/token_columns"), "WHERE k.hash = ?1"), [hash], token)
    }

    /// The token of an id.
    pub fn token(&self, id: TokenId) -> Result<Option<TokenRow>, StoreError> {
        self.find(concat!(sql!("access/token_columns"), "WHERE k.uuid = ?1"), [id.uuid()], token)
    }

    /// All tokens, in the order in which they were made.
    pub fn tokens(&self) -> Result<Vec<TokenRow>, StoreError> {
        self.all(concat!(sql!("access/token_columns"), "ORDER BY k.id"), [], token)
    }
}

impl WriteTx<'_> {
    /// Adds an operator.
    pub fn add_operator(&self, new: &NewPrincipal, now: Moment) -> Result<PrincipalSerial, StoreError> {
        let id = self.insert(
            sql!("access/insert_principal"),
            (
                new.id.uuid(),
                "operator",
                &new.name,
                &new.name_folded,
                new.role.name(),
                &new.password_hash,
                now.unix_ms(),
            ),
        )?;
        for tag in &new.tags {
            self.run("INSERT INTO principal_tags (principal_id, tag) VALUES (?1, ?2)", (id, tag))?;
        }
        Ok(PrincipalSerial(id))
    }

    /// Disables an operator and revokes all its tokens.
    pub fn disable_operator(&self, serial: PrincipalSerial, now: Moment) -> Result<(), StoreError> {
        self.run("UPDATE principals SET disabled_at = ?2 WHERE id = ?1", (serial.0, now.unix_ms()))?;
        self.revoke_tokens_of(serial, now)
    }

    /// Replaces the password of an operator.
    pub fn set_operator_password(&self, serial: PrincipalSerial, hash: &str) -> Result<(), StoreError> {
        self.run("UPDATE principals SET password_hash = ?2 WHERE id = ?1", (serial.0, hash)).map(|_| ())
    }

    /// Stores a token.
    pub fn add_token(&self, new: &NewToken, now: Moment) -> Result<(), StoreError> {
        self.run(
            sql!("access/insert_token"),
            params![
                new.id.uuid(),
                new.principal.0,
                new.kind.name(),
                &new.label,
                &new.hash,
                new.scopes.as_ref().map(json_list),
                new.tags.as_ref().map(json_list),
                new.networks.as_ref().map(json_list),
                now.unix_ms(),
                new.expires_at.map(Moment::unix_ms),
                new.refresh.as_ref().map(|refresh| &refresh.hash),
                new.refresh.as_ref().map(|refresh| refresh.expires_at.unix_ms()),
                new.refresh.as_ref().map(|refresh| refresh.family.uuid()),
            ],
        )?;
        Ok(())
    }

    /// Takes a token back. False if there is none of that id that is still good.
    pub fn revoke_token(&self, id: TokenId, now: Moment) -> Result<bool, StoreError> {
        let sql = "UPDATE tokens SET revoked_at = ?2 WHERE uuid = ?1 AND revoked_at IS NULL";
        Ok(self.run(sql, (id.uuid(), now.unix_ms()))? > 0)
    }

    /// Takes all tokens of an operator back.
    pub fn revoke_tokens_of(&self, serial: PrincipalSerial, now: Moment) -> Result<(), StoreError> {
        let sql = "UPDATE tokens SET revoked_at = ?2 WHERE principal_id = ?1 AND revoked_at IS NULL";
        self.run(sql, (serial.0, now.unix_ms())).map(|_| ())
    }

    /// Forgets login tokens that ended before a moment, and their refresh tokens with them, a few at a time.
    pub fn forget_tokens(&self, ended_before: Moment) -> Result<usize, StoreError> {
        let sql = "DELETE FROM tokens WHERE id IN (
                       SELECT id FROM tokens WHERE kind = 'login' AND expires_at < ?1
                       AND coalesce(refresh_expires_at, 0) < ?1 LIMIT 200)";
        self.run(sql, [ended_before.unix_ms()])
    }
}
