//! The history of what a book holds, has pending, and may overdraw: one row for each moment at which any of it changed.

use crate::domain::accounts::Balances;
use crate::domain::clock::Moment;
use crate::domain::ids::BookId;
use crate::domain::money::{Amount, DecimalText, Decimals};
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx, sql, unreadable};

impl ReadTx<'_> {
    /// The figures of a client's book as of a moment, without the balance, which is zero here.
    pub fn figures_at(&self, book: BookId, at: Moment, decimals: Decimals) -> Result<Balances, StoreError> {
        let figures = self.find(sql!("figures/at"), (book.0, at.unix_ms()), |row| {
            let of_group = row.get::<_, Option<String>>("group_minimum")?.unwrap_or_else(|| "0".into());
            let of_group = DecimalText::parse(&of_group).map_err(|_| unreadable("group_minimum", &of_group))?;
            let own = Amount::from_minor(row.get("minimum_minor")?);
            Ok(Balances {
                balance: Amount::ZERO,
                held: Amount::from_minor(row.get("held_minor")?),
                uncleared: Amount::from_minor(row.get("uncleared_minor")?),
                pending: Amount::from_minor(row.get("pending_minor")?),
                credit_net: Amount::from_minor(row.get("credit_net_minor")?),
                minimum: own.max(of_group.to_limit(decimals)),
                margin: Amount::ZERO,
            })
        })?;
        Ok(figures.unwrap_or_default())
    }
}

impl WriteTx<'_> {
    /// Records the lowest balance that a group allows from now on, if it has changed.
    pub(in crate::store) fn note_group_minimum(&self, code: &str, now: Moment) -> Result<(), StoreError> {
        self.run(sql!("figures/note_group_minimum"), (code, now.unix_ms())).map(|_| ())
    }

    /// Deletes the history of the groups' limits and starts it with the current ones.
    pub(in crate::store) fn forget_group_minimums(&self) -> Result<(), StoreError> {
        self.run("DELETE FROM group_minimums", [])?;
        let sql = "INSERT INTO group_minimums (group_id, recorded_at, minimum_balance)
                   SELECT id, 0, minimum_balance FROM account_groups";
        self.run(sql, []).map(|_| ())
    }

    /// Records the current figures of a book. Times of figures and entries of one book never decrease, even if the
    /// clock does.
    pub(in crate::store) fn record_figures(&self, book: BookId, now: Moment) -> Result<(), StoreError> {
        self.run(sql!("figures/record"), (book.0, now.unix_ms())).map(|_| ())
    }
}
