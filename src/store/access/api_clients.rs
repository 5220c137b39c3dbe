//! API clients: principals with an API, keys, and secrets, which are stored as long-lived tokens.

use crate::domain::access::{ClientKey, Nonce, PrincipalKind, PublicKey, Right};
use crate::domain::clock::Moment;
use crate::domain::ids::{ClientKeyId, PrincipalId, PrincipalSerial};
use crate::store::StoreError;
use crate::store::access::rights_list;
use crate::store::database::lists::text_list;
use crate::store::database::transaction::{ReadTx, WriteTx, sql, unreadable};
use rusqlite::Row;
use std::collections::BTreeSet;
use uuid::Uuid;

#[derive(Clone, Debug)]
pub struct ApiClientRow {
    pub serial: PrincipalSerial,
    /// Also its public id.
    pub id: PrincipalId,
    pub label: String,
    /// The API that it may call.
    pub api: String,
    pub rights: BTreeSet<Right>,
    /// The tags of the clients that it sees; empty for everything.
    pub tags: BTreeSet<String>,
    pub created_at: Moment,
    pub disabled_at: Option<Moment>,
}

#[derive(Clone, Debug)]
pub struct NewApiClient {
    pub id: PrincipalId,
    pub label: String,
    /// The API that it may call.
    pub api: String,
    pub rights: BTreeSet<Right>,
    /// The tags of the clients that it sees; empty for everything.
    pub tags: BTreeSet<String>,
}

fn api_client(row: &Row<'_>) -> rusqlite::Result<ApiClientRow> {
    let rights: Option<Vec<String>> = text_list(row, "rights")?;
    Ok(ApiClientRow {
        serial: PrincipalSerial(row.get("id")?),
        id: PrincipalId::from(row.get::<_, Uuid>("uuid")?),
        label: row.get("name")?,
        api: row.get("api")?,
        rights: rights.iter().flatten().filter_map(|name| Right::parse(name)).collect(),
        tags: text_list(row, "tags")?.unwrap_or_default(),
        created_at: Moment::from_unix_ms(row.get("created_at")?),
        disabled_at: row.get::<_, Option<i64>>("disabled_at")?.map(Moment::from_unix_ms),
    })
}

fn key(row: &Row<'_>) -> rusqlite::Result<ClientKey> {
    let der: Vec<u8> = row.get(1)?;
    Ok(ClientKey {
        id: ClientKeyId::from(row.get::<_, Uuid>(0)?),
        public: PublicKey::from_der(der).ok_or_else(|| unreadable("public_key", "not a public key"))?,
        expires_at: row.get::<_, Option<i64>>(2)?.map(Moment::from_unix_ms),
    })
}

impl ReadTx<'_> {
    pub fn api_client(&self, serial: PrincipalSerial) -> Result<Option<ApiClientRow>, StoreError> {
        self.find(concat!(sql!("access/api_clients"), "WHERE c.principal_id = ?1"), [serial.0], api_client)
    }

    pub fn api_client_by_id(&self, id: PrincipalId) -> Result<Option<ApiClientRow>, StoreError> {
        self.find(concat!(sql!("access/api_clients"), "WHERE p.uuid = ?1"), [id.uuid()], api_client)
    }

    /// All API clients, in the order of creation.
    pub fn api_clients(&self) -> Result<Vec<ApiClientRow>, StoreError> {
        self.all(concat!(sql!("access/api_clients"), "ORDER BY c.principal_id"), [], api_client)
    }

    /// The keys of an API client, expired ones included, in the order of registration.
    pub fn client_keys(&self, client: PrincipalSerial) -> Result<Vec<ClientKey>, StoreError> {
        let sql = "SELECT uuid, public_key, expires_at FROM client_keys WHERE principal_id = ?1 ORDER BY id";
        self.all(sql, [client.0], key)
    }
}

impl WriteTx<'_> {
    pub fn add_api_client(&self, new: &NewApiClient, now: Moment) -> Result<PrincipalSerial, StoreError> {
        // The name of an operator has no blank.
        let folded = format!("api client {}", new.id);
        let kind = PrincipalKind::ApiClient.name();
        let rights = rights_list(&new.rights);
        let none = None::<&str>;
        let row = (new.id.uuid(), kind, &new.label, folded, none, rights, none, now.unix_ms());
        let id = self.insert(sql!("access/insert_principal"), row)?;
        self.run("INSERT INTO api_clients (principal_id, api) VALUES (?1, ?2)", (id, &new.api))?;
        for tag in &new.tags {
            self.run("INSERT INTO principal_tags (principal_id, tag) VALUES (?1, ?2)", (id, tag))?;
        }
        Ok(PrincipalSerial(id))
    }

    pub fn add_client_key(
        &self,
        client: PrincipalSerial,
        id: ClientKeyId,
        key: &PublicKey,
        now: Moment,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO client_keys (uuid, principal_id, public_key, created_at) VALUES (?1, ?2, ?3, ?4)";
        self.run(sql, (id.uuid(), client.0, key.as_der(), now.unix_ms())).map(|_| ())
    }

    /// Ends the keys of an API client that do not end earlier.
    pub fn end_client_keys(&self, client: PrincipalSerial, at: Moment) -> Result<(), StoreError> {
        let sql = "UPDATE client_keys SET expires_at = ?2
                   WHERE principal_id = ?1 AND (expires_at IS NULL OR expires_at > ?2)";
        self.run(sql, (client.0, at.unix_ms())).map(|_| ())
    }

    /// Ends the secrets of an API client that do not end earlier.
    pub fn end_secrets(&self, client: PrincipalSerial, at: Moment) -> Result<(), StoreError> {
        let sql = "UPDATE tokens SET expires_at = ?2 WHERE principal_id = ?1 AND kind = 'long_lived'
                   AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?2)";
        self.run(sql, (client.0, at.unix_ms())).map(|_| ())
    }

    /// Notes that a nonce was used. False if it was used before.
    pub fn use_nonce(&self, nonce: Nonce) -> Result<bool, StoreError> {
        let sql = "INSERT INTO used_nonces (hash, expires_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        Ok(self.run(sql, (nonce.hash.as_slice(), nonce.expires_at.unix_ms()))? > 0)
    }

    /// Deletes up to 200 nonces whose signatures ended before a moment. Returns how many.
    pub fn forget_nonces(&self, ended_before: Moment) -> Result<usize, StoreError> {
        let sql = "DELETE FROM used_nonces WHERE hash IN (
                       SELECT hash FROM used_nonces WHERE expires_at < ?1 LIMIT 200)";
        self.run(sql, [ended_before.unix_ms()])
    }
}
