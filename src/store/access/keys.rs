//! Keys that sign end-user tokens, and those that sign requests to webhooks. The database has their private halves
//! sealed with the installation key, and only until they retire.

use crate::domain::clock::Moment;
use crate::store::database::transaction::{ReadTx, WriteTx, sql};
use crate::store::{InstallationKey, StoreError};

/// What a key signs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyUse {
    /// End-user tokens, with Ed25519.
    Sessions,
    /// Requests to webhooks, with ECDSA on P-521.
    Webhooks,
}

impl KeyUse {
    const ALL: [KeyUse; 2] = [KeyUse::Sessions, KeyUse::Webhooks];

    fn table(self) -> &'static str {
        match self {
            KeyUse::Sessions => "signing_keys",
            KeyUse::Webhooks => "webhook_keys",
        }
    }
}

/// A key that signs.
#[derive(Clone)]
pub struct KeyRow {
    pub usage: KeyUse,
    /// Key id in what it signs and in the published key set.
    pub kid: String,
    /// The private key in PKCS#8, sealed; none once it signs no more.
    pub sealed_key: Option<Vec<u8>>,
    /// Whether backups of an earlier version hold the private key unsealed.
    pub was_plain: bool,
    /// Raw: of Ed25519, or the uncompressed point on P-521.
    pub public_key: Vec<u8>,
    pub created_at: Moment,
    /// When it begins to sign, by the machine's clock, like the two below.
    pub signs_from: Moment,
    /// When it stops signing.
    pub retired_at: Option<Moment>,
    /// When it leaves the published key set.
    pub withdrawn_at: Option<Moment>,
}

impl std::fmt::Debug for KeyRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyRow").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl KeyRow {
    /// Seals the private key of the signing key `kid`. None if there are no random bytes.
    pub fn seal(usage: KeyUse, kid: &str, private_key: &[u8], with: &InstallationKey) -> Option<Vec<u8>> {
        with.seal(&label(usage, kid), private_key)
    }

    /// The private key in PKCS#8; none once it signs no more, or if another installation key sealed it.
    pub fn private_key(&self, opener: &InstallationKey) -> Option<Vec<u8>> {
        opener.open(&label(self.usage, &self.kid), self.sealed_key.as_ref()?)
    }

    /// Whether it is in the published key set.
    pub fn is_published(&self, now: Moment) -> bool {
        self.withdrawn_at.is_none_or(|at| at > now)
    }

    /// Whether it may sign. If several may, the newest does.
    pub fn may_sign(&self, now: Moment) -> bool {
        self.signs_from <= now && self.retired_at.is_none_or(|at| at > now) && self.is_published(now)
    }
}

/// What the private key is sealed under.
fn label(usage: KeyUse, kid: &str) -> String {
    format!("{}/{kid}", usage.table())
}

/// A private key as earlier versions stored it.
pub(in crate::store) struct PlainKey {
    kid: String,
    private_key: Vec<u8>,
}

impl ReadTx<'_> {
    /// Whether the database holds what only its installation key opens. In any schema version.
    pub fn has_sealed_keys(&self) -> Result<bool, StoreError> {
        Ok(self.has_key_column("sealed_key")?
            && self.one("SELECT count(*) > 0 FROM signing_keys WHERE sealed_key IS NOT NULL", [], |row| row.get(0))?)
    }

    /// Whether this installation key opens everything that the database has sealed. In any schema version.
    pub fn is_sealed_with(&self, key: &InstallationKey) -> Result<bool, StoreError> {
        if !self.has_key_column("sealed_key")? {
            return Ok(true);
        }
        let sql = "SELECT kid, sealed_key FROM signing_keys WHERE sealed_key IS NOT NULL";
        let sealed = self.all(sql, [], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?)))?;
        Ok(sealed.iter().all(|(kid, sealed)| key.open(&label(KeyUse::Sessions, kid), sealed).is_some()))
    }

    /// The private keys of a database of an earlier version; none in later ones.
    pub(in crate::store) fn plain_keys(&self) -> Result<Vec<PlainKey>, StoreError> {
        if !self.has_key_column("private_key")? {
            return Ok(Vec::new());
        }
        self.all("SELECT kid, private_key FROM signing_keys", [], |row| {
            Ok(PlainKey { kid: row.get(0)?, private_key: row.get(1)? })
        })
    }

    fn has_key_column(&self, name: &str) -> Result<bool, StoreError> {
        let sql = "SELECT count(*) > 0 FROM pragma_table_info('signing_keys') WHERE name = ?1";
        self.one(sql, [name], |row| row.get(0))
    }

    /// All keys for one use, newest first.
    pub fn signing_keys(&self, usage: KeyUse) -> Result<Vec<KeyRow>, StoreError> {
        let sql = match usage {
            KeyUse::Sessions => concat!(sql!("keys/columns"), "ORDER BY id DESC"),
            KeyUse::Webhooks => "SELECT *, 0 AS was_plain FROM webhook_keys ORDER BY id DESC",
        };
        self.all(sql, [], |row| {
            Ok(KeyRow {
                usage,
                kid: row.get("kid")?,
                sealed_key: row.get("sealed_key")?,
                was_plain: row.get("was_plain")?,
                public_key: row.get("public_key")?,
                created_at: Moment::from_unix_ms(row.get("created_at")?),
                signs_from: Moment::from_unix_ms(row.get("signs_from")?),
                retired_at: row.get::<_, Option<i64>>("retired_at")?.map(Moment::from_unix_ms),
                withdrawn_at: row.get::<_, Option<i64>>("withdrawn_at")?.map(Moment::from_unix_ms),
            })
        })
    }
}

impl WriteTx<'_> {
    /// Adds a key. Earlier ones of its use retire when it begins to sign, and leave the published set at
    /// `withdrawn_at`.
    pub fn rotate_signing_key(&self, key: &KeyRow, withdrawn_at: Moment) -> Result<(), StoreError> {
        let table = key.usage.table();
        let sql = format!("UPDATE {table} SET retired_at = ?1, withdrawn_at = ?2 WHERE retired_at IS NULL");
        self.run(&sql, (key.signs_from.unix_ms(), withdrawn_at.unix_ms()))?;
        self.add_signing_key(key)
    }

    /// Withdraws all keys of both uses at once, and erases their private halves.
    pub fn withdraw_signing_keys(&self, now: Moment) -> Result<(), StoreError> {
        for usage in KeyUse::ALL {
            let sql = sql!("keys/withdraw").replace("signing_keys", usage.table());
            self.run(&sql, [now.unix_ms()])?;
        }
        self.erase_private_keys(Moment::from_unix_ms(i64::MAX))
    }

    /// Erases the private keys that have retired by this moment, also from the free space of the file.
    pub fn erase_private_keys(&self, retired_by: Moment) -> Result<(), StoreError> {
        let overwrite = |on: &str| self.connection().execute_batch(&format!("PRAGMA secure_delete = {on}"));
        overwrite("ON")?;
        let erase = |usage: KeyUse| {
            let (table, is_due) = (usage.table(), "sealed_key IS NOT NULL AND retired_at <= ?1");
            self.run(&format!("UPDATE {table} SET sealed_key = NULL WHERE {is_due}"), [retired_by.unix_ms()])
        };
        let erased = KeyUse::ALL.into_iter().try_for_each(|usage| erase(usage).map(|_| ()));
        overwrite("OFF")?;
        erased
    }

    /// Stores private keys of an earlier version sealed.
    pub(in crate::store) fn seal_plain_keys(
        &self,
        plain: &[PlainKey],
        with: &InstallationKey,
    ) -> Result<(), StoreError> {
        for PlainKey { kid, private_key } in plain {
            let sealed = KeyRow::seal(KeyUse::Sessions, kid, private_key, with);
            self.run("UPDATE signing_keys SET sealed_key = ?2 WHERE kid = ?1", (kid, sealed))?;
        }
        Ok(())
    }

    /// Adds a key beside the others.
    pub fn add_signing_key(&self, key: &KeyRow) -> Result<(), StoreError> {
        let moments = (key.created_at.unix_ms(), key.signs_from.unix_ms());
        let row = (&key.kid, &key.sealed_key, &key.public_key, moments.0, moments.1);
        let sql = match key.usage {
            KeyUse::Sessions => sql!("keys/insert"),
            KeyUse::Webhooks => sql!("keys/insert_webhook"),
        };
        self.run(sql, row).map(|_| ())
    }
}
