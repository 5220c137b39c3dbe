//! Events that were taken, so that each is taken once.

use crate::domain::ids::PlatformSerial;
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx};

impl ReadTx<'_> {
    /// The digest of what an event said that was taken or parked.
    pub fn event_digest(&self, platform: PlatformSerial, event: &str) -> Result<Option<[u8; 16]>, StoreError> {
        let sql = "SELECT digest FROM platform_events WHERE platform_id = ?1 AND event_id = ?2";
        self.find(sql, (platform.0, event), |row| row.get(0))
    }
}

impl WriteTx<'_> {
    pub fn keep_event(&self, platform: PlatformSerial, event: &str, digest: &[u8; 16]) -> Result<(), StoreError> {
        let sql = "INSERT INTO platform_events (platform_id, event_id, digest) VALUES (?1, ?2, ?3)";
        self.run(sql, (platform.0, event, digest.as_slice())).map(|_| ())
    }
}
