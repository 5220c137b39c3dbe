//! Executions as they arrive: recorded once, and completed by repeats that tell more.

use crate::app::trading::charges::rounded;
use crate::app::trading::derive::Work;
use crate::app::trading::session::{Fate, Session, Traded};
use crate::app::{Failure, to_json};
use crate::domain::accounts::{Account, PositionMode};
use crate::domain::ids::{CurrencySerial, PlatformSerial};
use crate::domain::money::{Amount, DecimalText};
use crate::domain::reference::CurrencyCode;
use crate::domain::refusal::{Field, Refusal};
use crate::domain::trading::{
    AlertKind, Booked, BookedAmounts, Exact, ExecutionEntry, ExecutionReport, Figures, FillRates, Parts, Place,
    PlatformEvent, Recorded, RecordedRates, Verdict, VolumeUnit,
};
use crate::store::{Execution, ExecutionOutcome, NewExecution};
use std::rc::Rc;

impl Session<'_, '_> {
    pub(super) fn take_execution(
        &mut self,
        work: &mut Work,
        event: &PlatformEvent,
        report: &ExecutionReport,
    ) -> Result<Fate, Failure> {
        let traded = match self.symbol(&report.symbol)? {
            Ok(traded) => traded,
            Err(fate) => return Ok(fate),
        };
        let (platform, unit) = match self.platform(event) {
            Ok(platform) => (platform.serial, platform.declared.volume_unit),
            Err(fate) => return Ok(fate),
        };
        let figures = &report.figures;
        if let Some(fate) = refuse_position(&work.account, figures) {
            return Ok(fate);
        }
        let recorded = match self.recorded(&work.account, &traded, figures, unit)? {
            Ok(recorded) => recorded,
            Err(fate) => return Ok(fate),
        };
        let (book, id) = (work.account.book, report.execution.as_str());
        let fate = match self.context.tx.execution(book, platform, id)? {
            Some(known) => self.complete(work, &traded, known, &recorded)?,
            None if self.context.tx.has_correction(book, platform, id)? => Fate::refused(
                Verdict::ConflictingRepeat,
                format!("{id} is a correction; an execution needs its own id"),
            ),
            None => {
                let (at, nanos, sequence) = (event.at, event.nanos, event.sequence);
                let place = Place { at, nanos, sequence, execution_id: id.to_owned(), platform };
                self.record(work, &traded, place, recorded)?;
                Fate::Accepted
            }
        };
        if fate == Fate::Accepted {
            self.appeared.insert(awaited(platform, &work.account, id));
        }
        Ok(fate)
    }

    /// What would become of a new execution.
    pub(super) fn try_execution(
        &mut self,
        work: &Work,
        event: &PlatformEvent,
        report: &ExecutionReport,
    ) -> Result<Fate, Failure> {
        let traded = match self.symbol(&report.symbol)? {
            Ok(traded) => traded,
            Err(fate) => return Ok(fate),
        };
        let unit = match self.platform(event) {
            Ok(platform) => platform.declared.volume_unit,
            Err(fate) => return Ok(fate),
        };
        if let Some(fate) = refuse_position(&work.account, &report.figures) {
            return Ok(fate);
        }
        let recorded = self.recorded(&work.account, &traded, &report.figures, unit)?;
        Ok(recorded.err().unwrap_or(Fate::Accepted))
    }

    fn record(
        &mut self,
        work: &mut Work,
        traded: &Rc<Traded>,
        place: Place,
        recorded: Recorded,
    ) -> Result<(), Failure> {
        let tx = self.context.tx;
        let (account, symbol) = (work.account.book, traded.symbol.serial);
        let (arrived, protection) = (work.arrived(self.context)?, work.protection());
        let new = NewExecution { account, symbol, place: &place, recorded: &recorded, arrived, protection };
        let serial = tx.add_execution(&new)?;
        let execution = Execution {
            serial,
            account,
            symbol,
            place,
            recorded,
            version: None,
            is_cancelled: false,
            arrived,
            outcome: ExecutionOutcome::default(),
            posted: Parts::default(),
        };
        if let Some(order) = &execution.recorded.order
            && let Some(order) = tx.order(account, execution.place.platform, order)?
        {
            self.check_cancellation(work, &order, &execution)?;
        }
        if execution.recorded.booked.swap.is_some_and(|swap| !swap.is_zero()) {
            self.check_swap(work, &execution)?;
        }
        work.came(self.context, traded, execution)
    }

    /// Swap of a swap-free group is posted if a deal bears it, and reported.
    fn check_swap(&self, work: &Work, execution: &Execution) -> Result<(), Failure> {
        let group = &work.group;
        if group.is_swap_free {
            let subject = execution.place.execution_id.as_str();
            let swap = execution.recorded.booked.swap.unwrap_or_default().to_text(work.account.decimals);
            let detail = serde_json::json!({"group": group.code, "swap": swap});
            self.raise((AlertKind::SwapFree, Some(work.account.book), subject), &detail)?;
        }
        Ok(())
    }

    /// Takes a repeat of an execution.
    fn complete(
        &mut self,
        work: &mut Work,
        traded: &Rc<Traded>,
        mut known: Execution,
        repeat: &Recorded,
    ) -> Result<Fate, Failure> {
        let id = known.place.execution_id.clone();
        let conflict = |what: &str| {
            let message = format!("execution {id} came before, with another {what}");
            Fate::refused(Verdict::ConflictingRepeat, message)
        };
        if known.symbol != traded.symbol.serial {
            return Ok(conflict("symbol"));
        }
        // What arrived first counts, even if it was corrected since.
        let first = match &known.version {
            None => None,
            Some(_) => self.context.tx.first_figures(known.serial)?,
        };
        let mut original = match &first {
            None => known.recorded.clone(),
            Some(figures) => read_figures(figures)?,
        };
        let before = to_json(&original)?;
        match original.complete(repeat) {
            Err(what) => return Ok(conflict(what)),
            Ok(false) => return Ok(Fate::Duplicate),
            Ok(true) => {}
        }
        let tx = self.context.tx;
        if first.is_none() {
            known.recorded = original;
            tx.change_execution(&known, &before, None, self.context.now)?;
        } else {
            tx.set_first_figures(known.serial, &to_json(&original)?)?;
            known.recorded.fill_from(&original);
            tx.set_figures(&known)?;
        }
        work.changed(self.context, traded, known.place.at)?;
        Ok(Fate::Accepted)
    }

    /// The figures in lots and in the account's currency, with the rates that they need.
    pub(super) fn recorded(
        &mut self,
        account: &Account,
        traded: &Traded,
        figures: &Figures,
        default_unit: VolumeUnit,
    ) -> Result<Result<Recorded, Fate>, Failure> {
        let given = (figures.profit_rate.map(Exact::from), figures.margin_rate.map(Exact::from));
        let (symbol, currency) = (&traded.instrument, account.standing.currency);
        // Most fills bring their rates, or need none.
        let empty = crate::domain::trading::RateTable::default();
        let quick = FillRates::find(symbol, currency, (given.0.as_ref(), given.1.as_ref()), &empty);
        let found = match quick {
            Ok(rates) => rates,
            Err(_) => match FillRates::find(symbol, currency, (given.0.as_ref(), given.1.as_ref()), self.rates()?) {
                Ok(rates) => rates,
                Err(missing) => return Ok(Err(self.without_rate(missing)?)),
            },
        };
        let booked = match self.booked(account, &figures.booked)? {
            Ok(booked) => booked,
            Err(fate) => return Ok(Err(fate)),
        };
        let lots = |quantity: DecimalText| symbol.lots(&quantity.into(), figures.unit.unwrap_or(default_unit));
        Ok(Ok(Recorded {
            side: figures.side,
            entry: figures.entry,
            quantity: figures.quantity.map(lots),
            price: figures.price.map(Exact::from),
            order: figures.order.clone(),
            position_ref: figures.position_ref.clone(),
            opposite_ref: figures.opposite_ref.clone().filter(|_| figures.entry == Some(ExecutionEntry::OutBy)),
            reason: figures.reason.clone(),
            rates: RecordedRates {
                has_profit: given.0.is_some(),
                has_margin: given.1.is_some(),
                profit: found.profit.low,
                profit_high: found.profit.high,
                margin: found.margin,
            },
            booked,
        }))
    }

    /// What the platform booked, rounded to the account's currency.
    fn booked(&mut self, account: &Account, booked: &Booked) -> Result<Result<BookedAmounts, Fate>, Failure> {
        let commission = match self.commission(account, booked)? {
            Ok(commission) => commission,
            Err(fate) => return Ok(Err(fate)),
        };
        let round = |amount: Option<DecimalText>| amount.map(|it| rounded(it, account.decimals)).transpose();
        let amounts = || {
            Ok(BookedAmounts {
                profit: round(booked.profit)?,
                commission,
                swap: round(booked.swap)?,
                fee: round(booked.fee)?,
                balance_after: round(booked.balance_after)?,
            })
        };
        Ok(amounts())
    }

    /// A commission can be in another currency; it is converted and then rounded once.
    fn commission(&mut self, account: &Account, booked: &Booked) -> Result<Result<Option<Amount>, Fate>, Failure> {
        let Some(commission) = booked.commission else { return Ok(Ok(None)) };
        let other = booked.commission_currency.as_deref().filter(|code| *code != account.currency.as_str());
        let Some(code) = other else {
            return Ok(rounded(commission, account.decimals).map(Some));
        };
        let amount = Exact::from(commission);
        let converted = match booked.commission_rate {
            Some(rate) => &amount * &Exact::from(rate),
            None => {
                let Some(from) = self.currency(code)? else {
                    let message = format!("there is no currency {code} in the reference data");
                    return Ok(Err(Fate::refused(Verdict::Invalid, message)));
                };
                match self.rates()?.find(from, account.standing.currency) {
                    Ok(found) => found.rate.convert(&amount),
                    Err(missing) => return Ok(Err(self.without_rate(missing)?)),
                }
            }
        };
        let rounded = converted.round_to(account.decimals);
        Ok(rounded.map(Some).ok_or_else(|| Fate::refused(Verdict::Overflow, "the commission is too large")))
    }

    pub(super) fn currency(&self, code: &str) -> Result<Option<CurrencySerial>, Failure> {
        let Ok(code) = CurrencyCode::parse(Field::Currency, code) else { return Ok(None) };
        Ok(self.context.tx.currency(&code)?.map(|currency| currency.serial))
    }
}

impl Recorded {
    /// Takes over what a correction left out and a repeat of the first figures told since.
    fn fill_from(&mut self, original: &Recorded) {
        // What is there contradicts nothing that is missing here.
        let mut missing = original.clone();
        missing.quantity.clone_from(&self.quantity);
        missing.side = self.side.or(missing.side);
        missing.price = self.price.clone().or(missing.price);
        missing.entry = self.entry.or(missing.entry);
        missing.order = self.order.clone().or(missing.order);
        missing.position_ref = self.position_ref.clone().or(missing.position_ref);
        let is_close_by = missing.entry == Some(ExecutionEntry::OutBy);
        missing.opposite_ref = self.opposite_ref.clone().or(missing.opposite_ref).filter(|_| is_close_by);
        missing.reason = self.reason.clone().or(missing.reason);
        missing.booked = BookedAmounts {
            profit: self.booked.profit.or(missing.booked.profit),
            commission: self.booked.commission.or(missing.booked.commission),
            swap: self.booked.swap.or(missing.booked.swap),
            fee: self.booked.fee.or(missing.booked.fee),
            balance_after: self.booked.balance_after.or(missing.booked.balance_after),
        };
        if self.rates.has_profit {
            missing.rates.profit.clone_from(&self.rates.profit);
            missing.rates.profit_high.clone_from(&self.rates.profit_high);
        }
        if self.rates.has_margin {
            missing.rates.margin.clone_from(&self.rates.margin);
        }
        missing.rates.has_profit |= self.rates.has_profit;
        missing.rates.has_margin |= self.rates.has_margin;
        *self = missing;
    }
}

pub(super) fn read_figures(figures: &str) -> Result<Recorded, Failure> {
    serde_json::from_str(figures).map_err(|error| {
        tracing::error!(%error, "failed to read the figures of an execution");
        Refusal::Internal.into()
    })
}

/// What an event waits for that corrects an execution, or a correction of one.
pub(super) fn awaited(platform: PlatformSerial, account: &Account, execution: &str) -> String {
    format!("execution:{platform}/{}/{execution}", account.number)
}

/// Refuses figures that do not say which position they change.
pub(super) fn refuse_position(account: &Account, figures: &Figures) -> Option<Fate> {
    let is_close_by = figures.entry == Some(ExecutionEntry::OutBy);
    let names_none = figures.position_ref.is_none();
    match account.position_mode {
        Some(PositionMode::Hedging) if names_none => {
            Some(Fate::refused(Verdict::Invalid, "the account is in hedging mode: the position is missing"))
        }
        Some(PositionMode::Netting) if is_close_by => {
            Some(Fate::refused(Verdict::Invalid, "the account is in netting mode: there is no close-by"))
        }
        _ => None,
    }
}
