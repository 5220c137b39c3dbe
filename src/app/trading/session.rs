//! One run over events: what is looked up once, and how the fate of each event is recorded.

use crate::app::accounts::account_awaited;
use crate::app::trading::derive::Work;
use crate::app::{Context, Failure, to_json};
use crate::domain::access::Visibility;
use crate::domain::accounts::Account;
use crate::domain::ids::{AccountId, CurrencySerial, GroupId, ParkedId, SymbolSerial};
use crate::domain::reference::{DeclaredGroup, Symbol};
use crate::domain::refusal::Refusal;
use crate::domain::trading::{
    AHEAD_MAX_S, Instrument, MissingRate, News, PlatformEvent, Quote, RateTable, SnapshotPurpose, Verdict,
};
use crate::store::{Market, NewParked, Platform};
use aws_lc_rs::digest;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

/// What becomes of an event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    Accepted,
    Duplicate,
    Parked {
        reason: Verdict,
        /// What it waits for, such as `symbol:EURUSD`; empty if only an operator can help.
        waits_for: String,
        message: String,
    },
    Refused {
        reason: Verdict,
        message: String,
    },
}

impl Fate {
    pub(super) fn refused(reason: Verdict, message: impl Into<String>) -> Fate {
        Fate::Refused { reason, message: message.into() }
    }

    pub(super) fn parked(reason: Verdict, waits_for: String, message: impl Into<String>) -> Fate {
        Fate::Parked { reason, waits_for, message: message.into() }
    }
}

/// A symbol with what figures are computed from.
#[derive(Debug)]
pub(super) struct Traded {
    pub(super) symbol: Symbol,
    pub(super) instrument: Instrument,
}

pub(super) struct Session<'a, 'c> {
    pub(super) context: &'a Context<'c>,
    platforms: HashMap<String, Platform>,
    symbols: HashMap<String, Option<Rc<Traded>>>,
    accounts: HashMap<(String, String), AccountId>,
    /// The prices and rates of now.
    market: Market<'a, 'c>,
    groups: HashMap<GroupId, Rc<DeclaredGroup>>,
    /// The latest quotes of this run that are not written yet, with the nanoseconds beyond their times.
    pub(super) quotes: HashMap<SymbolSerial, (Quote, u32)>,
    /// What appeared in this run that parked events may wait for.
    pub(super) appeared: BTreeSet<String>,
    /// Whether any event waits.
    pub(super) has_parked: bool,
}

impl<'a, 'c> Session<'a, 'c> {
    pub(super) fn new(context: &'a Context<'c>) -> Result<Self, Failure> {
        let platforms = context.tx.platforms()?.into_iter().map(|it| (it.declared.code.clone(), it));
        Ok(Session {
            context,
            platforms: platforms.collect(),
            symbols: HashMap::new(),
            accounts: HashMap::new(),
            market: Market::of(context.tx),
            groups: HashMap::new(),
            quotes: HashMap::new(),
            appeared: BTreeSet::new(),
            has_parked: context.tx.has_parked()?,
        })
    }

    pub(super) fn platform(&self, event: &PlatformEvent) -> Result<&Platform, Fate> {
        let unknown = || Fate::refused(Verdict::UnknownPlatform, format!("there is no platform {}", event.platform));
        self.platforms.get(&event.platform).ok_or_else(unknown)
    }

    /// Whether an event waits.
    pub(super) fn is_waiting(&self, platform: &str, event: &str) -> Result<bool, Failure> {
        match self.platforms.get(platform) {
            Some(platform) => Ok(self.context.tx.is_parked(platform.serial, event)?),
            None => Ok(false),
        }
    }

    /// The account that an event is about. Err: it has none, or cannot be taken at all.
    pub(super) fn account_of(&mut self, event: &PlatformEvent) -> Result<Result<AccountId, Fate>, Failure> {
        let platform = match self.platform(event) {
            Ok(platform) => platform.serial,
            Err(fate) => return Ok(Err(fate)),
        };
        let key = (event.platform.clone(), event.account.clone());
        if let Some(known) = self.accounts.get(&key) {
            return Ok(Ok(*known));
        }
        let Some(found) = self.context.tx.account_named(platform, &event.account)? else {
            let message = format!("no account {} is known here or linked to {}", event.account, event.platform);
            return Ok(Err(Fate::parked(Verdict::UnknownAccount, account_awaited(&event.account), message)));
        };
        self.accounts.insert(key, found);
        Ok(Ok(found))
    }

    /// The symbol of an event. Err: the event waits for it.
    pub(super) fn symbol(&mut self, code: &str) -> Result<Result<Rc<Traded>, Fate>, Failure> {
        if !self.symbols.contains_key(code) {
            let found = self.context.tx.symbol(code)?;
            let traded = found.map(|symbol| Rc::new(Traded { instrument: Instrument::from(&symbol), symbol }));
            self.symbols.insert(code.to_owned(), traded);
        }
        let parked = || {
            let message = format!("there is no symbol {code} in the reference data");
            Fate::parked(Verdict::UnknownSymbol, format!("symbol:{code}"), message)
        };
        Ok(self.symbols.get(code).cloned().flatten().ok_or_else(parked))
    }

    /// The rates of now.
    pub(super) fn rates(&self) -> Result<&RateTable, Failure> {
        Ok(self.market.rates()?)
    }

    /// Prices and rates are looked up anew after quotes were written.
    pub(super) fn forget_prices(&mut self) {
        self.market = Market::of(self.context.tx);
    }

    /// An account at the prices of now.
    pub(super) fn account(&self, id: AccountId) -> Result<Account, Failure> {
        let account = self.context.tx.account_at(&self.market, id, &Visibility::Everything)?;
        Ok(account.ok_or(Refusal::Internal)?)
    }

    /// Begins to work on the events of an account.
    pub(super) fn work_on(&mut self, account: Account) -> Result<Work, Failure> {
        let group = match self.groups.get(&account.group) {
            Some(known) => Rc::clone(known),
            None => {
                let group = Rc::new(self.context.tx.group(account.group)?.ok_or(Refusal::Internal)?.declared);
                self.groups.insert(account.group, Rc::clone(&group));
                group
            }
        };
        Ok(Work::new(account, group))
    }

    /// Parks an event for a rate.
    pub(super) fn without_rate(&self, missing: MissingRate) -> Result<Fate, Failure> {
        let code = |serial: CurrencySerial| -> Result<String, Failure> {
            Ok(self.context.tx.currency_code(serial)?.ok_or(Refusal::Internal)?.to_string())
        };
        let (from, to) = (code(missing.from)?, code(missing.to)?);
        let message = format!("there is no rate from {from} to {to}: no quote and no reference rate");
        Ok(Fate::parked(Verdict::NoRate, format!("rate:{from}/{to}"), message))
    }

    /// Finds out what becomes of an event that was not taken before, and records it. `parked` is the row of an event
    /// that waited.
    pub(super) fn settle_fate(
        &mut self,
        event: &PlatformEvent,
        sent: &str,
        parked: Option<i64>,
        take: impl FnOnce(&mut Self) -> Result<Fate, Failure>,
    ) -> Result<Fate, Failure> {
        let platform = match self.platform(event) {
            Ok(platform) => platform.serial,
            Err(fate) => return Ok(fate),
        };
        let tx = self.context.tx;
        if let Some(row) = parked {
            let fate = take(self)?;
            match &fate {
                Fate::Accepted | Fate::Duplicate => tx.unpark(row)?,
                Fate::Parked { reason, waits_for, .. } => tx.park_again(row, *reason, waits_for)?,
                // Nothing is lost: an operator sees why it cannot be applied.
                Fate::Refused { reason, .. } => tx.park_again(row, *reason, "")?,
            }
            return Ok(fate);
        }
        if event.at > self.context.clock_now.plus_s(AHEAD_MAX_S) {
            let message = format!("{} is more than {AHEAD_MAX_S} s in the future", event.at);
            return Ok(Fate::refused(Verdict::InTheFuture, message));
        }
        let digest = digest_of(event)?;
        if let Some(known) = tx.event_digest(platform, &event.id)? {
            // It may be from before nanoseconds were kept.
            if known == digest || event.nanos > 0 && known == digest_of(&PlatformEvent { nanos: 0, ..event.clone() })? {
                return Ok(Fate::Duplicate);
            }
            let message = format!("event {} of {} came before, with other contents", event.id, event.platform);
            let conflict = Fate::refused(Verdict::ConflictingRepeat, message);
            // An execution may be told again with more, which is judged by its figures.
            if !self.has_execution(event)? {
                return Ok(conflict);
            }
            return Ok(match take(self)? {
                Fate::Parked { .. } => conflict,
                fate => fate,
            });
        }
        let fate = take(self)?;
        match &fate {
            Fate::Accepted => tx.keep_event(platform, &event.id, &digest)?,
            Fate::Parked { reason, waits_for, .. } => {
                tx.keep_event(platform, &event.id, &digest)?;
                let stored = to_json(event)?;
                let id = ParkedId::new(self.context.now, self.context.app.randomness());
                let (event_id, event, reason) = (&event.id, &stored, *reason);
                tx.park(&NewParked { id, platform, event_id, sent, event, reason, waits_for }, self.context.now)?;
                self.has_parked = true;
            }
            Fate::Duplicate | Fate::Refused { .. } => {}
        }
        Ok(fate)
    }

    /// Whether an event tells again of an execution that is recorded.
    fn has_execution(&mut self, event: &PlatformEvent) -> Result<bool, Failure> {
        let News::Execution(report) = &event.news else { return Ok(false) };
        let Ok(platform) = self.platform(event).map(|platform| platform.serial) else { return Ok(false) };
        let Ok(account) = self.account_of(event)? else { return Ok(false) };
        let tx = self.context.tx;
        let account = self.account(account)?;
        Ok(tx.execution(account.book, platform, &report.execution)?.is_some())
    }

    pub(super) fn symbol_code(&self, serial: SymbolSerial) -> Result<String, Failure> {
        let symbol = self.context.tx.symbol_numbered(serial)?.ok_or(Refusal::Internal)?;
        Ok(symbol.declared.code)
    }

    /// Takes events of an account; all or, if money cannot be posted, none. A snapshot that opens positions comes
    /// before the others, and what is compared comes after them.
    pub(super) fn take_in_savepoint(
        &mut self,
        account: AccountId,
        items: &[(&PlatformEvent, &str, Option<i64>)],
    ) -> Result<Vec<Fate>, Failure> {
        let turn = |event: &PlatformEvent| match &event.news {
            News::Snapshot(view) if view.purpose == SnapshotPurpose::Opening => 0,
            News::Snapshot(_) => 2,
            _ => 1,
        };
        let mut fates = vec![Fate::Accepted; items.len()];
        for wanted in 0..3 {
            if !items.iter().any(|(event, ..)| turn(event) == wanted) {
                continue;
            }
            let mut work = self.work_on(self.account(account)?)?;
            for (fate, (event, sent, parked)) in fates.iter_mut().zip(items) {
                if turn(event) == wanted {
                    *fate = self.settle_fate(event, sent, *parked, |session| session.take(&mut work, event))?;
                }
            }
            work.settle(self.context)?;
        }
        Ok(fates)
    }

    fn take(&mut self, work: &mut Work, event: &PlatformEvent) -> Result<Fate, Failure> {
        if let Some(fate) = self.refuse_closed(work, event)? {
            return Ok(fate);
        }
        match &event.news {
            News::Order(report) => self.take_order(work, event, report),
            News::Execution(report) => self.take_execution(work, event, report),
            News::Correction(correction) => self.take_correction(work, event, correction),
            News::Charge(charge) => self.take_charge(work, event, charge),
            News::Snapshot(view) => self.take_snapshot(work, event, view),
            News::Split(_) | News::Quote(_) => Err(Refusal::Internal.into()),
        }
    }
}

/// The first half of the hash of what an event says.
fn digest_of(event: &PlatformEvent) -> Result<[u8; 16], Failure> {
    let hash = digest::digest(&digest::SHA256, to_json(event)?.as_bytes());
    let mut half = [0; 16];
    half.copy_from_slice(hash.as_ref().get(..16).ok_or(Refusal::Internal)?);
    Ok(half)
}
