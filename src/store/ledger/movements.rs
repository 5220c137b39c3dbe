//! Movements: deposits, withdrawals, transfers and holds.

use crate::domain::access::Visibility;
use crate::domain::clock::Moment;
use crate::domain::ids::{
    AccountId, AccountSerial, BookId, EntryId, EntrySeq, ExternalAccountId, ExternalSerial, MovementId, MovementSerial,
    PrincipalSerial, ProfileSerial,
};
use crate::domain::ledger::{
    Arrived, Clearing, Commissions, ExternalSide, Movement, MovementKind, MovementState, Stage, StageColumns,
};
use crate::domain::money::{Amount, DecimalText, Decimals};
use crate::domain::page::{Listing, Page, Part, Position, Window};
use crate::domain::reference::CurrencyCode;
use crate::store::StoreError;
use crate::store::database::conditions::Conditions;
use crate::store::database::lists::visible_tags;
use crate::store::database::transaction::{ReadTx, WriteTx, named, named_if_any, sql, unless_default, unreadable};
use crate::store::reference::decimals;
use rusqlite::{Row, params};
use uuid::Uuid;

#[derive(Clone, Debug)]
pub struct NewMovement {
    pub id: MovementId,
    pub kind: MovementKind,
    /// For a transfer, the paying account.
    pub account: BookId,
    /// For a transfer, the receiving account.
    pub to_account: Option<BookId>,
    /// For a transfer across currencies, the rate given by the caller.
    pub rate: Option<DecimalText>,
    pub amount: Amount,
    pub reason: String,
    /// The caller's own reference.
    pub reference: Option<String>,
    /// Zero unless it is a deposit.
    pub commissions: Commissions,
    /// Of a deposit or withdrawal, the account elsewhere.
    pub external: Option<ExternalSerial>,
    pub requested_by: PrincipalSerial,
    pub expires_at: Option<Moment>,
}

/// Selects movements in a list; all conditions must hold.
#[derive(Clone, Copy, Debug)]
pub struct MovementFilter {
    pub kind: MovementKind,
    /// For transfers, on either side.
    pub account: Option<BookId>,
    pub state: Option<MovementState>,
}

/// Selects deposits in a list; all conditions must hold.
#[derive(Clone, Debug, Default)]
pub struct DepositFilter {
    /// To any of these accounts; empty for all.
    pub accounts: Vec<AccountSerial>,
    /// To an account of which any of these clients is the primary owner; empty for all.
    pub clients: Vec<ProfileSerial>,
}

/// A movement with the serials of its account and of the primary owner.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NumberedMovement {
    pub movement: Movement,
    pub account: AccountSerial,
    pub client: ProfileSerial,
}

fn numbered(row: &Row<'_>) -> rusqlite::Result<NumberedMovement> {
    Ok(NumberedMovement {
        movement: movement(row)?,
        account: AccountSerial(row.get("account_serial")?),
        client: ProfileSerial(row.get("client_id")?),
    })
}

/// The primary owner of the account has one of the listed tags.
const VISIBLE: &str = "m.account_id IN (SELECT v.id FROM accounts v JOIN profile_tags t ON t.profile_id = v.profile_id
                                        WHERE t.tag IN (SELECT value FROM json_each(?)))";

const TO_ACCOUNTS: &str =
    "m.account_id IN (SELECT v.id FROM accounts v WHERE v.serial IN (SELECT value FROM json_each(?)))";

const TO_CLIENTS: &str =
    "m.account_id IN (SELECT v.id FROM accounts v WHERE v.profile_id IN (SELECT value FROM json_each(?)))";

fn commissions(row: &Row<'_>) -> rusqlite::Result<Commissions> {
    let amount = |column| row.get::<_, Option<i64>>(column).map(|minor| Amount::from_minor(minor.unwrap_or(0)));
    Ok(Commissions { provider: amount("provider_commission_minor")?, vendor: amount("vendor_commission_minor")? })
}

fn moment(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Moment>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Moment::from_unix_ms))
}

fn stage(row: &Row<'_>) -> rusqlite::Result<Stage> {
    let columns = StageColumns {
        state: named(row, "state")?,
        posted: Amount::from_minor(row.get("posted_minor")?),
        approved_by: row.get::<_, Option<i64>>("approved_by")?.map(PrincipalSerial),
        clears_at: moment(row, "clears_at")?,
        uncleared: Amount::from_minor(row.get("uncleared_minor")?),
        entry: row.get::<_, Option<Uuid>>("entry_uuid")?.map(EntryId::from),
    };
    Stage::try_from(columns).map_err(|error| unreadable("state", &error))
}

/// The rate of a transfer across currencies: the one given, or else the quotient of its amounts.
pub(in crate::store) fn transfer_rate(
    given: Option<String>,
    arrived: (Amount, Decimals),
    paid: (Amount, Decimals),
) -> rusqlite::Result<Option<DecimalText>> {
    match given {
        Some(text) => DecimalText::parse(&text).map(Some).map_err(|_| unreadable("rate", &text)),
        None => Ok(DecimalText::quotient(arrived, paid)),
    }
}

fn arrived(row: &Row<'_>) -> rusqlite::Result<Option<Arrived>> {
    let Some(amount) = row.get::<_, Option<i64>>("arrived_minor")?.map(Amount::from_minor) else { return Ok(None) };
    let (paid, currency): (String, String) = (row.get("currency")?, row.get("to_currency")?);
    let decimals_here = decimals(row.get("to_decimals")?)?;
    let paying = (Amount::from_minor(row.get("amount_minor")?), decimals(row.get("decimals")?)?);
    let rate = match paid == currency {
        true => None,
        false => transfer_rate(row.get("rate")?, (amount, decimals_here), paying)?,
    };
    Ok(Some(Arrived { currency: CurrencyCode::from_stored(currency), decimals: decimals_here, amount, rate }))
}

fn external(row: &Row<'_>) -> rusqlite::Result<Option<ExternalSide>> {
    let Some(serial) = row.get::<_, Option<i64>>("external_id")?.map(ExternalSerial) else { return Ok(None) };
    let id = ExternalAccountId::from(row.get::<_, Uuid>("external_uuid")?);
    Ok(Some(ExternalSide { serial, id, step: named_if_any(row, "step")?.unwrap_or_default() }))
}

fn movement(row: &Row<'_>) -> rusqlite::Result<Movement> {
    Ok(Movement {
        serial: MovementSerial(row.get("id")?),
        id: MovementId::from(row.get::<_, Uuid>("uuid")?),
        kind: named(row, "kind")?,
        account: AccountId::from(row.get::<_, Uuid>("account_uuid")?),
        to_account: row.get::<_, Option<Uuid>>("to_account_uuid")?.map(AccountId::from),
        currency: CurrencyCode::from_stored(row.get("currency")?),
        decimals: decimals(row.get("decimals")?)?,
        amount: Amount::from_minor(row.get("amount_minor")?),
        arrived: arrived(row)?,
        commissions: commissions(row)?,
        external: external(row)?,
        stage: stage(row)?,
        reason: row.get("reason")?,
        reference: row.get("reference")?,
        requested_by: PrincipalSerial(row.get("requested_by")?),
        expires_at: moment(row, "expires_at")?,
        created_at: Moment::from_unix_ms(row.get("created_at")?),
        updated_at: Moment::from_unix_ms(row.get("updated_at")?),
    })
}

impl ReadTx<'_> {
    pub fn movement(&self, kind: MovementKind, id: MovementId) -> Result<Option<Movement>, StoreError> {
        let sql = concat!(sql!("movements/columns"), "WHERE m.uuid = ?1 AND m.kind = ?2");
        self.find(sql, (id.uuid(), kind.name()), movement)
    }

    pub fn movement_by_serial(&self, serial: MovementSerial) -> Result<Option<Movement>, StoreError> {
        self.find(concat!(sql!("movements/columns"), "WHERE m.id = ?1"), [serial.0], movement)
    }

    /// The primary owner of the account that paid a transfer. The entry is the transfer's or that of its reversal; none
    /// for other entries.
    pub fn payer_of_transfer(&self, entry: EntrySeq) -> Result<Option<ProfileSerial>, StoreError> {
        self.find(sql!("movements/payer"), [entry.0], |row| row.get(0).map(ProfileSerial))
    }

    /// The movement posted by an entry.
    pub fn movement_of_entry(&self, entry: EntrySeq) -> Result<Option<Movement>, StoreError> {
        self.find(concat!(sql!("movements/columns"), "WHERE m.entry_seq = ?1"), [entry.0], movement)
    }

    /// The deposits of a book that were announced but not settled.
    pub fn announced_deposits(&self, book: BookId) -> Result<Vec<MovementSerial>, StoreError> {
        let sql =
            "SELECT id FROM movements WHERE account_id = ?1 AND kind = 'deposit' AND state = 'pending' ORDER BY id";
        self.all(sql, [book.0], |row| Ok(MovementSerial(row.get(0)?)))
    }

    /// The oldest active hold of a book.
    pub fn first_hold(&self, book: BookId) -> Result<Option<MovementSerial>, StoreError> {
        let sql = "SELECT id FROM movements WHERE account_id = ?1 AND kind = 'hold' AND state = 'pending'
             ORDER BY id LIMIT 1";
        self.find(sql, [book.0], |row| Ok(MovementSerial(row.get(0)?)))
    }

    /// The account of the movement with this kind and reference; for a transfer, the paying account.
    pub fn account_of_movement_reference(
        &self,
        kind: MovementKind,
        reference: &str,
    ) -> Result<Option<AccountId>, StoreError> {
        let sql = "SELECT a.uuid FROM movements m JOIN accounts a ON a.id = m.account_id
             WHERE m.kind = ?1 AND m.reference = ?2";
        self.find(sql, (kind.name(), reference), |row| Ok(AccountId::from(row.get::<_, Uuid>(0)?)))
    }

    /// The first movement of these kinds with a reference.
    pub fn movement_of_reference(
        &self,
        kinds: &[MovementKind],
        reference: &str,
    ) -> Result<Option<MovementSerial>, StoreError> {
        for kind in kinds {
            let sql = "SELECT id FROM movements WHERE kind = ?1 AND reference = ?2";
            if let Some(found) = self.find(sql, (kind.name(), reference), |row| Ok(MovementSerial(row.get(0)?)))? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The movement with a serial, if it is of this kind and its account is visible.
    pub fn movement_numbered(
        &self,
        kind: MovementKind,
        serial: MovementSerial,
        visibility: &Visibility,
    ) -> Result<Option<NumberedMovement>, StoreError> {
        let sql = concat!(sql!("movements/columns"), "WHERE m.id = ?1 AND m.kind = ?2");
        let Some(found) = self.find(sql, (serial.0, kind.name()), numbered)? else { return Ok(None) };
        Ok(self.is_profile_visible(found.client, visibility)?.then_some(found))
    }

    /// The visible deposits in a window, in the order of creation, and how many match in total.
    pub fn deposits_in(
        &self,
        filter: &DepositFilter,
        visibility: &Visibility,
        window: Window,
    ) -> Result<(Vec<NumberedMovement>, u64), StoreError> {
        let list = |numbers: Vec<i64>| (!numbers.is_empty()).then(|| serde_json::Value::from(numbers).to_string());
        let mut conditions = Conditions::on("movements", "m");
        conditions.add("m.kind = 'deposit'");
        conditions.if_any(TO_ACCOUNTS, list(filter.accounts.iter().map(|serial| serial.0).collect()));
        conditions.if_any(TO_CLIENTS, list(filter.clients.iter().map(|serial| serial.0).collect()));
        conditions.visible(VISIBLE, visibility);
        self.window(conditions, concat!(sql!("movements/columns"), "WHERE m.id = ?1"), window, numbered)
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
        let before = page.position().map_or(i64::MAX, |shown| shown.row);
        let fetched = self.all(
            sql!("movements/columns", "movements/matching", "movements/page"),
            params![kind, account, state, tags, before, page.fetched(), page.offset()],
            movement,
        )?;
        let total =
            self.one(sql!("movements/count", "movements/matching"), params![kind, account, state, tags], |row| {
                row.get(0)
            })?;
        Ok(Part::cut(fetched, page.size(), |movement| Position::of(movement.serial.0)).of(total, page))
    }
}

fn minor_if_any(amount: Amount) -> Option<i64> {
    unless_default(amount.minor())
}

impl WriteTx<'_> {
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
                new.rate.map(String::from),
                new.external.map(|external| external.0),
            ],
        )?;
        Ok(MovementSerial(serial))
    }

    /// Adds a movement that was requested and posted in one call.
    pub fn add_posted_movement(
        &self,
        new: &NewMovement,
        entry: EntrySeq,
        clearing: Option<Clearing>,
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
                clearing.map(|clearing| clearing.at.unix_ms()),
                clearing.map_or(0, |clearing| clearing.uncleared.minor()),
                entry.0,
                now.unix_ms(),
                minor_if_any(new.commissions.provider),
                minor_if_any(new.commissions.vendor),
            ),
        )?;
        Ok(MovementSerial(serial))
    }

    /// Stores the current stage of a movement.
    pub fn save_stage(&self, movement: &Movement) -> Result<(), StoreError> {
        let columns = StageColumns::from(movement.stage);
        self.run(
            sql!("movements/update"),
            (
                movement.serial.0,
                columns.state.name(),
                columns.posted.minor(),
                columns.approved_by.map(|principal| principal.0),
                columns.clears_at.map(Moment::unix_ms),
                columns.uncleared.minor(),
                columns.entry.map(EntryId::uuid),
                movement.updated_at.unix_ms(),
            ),
        )?;
        Ok(())
    }

    /// Adds to what is held, uncleared and pending on a book.
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
