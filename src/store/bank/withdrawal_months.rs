//! How often money left an account in a month, and the fee for it.

use crate::domain::ids::BookId;
use crate::domain::money::Amount;
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx};

/// A month whose fee is not decided yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UnchargedMonth {
    /// Year and month, such as 202611.
    pub month: i64,
    pub withdrawals: u32,
}

impl ReadTx<'_> {
    /// How often money left an account in a month, such as 202611.
    pub fn withdrawals_in(&self, account: BookId, month: i64) -> Result<u32, StoreError> {
        let sql = "SELECT withdrawals FROM withdrawal_months WHERE account_id = ?1 AND month = ?2";
        Ok(self.find(sql, (account.0, month), |row| row.get(0))?.unwrap_or(0))
    }

    /// The latest month in which money left an account, such as 202611, and how often.
    pub fn latest_withdrawals(&self, account: BookId) -> Result<Option<(i64, u32)>, StoreError> {
        let sql = "SELECT month, withdrawals FROM withdrawal_months WHERE account_id = ?1 ORDER BY month DESC LIMIT 1";
        self.find(sql, [account.0], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// The months of an account before another one that have no fee yet, oldest first.
    pub fn uncharged_months(&self, account: BookId, before: i64) -> Result<Vec<UnchargedMonth>, StoreError> {
        let sql = "SELECT month, withdrawals FROM withdrawal_months
                   WHERE account_id = ?1 AND month < ?2 AND fee_minor IS NULL ORDER BY month";
        self.all(sql, (account.0, before), |row| Ok(UnchargedMonth { month: row.get(0)?, withdrawals: row.get(1)? }))
    }
}

impl WriteTx<'_> {
    /// Counts that money left an account. True for the first time in the month.
    pub fn count_withdrawal(&self, account: BookId, month: i64) -> Result<bool, StoreError> {
        let sql = "INSERT INTO withdrawal_months (account_id, month, withdrawals) VALUES (?1, ?2, 1)
                   ON CONFLICT (account_id, month) DO UPDATE SET withdrawals = withdrawals + 1";
        self.run(sql, (account.0, month))?;
        Ok(self.withdrawals_in(account, month)? == 1)
    }

    /// Records the fee that was posted for a month; zero if none was.
    pub fn note_withdrawal_fee(&self, account: BookId, month: i64, fee: Amount) -> Result<(), StoreError> {
        let sql = "UPDATE withdrawal_months SET fee_minor = ?3 WHERE account_id = ?1 AND month = ?2";
        self.run(sql, (account.0, month, fee.minor())).map(|_| ())
    }
}
