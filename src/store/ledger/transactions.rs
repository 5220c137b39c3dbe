//! Transactions: movements and other entries of an account in one list.

use crate::domain::clock::Moment;
use crate::domain::ids::{AccountSerial, BookId};
use crate::domain::ledger::{Transaction, TransactionKind, TransactionNumber, TransactionState};
use crate::domain::money::Amount;
use crate::domain::page::Window;
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, named, sql};
use crate::store::reference::decimals;
use rusqlite::{Row, params};

/// Selects transactions of an account; all conditions must hold.
#[derive(Clone, Debug, Default)]
pub struct TransactionFilter {
    pub number: Option<TransactionNumber>,
    pub reference: Option<String>,
    pub state: Option<TransactionState>,
    /// Created at or after this moment.
    pub from: Option<Moment>,
    /// Created only before this moment.
    pub until: Option<Moment>,
}

fn transaction(row: &Row<'_>) -> rusqlite::Result<(Transaction, u64)> {
    let moment = |column| row.get::<_, Option<i64>>(column).map(|at| at.map(Moment::from_unix_ms));
    let text = |column| row.get::<_, Option<String>>(column).map(Option::unwrap_or_default);
    let found = Transaction {
        number: TransactionNumber(row.get("number")?),
        account: AccountSerial(row.get("account_serial")?),
        kind: named::<TransactionKind>(row, "kind")?,
        state: named::<TransactionState>(row, "state")?,
        is_credit: row.get("is_credit")?,
        amount: Amount::from_minor(row.get("amount_minor")?),
        decimals: decimals(row.get("decimals")?)?,
        reference: text("reference")?,
        description: text("description")?,
        created_at: Moment::from_unix_ms(row.get("created_at")?),
        settled_at: moment("settled_at")?,
        voided_at: moment("voided_at")?,
        available_at: moment("available_at")?,
    };
    Ok((found, row.get("total")?))
}

impl ReadTx<'_> {
    /// The transactions of an account in a window, newest first, and how many match in total.
    pub fn transactions(
        &self,
        account: BookId,
        filter: &TransactionFilter,
        window: Window,
    ) -> Result<(Vec<Transaction>, u64), StoreError> {
        let values = params![
            account.0,
            TransactionNumber::ENTRIES_FROM,
            filter.number.map(|number| number.0),
            filter.reference,
            filter.state.map(TransactionState::name),
            filter.from.map(Moment::unix_ms),
            filter.until.map(Moment::unix_ms),
            window.limit,
            window.offset,
        ];
        let found = self.all(sql!("transactions/of_account"), values, transaction)?;
        let total = found.first().map_or(0, |(_, total)| *total);
        Ok((found.into_iter().map(|(transaction, _)| transaction).collect(), total))
    }
}
