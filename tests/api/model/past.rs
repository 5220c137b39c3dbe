//! Balances and statements of past moments must match what was seen at the time.

use super::books::{Account, Books, Entry};
use super::step::Dice;
use crate::harness::{Caller, Reply};
use bursar::domain::clock::Moment;
use bursar::domain::ledger::Basis;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

/// A copy of the model at the end of a millisecond.
pub(super) struct Seen {
    at: Moment,
    accounts: Vec<Account>,
    entries: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    from: String,
    to: String,
    opening_balance: Box<RawValue>,
    closing_balance: Box<RawValue>,
    brought_forward: Box<RawValue>,
    carried_forward: Box<RawValue>,
    lines: Vec<Line>,
    next: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    deal_id: String,
    amount: Box<RawValue>,
    balance: Box<RawValue>,
}

fn clock(admin: &Caller<'_>) -> Moment {
    Moment::parse(&admin.post("/sandbox/clock", &json!({"advance": 0})).ok().text_at("now")).unwrap()
}

/// When an entry counts, by this basis.
fn counts_from(entry: &Entry, basis: Basis) -> i64 {
    match basis {
        Basis::Recorded => entry.recorded,
        Basis::Effective => entry.effective.unwrap_or(entry.recorded),
    }
}

/// What an entry posts to an account.
fn on_account(entry: &Entry, account: usize) -> impl Iterator<Item = i128> {
    entry.legs.iter().filter(move |leg| leg.0 == account).map(|leg| leg.1)
}

/// An account's balance at the end of a millisecond, and the net trading credit in it.
fn balance_at(books: &Books, account: usize, at: i64, basis: Basis) -> (i128, i128) {
    let counted = books.entries.iter().filter(|entry| counts_from(entry, basis) <= at);
    counted.fold((0, 0), |(balance, credit), entry| {
        let minor: i128 = on_account(entry, account).sum();
        (balance + minor, credit + if entry.is_trading_credit { minor } else { 0 })
    })
}

fn ask(admin: &Caller<'_>, of: &Account, at: Moment, basis: Basis) -> Reply {
    admin.get(&format!("/accounts/{}/balance?at={at}&basis={}", of.id, basis.name())).ok()
}

/// Checks, for each basis, the balance that follows from the entries at some moment: when an entry begins to count,
/// just before, or anywhere.
pub(super) fn check_any_moment(seed: usize, books: &Books, admin: &Caller<'_>) {
    let mut dice = Dice::of(seed as u64);
    let mut below = |end: usize| usize::try_from(dice.below(end as u64)).unwrap();
    let account = below(books.accounts.len());
    let of = &books.accounts[account];
    let entries = books.entries.iter().filter(|entry| on_account(entry, account).next().is_some());
    // Back-dated entries are rare.
    let (backdated, on_time): (Vec<_>, Vec<_>) = entries.partition(|entry| entry.effective.is_some());
    let entries = if backdated.is_empty() || below(2) == 0 { on_time } else { backdated };
    if entries.is_empty() {
        return;
    }
    let entry = entries[below(entries.len())];
    let begins = counts_from(entry, Basis::ALL[below(2)]);
    let at = match below(3) {
        0 => begins,
        1 => begins - 1,
        _ => of.opened + (entry.recorded - of.opened) / 2,
    };
    for basis in Basis::ALL {
        let (balance, credit) = balance_at(books, account, at, basis);
        let at = Moment::from_unix_ms(at);
        let answer = ask(admin, of, at, basis);
        let (reported, known) = ((answer.digits("balance"), answer.digits("creditBalance")), (balance, credit.max(0)));
        assert_eq!(reported, (of.text(known.0), of.text(known.1)), "{basis:?} at {at} on {}", of.id);
    }
}

impl Seen {
    /// Copies the model. Returns in the next millisecond, so that nothing else is recorded in this one.
    pub(super) fn now(books: &Books, admin: &Caller<'_>) -> Seen {
        let at = clock(admin);
        while clock(admin) <= at {}
        Seen { at, accounts: books.accounts.clone(), entries: books.entries.len() }
    }

    /// Checks the past balance of an account by recorded time, and by effective time the balance including later
    /// back-dated entries.
    pub(super) fn check_balances(&self, number: usize, books: &Books, admin: &Caller<'_>) {
        let number = number % self.accounts.len();
        let of = &self.accounts[number];
        for basis in Basis::ALL {
            let (balance, credit_net) = match basis {
                Basis::Recorded => (of.balance, of.credit_net),
                Basis::Effective => balance_at(books, number, self.at.unix_ms(), basis),
            };
            let answer = ask(admin, of, self.at, basis);
            for (name, minor) in [
                ("balance", balance),
                ("availableBalance", balance - of.held - of.uncleared),
                ("heldBalance", of.held),
                ("unclearedBalance", of.uncleared),
                ("pendingBalance", of.pending),
                ("creditBalance", credit_net.max(0)),
                ("minimumBalance", of.minimum),
            ] {
                let (reported, seen) = (answer.digits(name), of.text(minor));
                assert_eq!(
                    reported, seen,
                    "{name} as reported now and as seen then, {basis:?} at {} on {}",
                    self.at, of.id
                );
            }
        }
    }

    /// Checks that the statement from that moment leads to the present balance through the entries of the model.
    pub(super) fn check_statement(&self, number: usize, basis: Basis, books: &Books, admin: &Caller<'_>) {
        let number = number % self.accounts.len();
        let (then, now) = (&self.accounts[number], &books.accounts[number]);
        let opening = match basis {
            Basis::Recorded => then.balance,
            Basis::Effective => balance_at(books, number, self.at.unix_ms(), basis).0,
        };
        let is_later = |(place, entry): &(usize, &Entry)| match basis {
            Basis::Recorded => *place >= self.entries,
            Basis::Effective => counts_from(entry, basis) > self.at.unix_ms(),
        };
        let mut later: Vec<(usize, &Entry)> = books.entries.iter().enumerate().filter(is_later).collect();
        // The sort is stable, so entries that count from the same moment keep their order.
        later.sort_by_key(|(_, entry)| counts_from(entry, basis));
        let known: Vec<(String, i128)> = later
            .iter()
            .flat_map(|(_, entry)| on_account(entry, number).map(|minor| (entry.id.clone(), minor)))
            .collect();
        let mut known = known.iter();
        let (mut balance, mut after) = (opening, String::new());
        let basis = basis.name();
        let mut period = format!("from={}", Moment::from_unix_ms(self.at.unix_ms() + 1));
        loop {
            let text =
                admin.get(&format!("/accounts/{}/statement?limit=7&basis={basis}&{period}{after}", now.id)).ok().text;
            let page: Statement = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
            assert_eq!(page.opening_balance.get(), then.text(opening), "opening of {text}");
            assert_eq!(page.closing_balance.get(), now.text(now.balance), "closing of {text}");
            assert_eq!(page.brought_forward.get(), now.text(balance), "brought forward in {text}");
            for line in &page.lines {
                let (id, minor) = known.next().unwrap_or_else(|| panic!("more lines than entries: {text}"));
                balance += minor;
                assert_eq!((&line.deal_id, line.amount.get()), (id, now.text(*minor).as_str()), "{text}");
                assert_eq!(line.balance.get(), now.text(balance), "{text}");
            }
            assert_eq!(page.carried_forward.get(), now.text(balance), "carried forward in {text}");
            period = format!("from={}&to={}", page.from, page.to);
            match page.next {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        assert_eq!(known.count(), 0, "entries that the statement does not have");
    }
}
