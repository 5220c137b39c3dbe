//! Transactions of an account, as one of its owners lists them.

use crate::app::accounts::{HeldKey, Power, client_of_serial, held};
use crate::app::{Failure, Query, View};
use crate::domain::access::{Right, Visibility};
use crate::domain::ids::{MovementSerial, ProfileSerial};
use crate::domain::ledger::{Transaction, TransactionKind};
use crate::domain::page::Window;
use crate::domain::refusal::{Noun, Refusal};
pub use crate::store::TransactionFilter;

/// The transactions of an account in a window, newest first, and the total count. Refusals: unknown.
pub struct ListTransactions {
    pub key: HeldKey,
    pub filter: TransactionFilter,
    pub window: Window,
}

impl Query for ListTransactions {
    type Answer = (Vec<Transaction>, u64);
    const RIGHT: Right = Right::ReadAccounts;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<Self::Answer, Failure> {
        let held = held(view.tx, view.visibility, self.key, Power::See)?;
        let (mut found, total) = view.tx.transactions(held.account.book, &self.filter, self.window)?;
        found.iter_mut().try_for_each(|transaction| hide_payer(view, transaction))?;
        Ok((found, total))
    }
}

/// Removes the payer's words from what a hidden client paid.
fn hide_payer(view: &View<'_>, transaction: &mut Transaction) -> Result<(), Failure> {
    if transaction.kind != TransactionKind::Transfer || *view.visibility == Visibility::Everything {
        return Ok(());
    }
    let movement = view.tx.movement_by_serial(MovementSerial(transaction.number.0))?.ok_or(Refusal::Internal)?;
    if view.tx.account(movement.account, view.visibility)?.is_none() {
        transaction.description.clear();
        transaction.reference.clear();
    }
    Ok(())
}

/// The most sides that one transaction has among the accounts of a client.
const SIDES_MAX: u32 = 16;

/// The transactions with a number or a reference on all accounts of a client; a transfer between two of them has two.
///
/// Refusals: unknown client; none is found.
pub struct FindTransactions {
    pub client: ProfileSerial,
    pub filter: TransactionFilter,
}

impl Query for FindTransactions {
    type Answer = Vec<Transaction>;
    const RIGHT: Right = Right::ReadAccounts;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<Vec<Transaction>, Failure> {
        client_of_serial(view.tx, view.visibility, self.client)?;
        let window = Window { offset: 0, limit: SIDES_MAX, newest_first: true };
        let mut found = Vec::new();
        for account in view.tx.accounts_held_by(self.client, view.visibility)? {
            found.extend(view.tx.transactions(account.book, &self.filter, window)?.0);
        }
        // The side that pays comes first.
        found.sort_by_key(|side| (side.number, side.is_credit));
        found.iter_mut().try_for_each(|transaction| hide_payer(view, transaction))?;
        if found.is_empty() { Err(Refusal::not_found(Noun::Transfer).into()) } else { Ok(found) }
    }
}
