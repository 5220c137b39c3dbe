//! Positions and money after events of an account: what follows from its executions is derived, and what differs from
//! what was posted is posted.

use crate::app::trading::session::Traded;
use crate::app::{Context, Failure};
use crate::domain::accounts::{Account, Lifecycle};
use crate::domain::clock::Moment;
use crate::domain::ids::{BookId, EntrySeq, ExecutionSerial, SymbolSerial, uuid_v7};
use crate::domain::money::OPERATION_MAX;
use crate::domain::reference::DeclaredGroup;
use crate::domain::refusal::Refusal;
use crate::domain::trading::{Exact, Outcome, Place, ProfitTooLarge, Scope, Side};
use crate::store::{Execution, ExecutionOutcome, PositionRow, ScopeRun, SymbolSplit};
use std::collections::{BTreeMap, HashMap};
use std::iter;
use std::rc::Rc;

/// Of so many executions, about one makes the open positions of its symbol be kept.
const KEPT_EVERY: u16 = 256;

/// Events of one account under way.
pub(super) struct Work {
    pub(super) account: Account,
    pub(super) group: Rc<DeclaredGroup>,
    touched: BTreeMap<SymbolSerial, Touched>,
    /// The earliest moment at which something changed, money outside executions included.
    pub(super) earliest: Option<Moment>,
    /// Whether money outside executions changed, which may change protection.
    pub(super) has_charges: bool,
    /// The last entry before this work, once it was looked up.
    arrived: Option<EntrySeq>,
}

/// A symbol in which executions of the account came or changed.
struct Touched {
    traded: Rc<Traded>,
    /// The last step before this work.
    last: Option<Place>,
    last_split: Option<(Moment, u32)>,
    earliest: Moment,
    /// Executions that came, if all of them are after everything before.
    fresh: Vec<Execution>,
    /// Executions that came.
    new: Vec<ExecutionSerial>,
    /// Whether something before the end changed.
    is_late: bool,
}

/// An execution whose outcome was derived.
pub(super) struct Derived {
    pub(super) execution: Execution,
    /// The side of its deal.
    pub(super) side: Side,
    /// Lots to close that were not open.
    pub(super) unmatched: Option<Exact>,
    pub(super) is_new: bool,
    /// Whether the stored outcome is another one.
    is_changed: bool,
}

impl Work {
    pub(super) fn new(account: Account, group: Rc<DeclaredGroup>) -> Work {
        Work { account, group, touched: BTreeMap::new(), earliest: None, has_charges: false, arrived: None }
    }

    /// The last entry before the executions that come. Entries of this work in between are linked to events and do not
    /// matter.
    pub(super) fn arrived(&mut self, context: &Context<'_>) -> Result<EntrySeq, Failure> {
        let arrived = match self.arrived {
            Some(arrived) => arrived,
            None => context.tx.chain_head()?.0,
        };
        self.arrived = Some(arrived);
        Ok(arrived)
    }

    pub(super) fn changes_at(&mut self, at: Moment) {
        self.earliest = Some(self.earliest.map_or(at, |earliest| earliest.min(at)));
    }

    /// An execution came. It is recorded already.
    pub(super) fn came(
        &mut self,
        context: &Context<'_>,
        traded: &Rc<Traded>,
        execution: Execution,
    ) -> Result<(), Failure> {
        self.changes_at(execution.place.at);
        let serial = execution.serial;
        let touched = self.touch(context, traded, execution.place.at, Some(serial))?;
        let is_behind = touched.last.as_ref().is_some_and(|last| execution.place < *last)
            || touched.last_split.is_some_and(|split| execution.place.time() < split);
        touched.is_late |= is_behind;
        touched.new.push(serial);
        touched.fresh.push(execution);
        Ok(())
    }

    /// Something at or before this moment changed in a symbol.
    pub(super) fn changed(&mut self, context: &Context<'_>, traded: &Rc<Traded>, at: Moment) -> Result<(), Failure> {
        self.changes_at(at);
        self.touch(context, traded, at, None)?.is_late = true;
        Ok(())
    }

    fn touch(
        &mut self,
        context: &Context<'_>,
        traded: &Rc<Traded>,
        at: Moment,
        new: Option<ExecutionSerial>,
    ) -> Result<&mut Touched, Failure> {
        let symbol = traded.symbol.serial;
        if !self.touched.contains_key(&symbol) {
            let last = context.tx.executions_back(self.account.book, symbol, Moment::MAX, 2)?;
            let last =
                last.into_iter().find(|execution| Some(execution.serial) != new).map(|execution| execution.place);
            let last_split = context.tx.splits_of(self.account.book, symbol)?.last().map(SymbolSplit::time);
            let traded = Rc::clone(traded);
            let (fresh, new) = (Vec::new(), Vec::new());
            self.touched.insert(symbol, Touched { traded, last, last_split, earliest: at, fresh, new, is_late: false });
        }
        let touched = self.touched.get_mut(&symbol).ok_or(Refusal::Internal)?;
        touched.earliest = touched.earliest.min(at);
        Ok(touched)
    }

    /// Derives what changed and posts what follows. Refusals: an amount or a balance would overflow.
    pub(super) fn settle(mut self, context: &Context<'_>) -> Result<(), Failure> {
        let mut derived = Vec::new();
        for (_, touched) in std::mem::take(&mut self.touched) {
            derived.append(&mut touched.derive(context, &self.account)?);
        }
        derived.sort_by(|one, other| one.execution.place.cmp(&other.execution.place));
        for it in &mut derived {
            let posted = it.execution.posted;
            self.post_parts(context, it)?;
            if it.is_changed || it.execution.posted != posted {
                let Execution { serial, outcome, posted, .. } = &it.execution;
                context.tx.set_outcome(*serial, outcome, posted)?;
            }
            self.raise_alerts(context, it)?;
        }
        if self.account.lifecycle == Lifecycle::Closing {
            // Its last position may have closed without money.
            context.touch(self.account.id);
        }
        self.protect(context, &derived)?;
        self.compare_balance(context, &derived)
    }
}

impl Touched {
    fn derive(mut self, context: &Context<'_>, account: &Account) -> Result<Vec<Derived>, Failure> {
        let symbol = self.traded.symbol.serial;
        let tx = context.tx;
        tx.forget_positions(account.book, symbol, self.earliest)?;
        let mut open = Vec::new();
        let (rows, executions, splits) = if self.is_late {
            let beginning = Moment::from_unix_ms(i64::MIN);
            let known = tx.positions_known_before(account.book, symbol, self.earliest)?;
            let known_at = known.as_ref().map(|(at, _)| *at);
            let flat = tx.last_flat(account.book, symbol, known_at.unwrap_or(beginning), self.earliest)?;
            if flat.is_none() {
                open = known.map(|(_, open)| open).unwrap_or_default();
            }
            let from = flat.or(known_at).map_or(beginning, |before| before.plus_ms(1));
            let splits = tx.splits_of(account.book, symbol)?.into_iter().filter(|split| split.at >= from).collect();
            let executions = tx.executions_in_scope(account.book, symbol, from)?;
            (tx.positions_since(account.book, symbol, from)?, executions, splits)
        } else {
            self.fresh.sort_by(|one, other| one.place.cmp(&other.place));
            let rows = tx.open_positions_in(account.book, symbol)?;
            open.extend(rows.iter().map(|row| row.position.clone()));
            (rows, std::mem::take(&mut self.fresh), Vec::new())
        };
        let (mode, decimals) = (account.position_mode, account.decimals);
        let scope = Scope { symbol: &self.traded.instrument, mode, decimals };
        let mut run = ScopeRun::new(scope, open);
        let outcomes = if self.is_late {
            self.apply_again(context, account, &mut run, (&executions, splits))?
        } else {
            self.apply_next(context, account, &mut run, &executions)?
        };
        let places = write_positions(context, (account.book, symbol), &run, &rows)?;
        let derived = executions.into_iter().zip(outcomes).map(|(execution, outcome)| {
            let is_new = self.new.contains(&execution.serial);
            Derived::of(execution, outcome, is_new, &places)
        });
        derived.collect()
    }
}

impl Touched {
    /// Applies executions after all others. Now and then, what is open afterwards is kept.
    fn apply_next(
        &self,
        context: &Context<'_>,
        account: &Account,
        run: &mut ScopeRun<'_>,
        executions: &[Execution],
    ) -> Result<Vec<Outcome>, Failure> {
        let outcomes = run.apply(executions, Vec::new()).map_err(too_large)?;
        let is_due = executions.iter().any(|execution| execution.serial.0 % i64::from(KEPT_EVERY) == 0);
        if let Some(last) = executions.last().filter(|_| is_due) {
            let at = last.place.at;
            // A split within the same millisecond may come after it.
            if self.last_split.is_none_or(|(split, _)| split < at) {
                self.keep(context, account, at, run)?;
            }
        }
        Ok(outcomes)
    }

    /// Applies executions and splits since a moment. What is open on the way is kept at a few places, more of them
    /// towards the end: for one that comes late, at most twice as many executions are derived as are after it.
    fn apply_again(
        &self,
        context: &Context<'_>,
        account: &Account,
        run: &mut ScopeRun<'_>,
        (executions, splits): (&[Execution], Vec<SymbolSplit>),
    ) -> Result<Vec<Outcome>, Failure> {
        let mut outcomes = Vec::with_capacity(executions.len());
        let mut splits = splits.into_iter().peekable();
        let mut rest = executions;
        for place in kept_places(executions.len()) {
            // A state is of the end of a millisecond.
            let at = executions[place].place.at.plus_ms(-1);
            let (before, after) = rest.split_at(rest.partition_point(|execution| execution.place.at <= at));
            let splits_before = iter::from_fn(|| splits.next_if(|split| split.at <= at)).collect();
            outcomes.append(&mut run.apply(before, splits_before).map_err(too_large)?);
            self.keep(context, account, at, run)?;
            rest = after;
        }
        outcomes.append(&mut run.apply(rest, splits.collect()).map_err(too_large)?);
        Ok(outcomes)
    }

    fn keep(&self, context: &Context<'_>, account: &Account, at: Moment, run: &ScopeRun<'_>) -> Result<(), Failure> {
        if run.open().next().is_some() {
            context.tx.keep_positions(account.book, self.traded.symbol.serial, at, run.open())?;
        }
        Ok(())
    }
}

/// The executions before which what is open is kept, of so many.
fn kept_places(count: usize) -> Vec<usize> {
    let every = usize::from(KEPT_EVERY);
    let distances = iter::successors(Some(every), |distance| distance.checked_mul(2));
    let mut places: Vec<_> =
        distances.map_while(|distance| count.checked_sub(distance).filter(|it| *it >= every)).collect();
    places.reverse();
    places
}

fn too_large(_: ProfitTooLarge) -> Failure {
    Refusal::BalanceOverflow.into()
}

/// Writes positions in place of the rows before; returns their rows by the executions that opened them.
fn write_positions(
    context: &Context<'_>,
    of: (BookId, SymbolSerial),
    run: &ScopeRun<'_>,
    rows: &[PositionRow],
) -> Result<HashMap<ExecutionSerial, i64>, Failure> {
    let mut known: HashMap<ExecutionSerial, &PositionRow> =
        rows.iter().map(|row| (row.position.opened_by, row)).collect();
    let mut places: HashMap<ExecutionSerial, i64> = HashMap::with_capacity(rows.len());
    for (position, open_price) in run.positions() {
        let row = match known.remove(&position.opened_by) {
            Some(row) => {
                if row.position != *position {
                    context.tx.change_position(row.row, position, &open_price)?;
                }
                row.row
            }
            None => {
                let uuid = uuid_v7(context.now, context.app.randomness());
                context.tx.add_position(uuid, of, position, &open_price)?
            }
        };
        places.insert(position.opened_by, row);
    }
    for row in known.values() {
        context.tx.remove_position(row.row)?;
    }
    Ok(places)
}

impl Derived {
    fn of(
        mut execution: Execution,
        outcome: Outcome,
        is_new: bool,
        places: &HashMap<ExecutionSerial, i64>,
    ) -> Result<Derived, Failure> {
        if outcome.profit.minor().unsigned_abs() > OPERATION_MAX.unsigned_abs() {
            return Err(Refusal::BalanceOverflow.into());
        }
        let position = outcome.position().and_then(|opened_by| places.get(&opened_by)).copied();
        let side = outcome.side.or(execution.recorded.side).unwrap_or(Side::Sell);
        let stored = ExecutionOutcome {
            closed: Some(outcome.closed).filter(Exact::is_positive),
            open_price: outcome.open_price,
            position,
            profit: outcome.profit,
            leaves_flat: outcome.is_flat,
        };
        let is_changed = is_new || execution.outcome != stored;
        execution.outcome = stored;
        Ok(Derived { execution, side, unmatched: outcome.unmatched, is_new, is_changed })
    }
}
