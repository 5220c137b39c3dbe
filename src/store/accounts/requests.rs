//! Accounts that were not opened for use at once: what they wait for, who asked, who let them be used.

use crate::domain::clock::Moment;
use crate::domain::ids::{BookId, PrincipalSerial};
use crate::domain::named::named_enum;
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, named};

named_enum! {
    /// What an account waits for.
    pub enum Awaits {
        /// The review of its client.
        Client = "client",
        /// An approval of its own.
        Operator = "operator",
    }
}

/// Why an account waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccountRequest {
    /// What it waits for.
    pub awaits: Awaits,
    /// Who opened it.
    pub requested_by: PrincipalSerial,
}

impl ReadTx<'_> {
    /// Why an account waits, or waited.
    pub fn account_request(&self, account: BookId) -> Result<Option<AccountRequest>, StoreError> {
        let sql = "SELECT awaits, requested_by FROM account_requests WHERE account_id = ?1";
        self.find(sql, [account.0], |row| {
            Ok(AccountRequest {
                awaits: named(row, "awaits")?,
                requested_by: PrincipalSerial(row.get("requested_by")?),
            })
        })
    }
}

impl WriteTx<'_> {
    /// Notes why a new account waits.
    pub fn add_account_request(&self, account: BookId, request: AccountRequest) -> Result<(), StoreError> {
        let sql = "INSERT INTO account_requests (account_id, awaits, requested_by) VALUES (?1, ?2, ?3)";
        self.run(sql, (account.0, request.awaits.name(), request.requested_by.0)).map(|_| ())
    }

    /// Notes who let an account be used.
    pub fn note_account_approval(&self, account: BookId, by: PrincipalSerial, now: Moment) -> Result<(), StoreError> {
        let sql = "UPDATE account_requests SET approved_by = ?2, approved_at = ?3 WHERE account_id = ?1";
        self.run(sql, (account.0, by.0, now.unix_ms())).map(|_| ())
    }
}
