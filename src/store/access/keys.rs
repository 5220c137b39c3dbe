//! Keys that sign end-user tokens.

use crate::domain::clock::Moment;
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, sql};

/// A key that signs end-user tokens.
#[derive(Clone)]
pub struct KeyRow {
    /// Key id in tokens and in the published key set.
    pub kid: String,
    /// PKCS#8; never shown to anyone.
    pub private_key: Vec<u8>,
    /// Raw Ed25519 public key.
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
    /// Whether it is in the published key set.
    pub fn is_published(&self, now: Moment) -> bool {
        self.withdrawn_at.is_none_or(|at| at > now)
    }

    /// Whether it may sign. If several may, the newest does.
    pub fn may_sign(&self, now: Moment) -> bool {
        self.signs_from <= now && self.retired_at.is_none_or(|at| at > now) && self.is_published(now)
    }
}

impl ReadTx<'_> {
    /// All keys, newest first.
    pub fn signing_keys(&self) -> Result<Vec<KeyRow>, StoreError> {
        self.all(concat!(sql!("keys/columns"), "ORDER BY id DESC"), [], |row| {
            Ok(KeyRow {
                kid: row.get("kid")?,
                private_key: row.get("private_key")?,
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
    /// Adds a key. Earlier ones retire when it begins to sign, and leave the published set at `withdrawn_at`.
    pub fn rotate_signing_key(&self, key: &KeyRow, withdrawn_at: Moment) -> Result<(), StoreError> {
        self.run(sql!("keys/retire"), (key.signs_from.unix_ms(), withdrawn_at.unix_ms()))?;
        self.add_signing_key(key)
    }

    /// Adds a key. Earlier ones retire and leave the published set at once.
    pub fn replace_signing_keys(&self, key: &KeyRow) -> Result<(), StoreError> {
        self.run(sql!("keys/withdraw"), [key.signs_from.unix_ms()])?;
        self.add_signing_key(key)
    }

    fn add_signing_key(&self, key: &KeyRow) -> Result<(), StoreError> {
        let moments = (key.created_at.unix_ms(), key.signs_from.unix_ms());
        let row = (&key.kid, &key.private_key, &key.public_key, moments.0, moments.1);
        self.run(sql!("keys/insert"), row).map(|_| ())
    }
}
