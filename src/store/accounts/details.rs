//! What banks keep about accounts beyond their settings, and what follows from the ledger for it.

use crate::domain::accounts::{AccountDetails, CloseReason, DerivedDetails};
use crate::domain::clock::Moment;
use crate::domain::ids::BookId;
use crate::domain::money::Amount;
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, named_if_any, sql, unless_default};
use rusqlite::{Row, params};

fn details(row: &Row<'_>) -> rusqlite::Result<AccountDetails> {
    let text = |column| row.get::<_, Option<String>>(column).map(Option::unwrap_or_default);
    let moment = |column| row.get::<_, Option<i64>>(column).map(|at| at.map(Moment::from_unix_ms));
    let flag = |column| row.get::<_, Option<bool>>(column).map(Option::unwrap_or_default);
    Ok(AccountDetails {
        legal_name_1: text("legal_name_1")?,
        legal_name_2: text("legal_name_2")?,
        sub_category: text("sub_category")?,
        target: row.get::<_, Option<i64>>("target_minor")?.map(Amount::from_minor),
        target_at: moment("target_at")?,
        target_met_at: moment("target_met_at")?,
        is_kept: flag("is_kept")?,
        uses_all_external: flag("all_external")?,
        close_reason: named_if_any(row, "close_reason")?,
        close_notes: text("close_notes")?,
    })
}

impl ReadTx<'_> {
    /// Everything unset for an account without any.
    pub fn account_details(&self, account: BookId) -> Result<AccountDetails, StoreError> {
        Ok(self.find(sql!("accounts/details"), [account.0], details)?.unwrap_or_default())
    }

    pub fn derived_details(&self, account: BookId) -> Result<DerivedDetails, StoreError> {
        self.one(sql!("accounts/derived"), [account.0], |row| {
            Ok(DerivedDetails {
                is_first: row.get("is_first")?,
                first_credit_at: row.get::<_, Option<i64>>("first_credit_at")?.map(Moment::from_unix_ms),
                balances_changed_at: Moment::from_unix_ms(row.get("balances_changed_at")?),
            })
        })
    }
}

impl WriteTx<'_> {
    pub fn set_account_details(&self, account: BookId, details: &AccountDetails) -> Result<(), StoreError> {
        let d = details;
        let text = |text: &String| unless_default(text.as_str()).map(str::to_owned);
        let minor = |amount: Option<Amount>| amount.map(Amount::minor);
        self.run(
            sql!("accounts/set_details"),
            params![
                account.0,
                text(&d.legal_name_1),
                text(&d.legal_name_2),
                text(&d.sub_category),
                minor(d.target),
                d.target_at.map(Moment::unix_ms),
                d.target_met_at.map(Moment::unix_ms),
                unless_default(d.is_kept),
                unless_default(d.uses_all_external),
                d.close_reason.map(CloseReason::name),
                text(&d.close_notes),
            ],
        )?;
        let sql = "UPDATE books SET target_minor = ?2 WHERE id = ?1 AND target_minor IS NOT ?2";
        self.run(sql, (account.0, minor(d.unmet_target()))).map(|_| ())
    }

    /// Records that the account was changed; its version rises.
    pub fn note_account_change(&self, account: BookId, now: Moment) -> Result<(), StoreError> {
        let sql = "UPDATE accounts SET version = version + 1, updated_at = ?2 WHERE id = ?1";
        self.run(sql, (account.0, now.unix_ms())).map(|_| ())
    }
}
