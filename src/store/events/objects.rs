//! Events joined with their objects. An event stores only what changed; names and texts, which may have to be erased,
//! come from the current row of the object.

use crate::domain::access::Visibility;
use crate::domain::accounts::Account;
use crate::domain::approvals::Approval;
use crate::domain::bank::ExternalAccount;
use crate::domain::clients::Profile;
use crate::domain::clock::Moment;
use crate::domain::events::{
    AccountPlaces, AccountSnapshot, BookBalances, ContributionSnapshot, EntrySnapshot, EventType, LEGACY_VERSION,
    OwnerSnapshot, ReferenceChange, Snapshot,
};
use crate::domain::ids::{
    AccountId, ApprovalId, BookId, EntryId, EntrySeq, EventSeq, ExternalAccountId, GroupId, MovementId, MovementSerial,
    PortfolioId, PrincipalId, PrincipalSerial, ProfileId,
};
use crate::domain::ledger::{EntryKind, Movement};
use crate::domain::money::{Amount, Decimals};
use crate::domain::reference::CurrencyCode;
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, named, sql};
use crate::store::events::StoredEvent;
use crate::store::reference::decimals;
use rusqlite::Row;
use std::collections::HashMap;
use uuid::Uuid;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EventRow {
    pub seq: EventSeq,
    pub kind: EventType,
    /// The public id of the object.
    pub object: Uuid,
    /// The client concerned; none if there is none.
    pub profile: Option<ProfileId>,
    /// The operator, API client or system that made the change.
    pub actor: PrincipalId,
    pub actor_name: String,
    pub recorded_at: Moment,
    /// The books that it changed, or the book of its account. Legacy events have them in their text.
    pub balances: Vec<BookLine>,
    /// The object as it was after the event.
    pub content: EventContent,
}

/// A book after an event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BookLine {
    pub book: BookName,
    /// The amount that an entry posted on it; none for other events.
    pub amount: Option<Amount>,
    pub balances: BookBalances,
}

/// What identifies a book and is needed to read its figures. It never changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BookName {
    pub book: BookId,
    /// The account of the book; none for a house account.
    pub account: Option<AccountId>,
    /// `client`, or the name of the house account.
    pub role: String,
    pub currency: CurrencyCode,
    pub decimals: Decimals,
    pub is_demo: bool,
}

/// The object of an event as it was afterwards, except for names and free texts, which are current.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EventContent {
    /// A posted entry. Its legs are the balances of the event.
    Entry(EntryContent),
    Movement(Box<Movement>),
    Account(Box<Account>),
    Owner {
        /// None if the reader may not see the client.
        profile: Option<ProfileId>,
        owner: OwnerSnapshot,
    },
    Profile(Box<Profile>),
    /// An account at another bank, with its present labels.
    External(Box<ExternalAccount>),
    Contribution(Box<ContributionContent>),
    Approval(Box<Approval>),
    Reference(Vec<ReferenceChange>),
    Restore(RestoreContent),
    /// An event stored before events kept snapshots.
    Legacy(LegacyContent),
}

/// A plan of recurring contributions, and what a day brought.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ContributionContent {
    pub account: AccountId,
    pub currency: CurrencyCode,
    pub decimals: Decimals,
    pub plan: ContributionSnapshot,
    /// The deposit that was announced.
    pub movement: Option<MovementId>,
}

/// An entry as one of its events reports it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EntryContent {
    pub id: EntryId,
    pub seq: EntrySeq,
    pub kind: EntryKind,
    pub recorded_at: Moment,
    /// None if it is effective when it was recorded.
    pub effective_at: Option<Moment>,
    pub reverses: Option<EntrySeq>,
    /// The caller's own reference; only in the first event of the entry.
    pub reference: Option<String>,
    /// The movement that it posts; only in the first event of the entry.
    pub movement: Option<MovementId>,
    /// Empty if there is none or it was erased.
    pub comment: String,
}

/// A restore. Numbers of entries and events between the last and the next ones are skipped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RestoreContent {
    /// The timeline that it began.
    pub timeline: i64,
    /// The name of the backup that it started from.
    pub backup: String,
    /// The requested moment; none for the latest possible.
    pub asked_for: Option<Moment>,
    /// The time of the last restored commit.
    pub reached_at: Moment,
    /// The last restored entry.
    pub last_entry: EntrySeq,
    /// The last restored event.
    pub last_event: EventSeq,
    /// The first entry of the new timeline.
    pub next_entry: EntrySeq,
    /// The first event of the new timeline.
    pub next_event: EventSeq,
}

/// A legacy event, as the native API showed it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LegacyContent {
    /// The JSON of the event's `data`.
    pub text: String,
    /// Whether lines of house accounts must be hidden from the reader.
    pub hides_house: bool,
    /// Whether the receiving account must be hidden from the reader.
    pub hides_receiver: bool,
}

/// Caches what many events have in common.
struct Lookup<'t, 'c> {
    tx: &'t ReadTx<'c>,
    installation: Uuid,
    books: HashMap<BookId, BookName>,
    principals: HashMap<i64, (PrincipalId, String)>,
}

pub(in crate::store) fn book_name(book: BookId, row: &Row<'_>) -> rusqlite::Result<BookName> {
    Ok(BookName {
        book,
        account: row.get::<_, Option<Uuid>>("account_uuid")?.map(AccountId::from),
        role: row.get("role")?,
        currency: CurrencyCode::from_stored(row.get("code")?),
        decimals: decimals(row.get("decimals")?)?,
        is_demo: row.get("demo")?,
    })
}

fn restore_content(row: &Row<'_>) -> rusqlite::Result<RestoreContent> {
    Ok(RestoreContent {
        timeline: row.get("timeline")?,
        backup: row.get("backup")?,
        asked_for: row.get::<_, Option<i64>>("asked_for")?.map(Moment::from_unix_ms),
        reached_at: Moment::from_unix_ms(row.get("reached_at")?),
        last_entry: EntrySeq(row.get("last_entry")?),
        last_event: EventSeq(row.get("last_event")?),
        next_entry: EntrySeq(row.get("next_entry")?),
        next_event: EventSeq(row.get("next_event")?),
    })
}

impl ReadTx<'_> {
    pub(in crate::store) fn with_objects(&self, stored: Vec<StoredEvent>) -> Result<Vec<EventRow>, StoreError> {
        let installation = self.one("SELECT uuid FROM installation", [], |row| row.get(0))?;
        let mut lookup = Lookup { tx: self, installation, books: HashMap::default(), principals: HashMap::default() };
        stored.into_iter().map(|event| lookup.row(event)).collect()
    }

    /// The receiving account of a movement; none if it is not a transfer.
    pub fn receiver_of_movement(&self, id: MovementId) -> Result<Option<AccountId>, StoreError> {
        let sql = "SELECT t.uuid FROM movements m JOIN accounts t ON t.id = m.to_account_id WHERE m.uuid = ?1";
        self.find(sql, [id.uuid()], |row| Ok(AccountId::from(row.get::<_, Uuid>(0)?)))
    }

    fn uuid_of(&self, sql: &'static str, row: i64) -> Result<Uuid, StoreError> {
        self.one(sql, [row], |row| row.get(0))
    }
}

impl Lookup<'_, '_> {
    fn row(&mut self, event: StoredEvent) -> Result<EventRow, StoreError> {
        let kind = event.kind.ok_or_else(|| event.unreadable())?;
        let object = match (event.object, kind) {
            (Some(object), _) => object,
            (None, EventType::ReferenceChanged | EventType::RestoreApplied | EventType::RestoreResumed) => {
                self.installation
            }
            _ => return Err(event.unreadable()),
        };
        let profile = event.profile.map(|serial| self.profile_of(serial)).transpose()?;
        let (actor, actor_name) = self.principal(event.principal)?;
        let (balances, content) = match event.version {
            LEGACY_VERSION => {
                let text = event.payload.clone().ok_or_else(|| event.unreadable())?;
                (Vec::new(), EventContent::Legacy(LegacyContent { text, hides_house: false, hides_receiver: false }))
            }
            _ => {
                let balances = self.lines(&event)?;
                let content = self.content(&event, object, profile, &balances)?;
                (balances, content)
            }
        };
        let (seq, recorded_at) = (EventSeq(event.seq), event.recorded_at);
        Ok(EventRow { seq, kind, object, profile, actor, actor_name, recorded_at, balances, content })
    }

    fn lines(&mut self, event: &StoredEvent) -> Result<Vec<BookLine>, StoreError> {
        let balances = event.balances().ok_or_else(|| event.unreadable())?;
        let legs = event.entry().and_then(|_| event.legs()).unwrap_or_default();
        let line = |(leg, book, balances): (Option<usize>, BookId, BookBalances)| {
            let amount = leg.and_then(|leg| legs.get(leg)).map(|leg| leg.amount);
            Ok(BookLine { book: self.book(book)?, amount, balances })
        };
        balances.into_iter().map(line).collect()
    }

    fn content(
        &self,
        event: &StoredEvent,
        object: Uuid,
        profile: Option<ProfileId>,
        lines: &[BookLine],
    ) -> Result<EventContent, StoreError> {
        let missing = || event.unreadable();
        let (snapshot, then) = (event.snapshot().ok_or_else(missing)?, event.recorded_at);
        let tx = self.tx;
        Ok(match snapshot {
            Snapshot::Entry(entry) => EventContent::Entry(self.entry(event, &entry, lines)?),
            Snapshot::Movement(movement) => {
                let serial = MovementSerial(event.subject.ok_or_else(missing)?);
                let today = tx.movement_by_serial(serial)?.ok_or_else(missing)?;
                let by = PrincipalSerial(event.principal);
                EventContent::Movement(Box::new(movement.applied_to(today, by, then).ok_or_else(missing)?))
            }
            Snapshot::Account(account) => {
                let today = tx.account(AccountId::from(object), &Visibility::Everything)?.ok_or_else(missing)?;
                let places = self.places(&account, profile.ok_or_else(missing)?)?;
                EventContent::Account(Box::new(account.applied_to(today, places, then)))
            }
            Snapshot::Owner(owner) => {
                let profile = owner.profile.map(|serial| self.profile_of(serial.0)).transpose()?;
                EventContent::Owner { profile, owner }
            }
            Snapshot::Profile(profile) => {
                let today = tx.profile(ProfileId::from(object), &Visibility::Everything)?.ok_or_else(missing)?;
                EventContent::Profile(Box::new(profile.applied_to(today, then)))
            }
            Snapshot::External(external) => {
                let id = ExternalAccountId::from(object);
                let today = tx.external_account(id, &Visibility::Everything)?.ok_or_else(missing)?;
                let (status, tries) = (external.status, external.tries);
                EventContent::External(Box::new(ExternalAccount { status, tries, ..today }))
            }
            Snapshot::Contribution(plan) => {
                let account = tx.account(AccountId::from(object), &Visibility::Everything)?.ok_or_else(missing)?;
                let movement = match plan.movement {
                    Some(serial) => tx.movement_by_serial(serial)?.map(|movement| movement.id),
                    None => None,
                };
                let Account { id, currency, decimals, .. } = account;
                EventContent::Contribution(Box::new(ContributionContent {
                    account: id,
                    currency,
                    decimals,
                    plan,
                    movement,
                }))
            }
            Snapshot::Approval => {
                let id = ApprovalId::from(object);
                let approval = tx.approval(id, &Visibility::Everything)?.ok_or_else(missing)?;
                EventContent::Approval(Box::new(approval))
            }
            Snapshot::Reference(reference) => EventContent::Reference(reference.changes),
            Snapshot::Restore => {
                let timeline = event.subject.ok_or_else(missing)?;
                let found = tx.find("SELECT * FROM restores WHERE timeline = ?1", [timeline], restore_content)?;
                EventContent::Restore(found.ok_or_else(missing)?)
            }
        })
    }

    fn entry(
        &self,
        event: &StoredEvent,
        snapshot: &EntrySnapshot,
        lines: &[BookLine],
    ) -> Result<EntryContent, StoreError> {
        let seq = event.subject.ok_or_else(|| event.unreadable())?;
        let of_client = lines.iter().find(|line| line.book.account.is_some()).map(|line| line.book.book.0);
        self.tx.one(sql!("events/entry"), (seq, of_client), |row| {
            let recorded_at = Moment::from_unix_ms(row.get("recorded_at")?);
            let effective_at = Moment::from_unix_ms(row.get("effective_at")?);
            let is_first = !snapshot.is_continuation;
            let reference: Option<String> = row.get("tag")?;
            let movement: Option<Uuid> = row.get("movement_uuid")?;
            Ok(EntryContent {
                id: EntryId::from(row.get::<_, Uuid>("uuid")?),
                seq: EntrySeq(seq),
                kind: named(row, "kind")?,
                recorded_at,
                effective_at: Some(effective_at).filter(|at| *at < recorded_at),
                reverses: row.get::<_, Option<i64>>("reverses_seq")?.map(EntrySeq),
                reference: reference.filter(|_| is_first),
                movement: movement.filter(|_| is_first).map(MovementId::from),
                comment: row.get::<_, Option<String>>("comment")?.unwrap_or_default(),
            })
        })
    }

    fn places(&self, account: &AccountSnapshot, profile: ProfileId) -> Result<AccountPlaces, StoreError> {
        let group = self.tx.uuid_of("SELECT uuid FROM account_groups WHERE id = ?1", account.group.0)?;
        let portfolio = self.tx.uuid_of("SELECT uuid FROM portfolios WHERE id = ?1", account.portfolio.0)?;
        Ok(AccountPlaces { profile, group: GroupId::from(group), portfolio: PortfolioId::from(portfolio) })
    }

    fn profile_of(&self, serial: i64) -> Result<ProfileId, StoreError> {
        Ok(ProfileId::from(self.tx.uuid_of("SELECT uuid FROM profiles WHERE id = ?1", serial)?))
    }

    fn principal(&mut self, serial: i64) -> Result<(PrincipalId, String), StoreError> {
        if let Some(found) = self.principals.get(&serial) {
            return Ok(found.clone());
        }
        let found = self.tx.one("SELECT uuid, name FROM principals WHERE id = ?1", [serial], |row| {
            Ok((PrincipalId::from(row.get::<_, Uuid>(0)?), row.get::<_, String>(1)?))
        })?;
        Ok(self.principals.entry(serial).or_insert(found).clone())
    }

    fn book(&mut self, book: BookId) -> Result<BookName, StoreError> {
        if let Some(found) = self.books.get(&book) {
            return Ok(found.clone());
        }
        let found = self.tx.one(sql!("events/book"), [book.0], |row| book_name(book, row))?;
        Ok(self.books.entry(book).or_insert(found).clone())
    }
}
