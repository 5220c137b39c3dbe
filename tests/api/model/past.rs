//! What was seen once must still be told of that moment.

use super::books::{Account, Books};
use crate::harness::Caller;
use bursar::domain::clock::Moment;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

/// The books as they were at the end of a millisecond.
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

impl Seen {
    /// Notes the books as they are. Returns when the next millisecond has begun, so that nothing else falls into this one.
    pub(super) fn now(books: &Books, admin: &Caller<'_>) -> Seen {
        let at = clock(admin);
        while clock(admin) <= at {}
        Seen { at, accounts: books.accounts.clone(), entries: books.entries.len() }
    }

    /// The balances of an account at that moment are what they were then.
    pub(super) fn check_balances(&self, number: usize, admin: &Caller<'_>) {
        let of = &self.accounts[number % self.accounts.len()];
        let told = admin.get(&format!("/accounts/{}/balance?at={}", of.id, self.at)).ok();
        for (name, minor) in [
            ("balance", of.balance),
            ("availableBalance", of.available()),
            ("heldBalance", of.held),
            ("unclearedBalance", of.uncleared),
            ("pendingBalance", of.pending),
            ("creditBalance", of.credit_net.max(0)),
            ("minimumBalance", of.minimum),
        ] {
            assert_eq!(
                told.digits(name),
                of.text(minor),
                "{name}, told (left), and seen at {}: {}",
                self.at,
                told.text
            );
        }
    }

    /// The statement from then on leads from the balance of then to that of now, by the entries that the model knows.
    pub(super) fn check_statement(&self, number: usize, books: &Books, admin: &Caller<'_>) {
        let number = number % self.accounts.len();
        let (then, now) = (&self.accounts[number], &books.accounts[number]);
        let amounts = |legs: &[(usize, i128)]| {
            let of_account = legs.iter().filter(|leg| leg.0 == number).map(|leg| leg.1);
            of_account.collect::<Vec<_>>()
        };
        let entries = books.entries[self.entries..].iter();
        let known: Vec<(String, i128)> =
            entries.flat_map(|entry| amounts(&entry.legs).into_iter().map(|minor| (entry.id.clone(), minor))).collect();
        let mut known = known.iter();
        let (mut balance, mut after) = (then.balance, String::new());
        let mut period = format!("from={}", Moment::from_unix_ms(self.at.unix_ms() + 1));
        loop {
            let text = admin.get(&format!("/accounts/{}/statement?limit=7&{period}{after}", now.id)).ok().text;
            let page: Statement = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
            assert_eq!(page.opening_balance.get(), then.text(then.balance), "opening of {text}");
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
