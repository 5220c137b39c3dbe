//! Operators and their tokens.

use crate::domain::access::{Right, Role};
use crate::domain::clock::Moment;
use crate::domain::ids::{PrincipalId, PrincipalSerial, TokenId};
use crate::domain::named::named_enum;
use crate::domain::text;
use crate::store::StoreError;
use crate::store::access::NewRefresh;
use crate::store::database::lists::{json_list, text_list};
use crate::store::database::transaction::{ReadTx, WriteTx, named, sql};
use rusqlite::{Row, params};
use std::collections::BTreeSet;
use uuid::Uuid;

/// An operator, including the password hash and other facts that only log-in needs.
#[derive(Clone, Debug)]
pub struct PrincipalRow {
    pub serial: PrincipalSerial,
    pub id: PrincipalId,
    /// As it was entered.
    pub name: String,
    pub role: Role,
    /// Rights beyond those of the role.
    pub granted: BTreeSet<Right>,
    /// The tags that the operator may see; empty for everything.
    pub tags: BTreeSet<String>,
    /// Argon2id in PHC form; none if the operator cannot log in.
    pub password_hash: Option<String>,
    pub created_at: Moment,
    pub disabled_at: Option<Moment>,
}

#[derive(Clone, Debug)]
pub struct NewPrincipal {
    pub id: PrincipalId,
    /// As it was entered.
    pub name: String,
    /// The name with case folded.
    pub name_folded: String,
    pub role: Role,
    /// Rights beyond those of the role.
    pub granted: BTreeSet<Right>,
    /// The tags that the operator may see; empty for everything.
    pub tags: BTreeSet<String>,
    /// Argon2id in PHC form; none if the operator cannot log in.
    pub password_hash: Option<String>,
}

named_enum! {
    pub enum TokenKind {
        /// Issued by a log-in.
        Login = "login",
        /// Issued on the machine itself, for a program.
        LongLived = "long_lived",
    }
}

/// A stored token; only its hash is kept.
#[derive(Clone, Debug)]
pub struct TokenRow {
    /// Rises with every token.
    pub serial: i64,
    pub id: TokenId,
    pub principal: PrincipalSerial,
    pub principal_name: String,
    pub kind: TokenKind,
    /// What the token is for.
    pub label: String,
    /// Rights by name; none for all rights of the role.
    pub scopes: Option<Vec<String>>,
    /// Tags that narrow those of the operator; none for no narrowing.
    pub tags: Option<BTreeSet<String>>,
    /// Networks from which it may be used; none for all that the server allows.
    pub networks: Option<Vec<String>>,
    pub created_at: Moment,
    pub expires_at: Option<Moment>,
    pub revoked_at: Option<Moment>,
    /// Up to an hour too early.
    pub last_used_at: Option<Moment>,
    /// When its refresh token ends, if it has one that was not exchanged yet.
    pub refreshable_until: Option<Moment>,
}

impl TokenRow {
    /// Whether it, or its refresh token, can still be used.
    pub fn is_usable(&self, now: Moment) -> bool {
        let is_alive = |end: Option<Moment>| end.is_some_and(|end| end > now);
        let is_unexpired = self.expires_at.is_none() || is_alive(self.expires_at) || is_alive(self.refreshable_until);
        self.revoked_at.is_none() && is_unexpired
    }
}

/// A token to be stored.
#[derive(Clone, Debug)]
pub struct NewToken {
    pub id: TokenId,
    pub principal: PrincipalSerial,
    pub kind: TokenKind,
    /// What the token is for.
    pub label: String,
    /// SHA-256 of the token.
    pub hash: Vec<u8>,
    /// Rights by name; none for all rights of the role.
    pub scopes: Option<Vec<String>>,
    /// Tags that narrow those of the operator; none for no narrowing.
    pub tags: Option<BTreeSet<String>>,
    /// Networks from which it may be used; none for all that the server allows.
    pub networks: Option<Vec<String>>,
    pub expires_at: Option<Moment>,
    /// The refresh token issued with it.
    pub refresh: Option<NewRefresh>,
}

pub(in crate::store) fn rights_list(rights: &BTreeSet<Right>) -> Option<String> {
    let names: Vec<String> = rights.iter().map(|right| right.name().to_owned()).collect();
    (!names.is_empty()).then(|| json_list(&names))
}

fn principal(row: &Row<'_>) -> rusqlite::Result<PrincipalRow> {
    Ok(PrincipalRow {
        serial: PrincipalSerial(row.get("id")?),
        id: PrincipalId::from(row.get::<_, Uuid>("uuid")?),
        name: row.get("name")?,
        role: named(row, "role")?,
        granted: text_list::<BTreeSet<String>>(row, "rights")?
            .iter()
            .flatten()
            .filter_map(|name| Right::parse(name))
            .collect(),
        tags: text_list(row, "tags")?.unwrap_or_default(),
        password_hash: row.get("password_hash")?,
        created_at: Moment::from_unix_ms(row.get("created_at")?),
        disabled_at: row.get::<_, Option<i64>>("disabled_at")?.map(Moment::from_unix_ms),
    })
}

fn token(row: &Row<'_>) -> rusqlite::Result<TokenRow> {
    let moment = |column: &str| row.get::<_, Option<i64>>(column).map(|at| at.map(Moment::from_unix_ms));
    let is_refreshable = moment("refreshed_at")?.is_none();
    Ok(TokenRow {
        serial: row.get("id")?,
        id: TokenId::from(row.get::<_, Uuid>("uuid")?),
        principal: PrincipalSerial(row.get("principal_id")?),
        principal_name: row.get("principal_name")?,
        kind: named(row, "kind")?,
        label: row.get("label")?,
        scopes: text_list(row, "scopes")?,
        tags: text_list(row, "tags")?,
        networks: text_list(row, "networks")?,
        created_at: Moment::from_unix_ms(row.get("created_at")?),
        expires_at: moment("expires_at")?,
        revoked_at: moment("revoked_at")?,
        last_used_at: moment("last_used_at")?,
        refreshable_until: moment("refresh_expires_at")?.filter(|_| is_refreshable),
    })
}

impl ReadTx<'_> {
    pub fn operator_by_name(&self, name_folded: &str) -> Result<Option<PrincipalRow>, StoreError> {
        let sql = concat!(sql!("access/principal_columns"), "WHERE o.kind = 'operator' AND o.name_folded = ?1");
        self.find(sql, [name_folded], principal)
    }

    pub fn operator(&self, serial: PrincipalSerial) -> Result<Option<PrincipalRow>, StoreError> {
        let sql = concat!(sql!("access/principal_columns"), "WHERE o.kind = 'operator' AND o.id = ?1");
        self.find(sql, [serial.0], principal)
    }

    pub fn is_disabled(&self, principal: PrincipalSerial) -> Result<bool, StoreError> {
        let sql = "SELECT disabled_at IS NOT NULL FROM principals WHERE id = ?1";
        self.one(sql, [principal.0], |row| row.get(0))
    }

    /// All operators, in the order of creation.
    pub fn operators(&self) -> Result<Vec<PrincipalRow>, StoreError> {
        let sql = concat!(sql!("access/principal_columns"), "WHERE o.kind = 'operator' ORDER BY o.id");
        self.all(sql, [], principal)
    }

    pub fn token_by_hash(&self, hash: &[u8]) -> Result<Option<TokenRow>, StoreError> {
        self.find(concat!(sql!("access/token_columns"), "WHERE k.hash = ?1"), [hash], token)
    }

    pub fn token(&self, id: TokenId) -> Result<Option<TokenRow>, StoreError> {
        self.find(concat!(sql!("access/token_columns"), "WHERE k.uuid = ?1"), [id.uuid()], token)
    }

    /// All tokens of a principal, in the order of creation.
    pub fn tokens_of(&self, principal: PrincipalSerial) -> Result<Vec<TokenRow>, StoreError> {
        let sql = concat!(sql!("access/token_columns"), "WHERE k.principal_id = ?1 ORDER BY k.id");
        self.all(sql, [principal.0], token)
    }

    /// All tokens, in the order of creation.
    pub fn tokens(&self) -> Result<Vec<TokenRow>, StoreError> {
        self.all(concat!(sql!("access/token_columns"), "ORDER BY k.id"), [], token)
    }
}

impl WriteTx<'_> {
    /// Stores the form in which each operator's name is compared, as this version makes it. A name that another
    /// operator has in another spelling keeps its older form.
    pub(in crate::store) fn refold_operators(&self) -> Result<(), StoreError> {
        for operator in self.operators()? {
            let folded = text::fold(&operator.name);
            if self.operator_by_name(&folded)?.is_none() {
                let sql = "UPDATE principals SET name_folded = ?2 WHERE id = ?1";
                self.run(sql, (operator.serial.0, folded))?;
            }
        }
        Ok(())
    }

    pub fn add_operator(&self, new: &NewPrincipal, now: Moment) -> Result<PrincipalSerial, StoreError> {
        let id = self.insert(
            sql!("access/insert_principal"),
            (
                new.id.uuid(),
                "operator",
                &new.name,
                &new.name_folded,
                new.role.name(),
                rights_list(&new.granted),
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

    pub fn set_operator_password(&self, serial: PrincipalSerial, hash: &str) -> Result<(), StoreError> {
        self.run("UPDATE principals SET password_hash = ?2 WHERE id = ?1", (serial.0, hash)).map(|_| ())
    }

    /// Replaces the rights that an operator has beyond those of its role.
    pub fn set_granted(&self, serial: PrincipalSerial, granted: &BTreeSet<Right>) -> Result<(), StoreError> {
        self.run("UPDATE principals SET rights = ?2 WHERE id = ?1", (serial.0, rights_list(granted))).map(|_| ())
    }

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

    /// Revokes a token. False if the id is unknown or the token was revoked already.
    pub fn revoke_token(&self, id: TokenId, now: Moment) -> Result<bool, StoreError> {
        let sql = "UPDATE tokens SET revoked_at = ?2 WHERE uuid = ?1 AND revoked_at IS NULL";
        Ok(self.run(sql, (id.uuid(), now.unix_ms()))? > 0)
    }

    pub fn revoke_tokens_of(&self, serial: PrincipalSerial, now: Moment) -> Result<(), StoreError> {
        let sql = "UPDATE tokens SET revoked_at = ?2 WHERE principal_id = ?1 AND revoked_at IS NULL";
        self.run(sql, (serial.0, now.unix_ms())).map(|_| ())
    }

    /// Revokes all login tokens of a principal except one.
    pub fn revoke_logins_except(
        &self,
        kept: Option<TokenId>,
        principal: PrincipalSerial,
        now: Moment,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE tokens SET revoked_at = ?3
                   WHERE principal_id = ?1 AND kind = 'login' AND revoked_at IS NULL AND uuid IS NOT ?2";
        self.run(sql, (principal.0, kept.map(TokenId::uuid), now.unix_ms())).map(|_| ())
    }

    pub fn note_use(&self, token: TokenId, at: Moment) -> Result<(), StoreError> {
        self.run("UPDATE tokens SET last_used_at = ?2 WHERE uuid = ?1", (token.uuid(), at.unix_ms())).map(|_| ())
    }

    /// Deletes up to 200 login tokens that expired before a moment, with their refresh tokens. Returns how many.
    pub fn forget_tokens(&self, ended_before: Moment) -> Result<usize, StoreError> {
        let sql = "DELETE FROM tokens WHERE id IN (
                       SELECT id FROM tokens WHERE kind = 'login' AND expires_at < ?1
                       AND coalesce(refresh_expires_at, 0) < ?1 LIMIT 200)";
        self.run(sql, [ended_before.unix_ms()])
    }
}
