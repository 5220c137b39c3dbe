//! Movements: deposits, withdrawals, transfers and holds.

use crate::domain::access::Visibility;
use crate::domain::clock::Moment;
use crate::domain::ids::{AccountId, BookId, EntryId, EntrySeq, MovementId, MovementSerial, PrincipalSerial};
use crate::domain::ledger::{Movement, MovementKind, MovementState};
use crate::domain::money::Amount;
use crate::domain::page::{Listing, Page};
use crate::domain::reference::CurrencyCode;
use crate::store::StoreError;
use crate::store::clients::visible_tags;
use crate::store::database::transaction::{ReadTx, WriteTx, named, sql};
use crate::store::reference::decimals;
use rusqlite::{Row, params};
use uuid::Uuid;

/// A movement to be asked for.
#[derive(Clone, Debug)]
pub struct NewMovement {
    /// Public id.
    pub id: MovementId,
    /// What it is.
    pub kind: MovementKind,
    /// The account; of a transfer, the one that pays.
    pub account: BookId,
    /// Of a transfer, the account that receives.
    pub to_account: Option<BookId>,
    /// How much.
    pub amount: Amount,
    /// Why.
    pub reason: String,
    /// The caller's own reference.
    pub reference: Option<String>,
    /// Who asks.
    pub requested_by: PrincipalSerial,
    /// When it ends by itself.
    pub expires_at: Option<Moment>,
}

/// How long the funds of a deposit are held back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Clearing {
    /// Until when; none: they are available.
    pub at: Option<Moment>,
    /// How much.
    pub uncleared: Amount,
}

/// What changes of a movement when it goes on.
#[derive(Clone, Copy, Debug)]
pub struct MovementStep {
    /// Where it is now.
    pub state: MovementState,
    /// How much of it is posted.
    pub posted: Amount,
    /// Who approved it.
    pub approved_by: Option<PrincipalSerial>,
    /// When its funds become available.
    pub clears_at: Option<Moment>,
    /// How much of it is not available yet.
    pub uncleared: Amount,
    /// The entry that posted it.
    pub entry: Option<EntrySeq>,
}

/// What selects movements in a list.
#[derive(Clone, Copy, Debug)]
pub struct MovementFilter {
    /// Of this kind.
    pub kind: MovementKind,
    /// Of this account; of a transfer, on either side.
    pub account: Option<BookId>,
    /// In this state.
    pub state: Option<MovementState>,
}

fn movement(row: &Row<'_>) -> rusqlite::Result<Movement> {
    let moment = |column: &str| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(Moment::from_unix_ms));
    Ok(Movement {
        serial: MovementSerial(row.get("id")?),
        id: MovementId::from(row.get::<_, Uuid>("uuid")?),
        kind: named(row, "kind")?,
        account: AccountId::from(row.get::<_, Uuid>("account_uuid")?),
        to_account: row.get::<_, Option<Uuid>>("to_account_uuid")?.map(AccountId::from),
        currency: CurrencyCode::from_stored(row.get("currency")?),
        decimals: decimals(row.get("decimals")?)?,
        amount: Amount::from_minor(row.get("amount_minor")?),
        posted: Amount::from_minor(row.get("posted_minor")?),
        state: named(row, "state")?,
        reason: row.get("reason")?,
        reference: row.get("reference")?,
        requested_by: PrincipalSerial(row.get("requested_by")?),
        approved_by: row.get::<_, Option<i64>>("approved_by")?.map(PrincipalSerial),
        expires_at: moment("expires_at")?,
        clears_at: moment("clears_at")?,
        uncleared: Amount::from_minor(row.get("uncleared_minor")?),
        entry: row.get::<_, Option<Uuid>>("entry_uuid")?.map(EntryId::from),
        created_at: Moment::from_unix_ms(row.get("created_at")?),
        updated_at: Moment::from_unix_ms(row.get("updated_at")?),
    })
}

impl ReadTx<'_> {
    /// The movement of an id and a kind.
    pub fn movement(&self, kind: MovementKind, id: MovementId) -> Result<Option<Movement>, StoreError> {
        let sql = concat!(sql!("movements/columns"), "WHERE m.uuid = ?1 AND m.kind = ?2");
        self.find(sql, (id.uuid(), kind.name()), movement)
    }

    /// The movement of a serial.
    pub fn movement_by_serial(&self, serial: MovementSerial) -> Result<Option<Movement>, StoreError> {
        self.find(concat!(sql!("movements/columns"), "WHERE m.id = ?1"), [serial.0], movement)
    }

    /// The movement that an entry posted.
    pub fn movement_of_entry(&self, entry: EntrySeq) -> Result<Option<Movement>, StoreError> {
        self.find(concat!(sql!("movements/columns"), "WHERE m.entry_seq = ?1"), [entry.0], movement)
    }

    /// The deposits of a book that are announced and not settled.
    pub fn announced_deposits(&self, book: BookId) -> Result<Vec<MovementSerial>, StoreError> {
        let sql =
            "SELECT id FROM movements WHERE account_id = ?1 AND kind = 'deposit' AND state = 'pending' ORDER BY id";
        self.all(sql, [book.0], |row| Ok(MovementSerial(row.get(0)?)))
    }

    /// The account of the movement of a kind that has a reference; of a transfer, the one that pays.
    pub fn account_of_movement_reference(
        &self,
        kind: MovementKind,
        reference: &str,
    ) -> Result<Option<AccountId>, StoreError> {
        let sql = "SELECT a.uuid FROM movements m JOIN accounts a ON a.id = m.account_id
             WHERE m.kind = ?1 AND m.reference = ?2";
        self.find(sql, (kind.name(), reference), |row| Ok(AccountId::from(row.get::<_, Uuid>(0)?)))
    }

    /// One page of movements, newest first.
    pub fn movements(
        &self,
        filter: &MovementFilter,
        visibility: &Visibility,
        page: Page,
    ) -> Result<Listing<Movement>, StoreError> {
        let (kind, account) = (filter.kind.name(), filter.account.map(|book| book.0));
        let (state, tags) = (filter.state.map(MovementState::name), visible_tags(visibility));
        let rows = self.all(
            sql!("movements/columns", "movements/matching", "movements/page"),
            params![kind, account, state, tags, page.size(), page.offset()],
            movement,
        )?;
        let total =
            self.one(sql!("movements/count", "movements/matching"), params![kind, account, state, tags], |row| {
                row.get(0)
            })?;
        Ok(Listing { rows, total, page })
    }
}

impl WriteTx<'_> {
    /// Notes a movement that was asked for.
    pub fn add_movement(&self, new: &NewMovement, now: Moment) -> Result<MovementSerial, StoreError> {
        let serial = self.insert(
            sql!("movements/insert"),
            params![
                new.id.uuid(),
                new.kind.name(),
                new.account.0,
                new.to_account.map(|book| book.0),
                new.amount.minor(),
                new.reason,
                new.reference,
                new.requested_by.0,
                new.expires_at.map(Moment::unix_ms),
                now.unix_ms(),
            ],
        )?;
        Ok(MovementSerial(serial))
    }

    /// Notes a movement that was asked for and posted in one call.
    pub fn add_posted_movement(
        &self,
        new: &NewMovement,
        entry: EntrySeq,
        clearing: Clearing,
        now: Moment,
    ) -> Result<MovementSerial, StoreError> {
        let serial = self.insert(
            sql!("movements/insert_posted"),
            (
                new.id.uuid(),
                new.kind.name(),
                new.account.0,
                new.amount.minor(),
                new.requested_by.0,
                clearing.at.map(Moment::unix_ms),
                clearing.uncleared.minor(),
                entry.0,
                now.unix_ms(),
            ),
        )?;
        Ok(MovementSerial(serial))
    }

    /// Lets a movement go on.
    pub fn step_movement(&self, serial: MovementSerial, step: &MovementStep, now: Moment) -> Result<(), StoreError> {
        self.run(
            sql!("movements/update"),
            (
                serial.0,
                step.state.name(),
                step.posted.minor(),
                step.approved_by.map(|principal| principal.0),
                step.clears_at.map(Moment::unix_ms),
                step.uncleared.minor(),
                step.entry.map(|seq| seq.0),
                now.unix_ms(),
            ),
        )?;
        Ok(())
    }

    /// Notes that all of a deposit is available.
    pub fn clear_movement(&self, serial: MovementSerial, now: Moment) -> Result<(), StoreError> {
        let sql = "UPDATE movements SET uncleared_minor = 0, updated_at = ?2 WHERE id = ?1";
        self.run(sql, (serial.0, now.unix_ms())).map(|_| ())
    }

    /// Changes what is held, uncleared and pending on a book.
    pub fn reserve(
        &self,
        book: BookId,
        held: Amount,
        uncleared: Amount,
        pending: Amount,
        now: Moment,
    ) -> Result<(), StoreError> {
        self.run(sql!("books/reserve"), (book.0, held.minor(), uncleared.minor(), pending.minor()))?;
        self.record_figures(book, now)
    }
}
