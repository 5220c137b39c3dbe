//! Balances and statements at any past moment, and the trial balance of the house.

use crate::app::events::hide_reason;
use crate::app::{Failure, Query, View};
use crate::domain::access::Right;
use crate::domain::accounts::{Account, Balances};
use crate::domain::clock::Moment;
use crate::domain::ids::{AccountId, EntrySeq};
use crate::domain::ledger::{Basis, Continuation, Place};
use crate::domain::money::{Amount, Decimals, Total};
use crate::domain::refusal::{Field, Noun, Refusal};
pub use crate::store::StatementRow;
use crate::store::{Period, Turnover};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The balances of an account at a moment, all zero before it was opened.
///
/// By recorded time, these are the balances as shown at that moment. By effective time, balance and credit include
/// every entry from its effective time on; held, uncleared, pending and the overdraft limit have only one time and are
/// as recorded.
///
/// Refusals: unknown account; a moment in the future; a balance out of range.
pub struct BalanceAt {
    /// May be an archived account.
    pub account: AccountId,
    /// Inclusive; None means now.
    pub at: Option<Moment>,
    /// Which time of the entries applies.
    pub basis: Basis,
}

/// The balances of an account at a moment.
pub struct PastBalances {
    /// The account as it is now, except for its balances.
    pub account: Account,
    pub at: Moment,
}

impl Query for BalanceAt {
    type Answer = PastBalances;
    const RIGHT: Right = Right::ReadAccounts;

    fn run(self, view: &View<'_>) -> Result<PastBalances, Failure> {
        if self.at.is_some_and(|at| at > view.now) {
            return Err(in_the_future(Field::At).into());
        }
        let mut account = view.tx.account(self.account, view.visibility)?.ok_or(Refusal::not_found(Noun::Account))?;
        let Some(at) = self.at else { return Ok(PastBalances { account, at: view.now }) };
        let (end, _) = view.tx.end_of_journal()?;
        let figures = view.tx.figures_at(account.book, at, account.decimals)?;
        let (balance, credit) = view.tx.balance_before(account.book, self.basis, at.plus_ms(1), end)?;
        account.balances = Balances {
            balance: amount(balance)?,
            credit_net: amount(Total::from(figures.credit_net) + credit)?,
            ..figures
        };
        Ok(PastBalances { account, at })
    }
}

fn in_the_future(field: Field) -> Refusal {
    Refusal::out_of_range(field, "must not be in the future")
}

/// Refuses a total that does not fit an amount.
fn amount(total: Total) -> Result<Amount, Refusal> {
    total.to_amount().ok_or(Refusal::BalanceOverflow)
}

/// The postings of an account between two moments, with the balances before and after.
///
/// Refusals: unknown account; an end in the future or before the start; an invalid continuation; a balance out of
/// range.
pub struct GetStatement {
    /// May be an archived account.
    pub account: AccountId,
    /// Inclusive; None means from the opening of the account.
    pub from: Option<Moment>,
    /// Exclusive; None means up to now.
    pub to: Option<Moment>,
    /// Which time of the entries applies.
    pub basis: Basis,
    /// Where the previous page ended.
    pub after: Option<Continuation>,
    /// The most lines to return.
    pub limit: u32,
}

pub struct StatementLine {
    pub posting: StatementRow,
    /// The balance after it, in the order of the statement.
    pub balance: Amount,
}

/// A statement or a page of it. On every page, `closing = opening + credits + debits` holds for the whole period, and
/// the lines lead from `brought_forward` to `carried_forward`.
pub struct Statement {
    pub account: Account,
    pub from: Moment,
    pub to: Moment,
    /// Which time of the entries applies.
    pub basis: Basis,
    /// The balance before the period.
    pub opening: Amount,
    /// The balance after the period.
    pub closing: Amount,
    /// Credits and debits of the period.
    pub turnover: Turnover,
    /// The balance before the first line of this page.
    pub brought_forward: Amount,
    /// The balance after the last line of this page.
    pub carried_forward: Amount,
    /// In the order of the statement's basis, oldest first.
    pub lines: Vec<StatementLine>,
    /// Where the next page starts; None on the last page.
    pub next: Option<Continuation>,
}

impl Query for GetStatement {
    type Answer = Statement;
    const RIGHT: Right = Right::ReadAccounts;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<Statement, Failure> {
        let (end, recorded_last) = view.tx.end_of_journal()?;
        // If the clock has gone back, the latest entries are slightly ahead of it.
        let latest = recorded_last.map_or(view.now, |at| at.max(view.now)).plus_ms(1);
        let to = self.to.unwrap_or(latest);
        if to > latest {
            return Err(in_the_future(Field::To).into());
        }
        if self.from.is_some_and(|from| from > to) {
            return Err(Refusal::invalid(Field::From, "must not be after to").into());
        }
        let account = view.tx.account(self.account, view.visibility)?.ok_or(Refusal::not_found(Noun::Account))?;
        let from = self.from.unwrap_or(account.created_at).min(to);
        let bound = self.after.map_or(end, |after| after.bound);
        let is_inside =
            |at: Continuation| (from..to).contains(&at.after.at) && at.after.seq < at.bound && at.bound <= end;
        if self.after.is_some_and(|after| !is_inside(after)) {
            return Err(Refusal::invalid(
                Field::After,
                "must be the continuation of the previous page, with the same period",
            )
            .into());
        }
        let (book, basis) = (account.book, self.basis);
        let period = Period { basis, from, to, bound };
        let before = |moment| Ok::<_, Failure>(view.tx.balance_before(book, basis, moment, bound)?.0);
        let brought_forward = match self.after {
            None => before(from)?,
            Some(Continuation { after: Place { at, seq }, .. }) => {
                let bound = bound.min(EntrySeq(seq.0.saturating_add(1)));
                let shown = Period { basis, from: at, to: at.plus_ms(1), bound };
                let shown = view.tx.turnover(book, &shown)?;
                before(at)? + shown.credits + shown.debits
            }
        };
        let place = self.after.map(|after| after.after);
        let mut rows = view.tx.statement_lines(book, &period, place, self.limit.saturating_add(1))?;
        let has_more = rows.len() > self.limit as usize;
        rows.truncate(self.limit as usize);
        for row in &mut rows {
            hide_reason(view, (row.kind, row.seq), &mut row.comment)?;
        }
        let next = rows.last().filter(|_| has_more).map(|row| {
            let at = match basis {
                Basis::Recorded => row.recorded_at,
                Basis::Effective => row.effective_at,
            };
            Continuation { after: Place { at, seq: row.seq }, bound }
        });
        let mut balance = brought_forward;
        let line = |posting: StatementRow| {
            balance = balance + posting.amount.into();
            Ok(StatementLine { balance: amount(balance)?, posting })
        };
        let lines = rows.into_iter().map(line).collect::<Result<_, Refusal>>()?;
        Ok(Statement {
            from,
            to,
            basis,
            opening: amount(before(from)?)?,
            closing: amount(before(to)?)?,
            turnover: view.tx.turnover(book, &period)?,
            brought_forward: amount(brought_forward)?,
            carried_forward: amount(balance)?,
            lines,
            next,
            account,
        })
    }
}

/// The balances of the house and of all clients at a moment, by ledger, currency and mode.
///
/// Refusals: a caller who sees only some clients; a moment in the future.
pub struct GetTrialBalance {
    /// Inclusive; None means now.
    pub at: Option<Moment>,
    /// Which time of the entries applies.
    pub basis: Basis,
}

/// The key of a group of books that sums to zero.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct TrialGroup {
    pub is_demo: bool,
    /// The public id of the ledger.
    pub ledger: Uuid,
    pub currency: String,
    pub decimals: Decimals,
}

/// The sums over the books of a group.
#[derive(Clone, Default, Debug)]
pub struct TrialSums {
    /// The house accounts by name.
    pub house: BTreeMap<String, Total>,
    /// All client accounts together.
    pub clients: Total,
    /// The sum over all books: zero if the ledger is consistent.
    pub total: Total,
}

pub struct TrialBalance {
    pub at: Moment,
    /// Live money before demo money, then by ledger and currency.
    pub groups: BTreeMap<TrialGroup, TrialSums>,
}

impl Query for GetTrialBalance {
    type Answer = TrialBalance;
    const RIGHT: Right = Right::ReadAccounts;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<TrialBalance, Failure> {
        // Totals over the house and all clients are not for callers who see only some clients.
        view.visibility.require_everything()?;
        if self.at.is_some_and(|at| at > view.now) {
            return Err(in_the_future(Field::At).into());
        }
        let at = self.at.unwrap_or(view.now);
        let (_, recorded_last) = view.tx.end_of_journal()?;
        let end = if self.at.is_none() { recorded_last.map_or(at, |last| last.max(at)) } else { at };
        let mut groups: BTreeMap<TrialGroup, TrialSums> = BTreeMap::new();
        for line in view.tx.trial_balance(self.basis, end.plus_ms(1))? {
            let group = TrialGroup {
                is_demo: line.is_demo,
                ledger: line.ledger,
                currency: line.currency,
                decimals: line.decimals,
            };
            let sums = groups.entry(group).or_default();
            let balance = Total::from(line.balance);
            sums.total = sums.total + balance;
            match line.role.as_str() {
                "client" => sums.clients = sums.clients + balance,
                _ => {
                    let house = sums.house.entry(line.role).or_default();
                    *house = *house + balance;
                }
            }
        }
        Ok(TrialBalance { at, groups })
    }
}
