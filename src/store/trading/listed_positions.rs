//! Positions as callers list them, with what was charged for them.

use crate::domain::clock::Moment;
use crate::domain::ids::BookId;
use crate::domain::ledger::EntryKind;
use crate::domain::money::Amount;
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, named, sql};
use crate::store::trading::{PositionRow, position};
use rusqlite::Row;
use std::collections::HashMap;
use uuid::Uuid;

/// What was booked for a position beside its price profit, signed as the client sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PositionCharges {
    pub commission: Amount,
    pub swap: Amount,
    pub funding: Amount,
}

/// A position with what is shown of others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedPosition {
    pub row: PositionRow,
    pub charges: PositionCharges,
    /// The platform's id of the order that opened it.
    pub order: Option<String>,
    /// That order, if it is known.
    pub order_uuid: Option<Uuid>,
}

/// A closed position in a list, newest first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClosedPlace {
    pub at: Moment,
    pub row: i64,
}

/// Selects closed positions by the time of closing.
#[derive(Clone, Copy, Debug)]
pub struct ClosedFilter {
    /// Inclusive.
    pub from: Option<Moment>,
    /// Exclusive.
    pub to: Option<Moment>,
    /// Only those behind this one.
    pub after: Option<ClosedPlace>,
}

fn listed(row: &Row<'_>) -> rusqlite::Result<ListedPosition> {
    Ok(ListedPosition {
        row: position(row)?,
        charges: PositionCharges::default(),
        order: row.get("order_id")?,
        order_uuid: row.get("order_uuid")?,
    })
}

/// Of a charge outside executions.
struct Charge {
    kind: EntryKind,
    amount: Amount,
    symbol: Option<i64>,
    position_ref: Option<String>,
    at: Moment,
}

impl Charge {
    fn is_of(&self, position: &PositionRow) -> bool {
        let reference = position.position.position_ref.as_ref();
        let within = self.at >= position.position.opened_at
            && position.position.closing.is_none_or(|closing| self.at <= closing.at);
        within
            && self.symbol.is_none_or(|symbol| symbol == position.symbol.0)
            && match &self.position_ref {
                Some(charged) => reference.is_none_or(|reference| reference == charged),
                None => self.symbol.is_some(),
            }
    }
}

impl ReadTx<'_> {
    /// The open positions of an account, oldest first: at most `limit` behind a row.
    pub fn open_positions_listed(
        &self,
        account: BookId,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<ListedPosition>, StoreError> {
        let sql = concat!(
            sql!("trading/listed_position_columns"),
            "WHERE p.account_id = ?1 AND p.closed_at IS NULL AND p.id > ?2 ORDER BY p.id LIMIT ?3"
        );
        let positions = self.all(sql, (account.0, after.unwrap_or(0), limit), listed)?;
        self.with_charges(account, positions)
    }

    /// The closed positions of an account, the last closed first: at most `limit`.
    pub fn closed_positions_listed(
        &self,
        account: BookId,
        filter: &ClosedFilter,
        limit: u32,
    ) -> Result<Vec<ListedPosition>, StoreError> {
        let end = filter.to.map_or(i64::MAX, Moment::unix_ms);
        let (at, row) = filter.after.map_or((i64::MAX, i64::MAX), |place| (place.at.unix_ms(), place.row));
        let params = (account.0, filter.from.map_or(i64::MIN, Moment::unix_ms), end, at, row, limit);
        let sql = concat!(sql!("trading/listed_position_columns"), sql!("trading/closed_positions"));
        let positions = self.all(sql, params, listed)?;
        self.with_charges(account, positions)
    }

    /// Adds what executions and charges booked while the positions were open.
    pub fn with_charges(
        &self,
        account: BookId,
        mut positions: Vec<ListedPosition>,
    ) -> Result<Vec<ListedPosition>, StoreError> {
        let opened = positions.iter().map(|listed| listed.row.position.opened_at).min();
        let Some(from) = opened else { return Ok(positions) };
        let changed = positions.iter().map(|listed| listed.row.position.updated_at).max().unwrap_or(from);
        let booked = |row: &Row<'_>| {
            let amount = |column: &str| row.get(column).map(Amount::from_minor);
            let (commission, swap) = (amount("commission_minor")?, amount("swap_minor")?);
            Ok((row.get::<_, i64>("position_id")?, PositionCharges { commission, swap, funding: Amount::ZERO }))
        };
        let range = (account.0, from.unix_ms(), changed.unix_ms());
        let mut booked: HashMap<_, _> =
            self.all(sql!("trading/charges_by_position"), range, booked)?.into_iter().collect();
        let charge = |row: &Row<'_>| {
            Ok(Charge {
                kind: named(row, "kind")?,
                amount: Amount::from_minor(row.get("amount_minor")?),
                symbol: row.get("symbol_id")?,
                position_ref: row.get("position_ref")?,
                at: Moment::from_unix_ms(row.get("charged_at")?),
            })
        };
        let charges = self.all(sql!("trading/charges_while_open"), (account.0, from.unix_ms()), charge)?;
        for listed in &mut positions {
            let mut sum = booked.remove(&listed.row.row).unwrap_or_default();
            for charge in charges.iter().filter(|charge| charge.is_of(&listed.row)) {
                let part = if charge.kind == EntryKind::Swap { &mut sum.swap } else { &mut sum.funding };
                *part = part.saturating_add(charge.amount);
            }
            listed.charges = sum;
        }
        Ok(positions)
    }
}
