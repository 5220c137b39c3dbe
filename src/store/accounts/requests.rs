//! Requests to open accounts: what a new account waits for, who requested it, and who approved it.

use crate::domain::clock::Moment;
use crate::domain::ids::{BookId, PrincipalSerial};
use crate::domain::named::named_enum;
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, named};

named_enum! {
    pub enum Awaits {
        /// The review of its client.
        Client = "client",
        /// The approval of the account itself by an operator.
        Operator = "operator",
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccountRequest {
    pub awaits: Awaits,
    pub requested_by: PrincipalSerial,
}

impl ReadTx<'_> {
    /// The request behind an account, whether or not it still waits; none if it never did.
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
    pub fn add_account_request(&self, account: BookId, request: AccountRequest) -> Result<(), StoreError> {
        let sql = "INSERT INTO account_requests (account_id, awaits, requested_by) VALUES (?1, ?2, ?3)";
        self.run(sql, (account.0, request.awaits.name(), request.requested_by.0)).map(|_| ())
    }

    /// Records who approved an account.
    pub fn note_account_approval(&self, account: BookId, by: PrincipalSerial, now: Moment) -> Result<(), StoreError> {
        let sql = "UPDATE account_requests SET approved_by = ?2, approved_at = ?3 WHERE account_id = ?1";
        self.run(sql, (account.0, by.0, now.unix_ms())).map(|_| ())
    }
}
