//! Operations of all kinds that clients have sent, and what the books must show of them.

use std::collections::BTreeMap;
use std::time::Duration;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::run::{self, Choices};

/// How long a client waits after a refusal before it sends the operation again.
const REST: Duration = Duration::from_millis(20);
/// How often it does that before it gives up.
const PATIENCE: usize = 200;
const OPENING_CENTS: i64 = 100_000_000;

/// One operation.
#[derive(Clone, Debug)]
struct Sent {
    key: String,
    path: String,
    body: Value,
    /// What it moves: accounts by number, and cents.
    moves: Vec<(usize, i64)>,
    /// What it does to the money that is held.
    holds: Option<(usize, i64)>,
    /// Its answer. None: there was none, or only refusals, and it was applied or not.
    answer: Option<Value>,
    /// The last word about it was a refusal.
    is_refused: bool,
}

/// What clients can go on with.
#[derive(Clone, Debug)]
enum Open {
    Deal(usize, String, i64),
    Hold(usize, String, i64),
    Deposit(usize, String, i64),
    Withdrawal(usize, String, i64),
}

/// Why an operation was not answered with success.
enum End {
    /// There was no answer, or nothing but refusals for a long time.
    NoAnswer,
    /// It was refused, and the client has let it go.
    GivenUp,
}

/// All that one client has sent. Its own accounts are never overdrawn, so that no rule refuses anything.
#[derive(Clone)]
pub(crate) struct Work {
    name: String,
    accounts: Vec<String>,
    sent: Vec<Sent>,
    open: Vec<Open>,
}

/// What the server shows of an account.
#[derive(PartialEq, Eq, Debug, Default)]
struct Shown {
    deals: BTreeMap<String, i64>,
    balance: i64,
    available: i64,
}

/// What there was to see after a crash.
#[derive(Default, Debug)]
pub(crate) struct Found {
    pub(crate) answered: usize,
    pub(crate) open: usize,
    pub(crate) landed: usize,
    pub(crate) refused: usize,
}

impl std::ops::AddAssign for Found {
    fn add_assign(&mut self, more: Found) {
        self.answered += more.answered;
        self.open += more.open;
        self.landed += more.landed;
        self.refused += more.refused;
    }
}

impl Work {
    /// Opens two accounts with some money. False: the server did not answer all of it.
    pub(crate) fn open(name: &str, client: &Client) -> (Work, bool) {
        let mut work = Work { name: name.into(), accounts: Vec::new(), sent: Vec::new(), open: Vec::new() };
        let is_open = work.open_accounts(client).is_ok();
        (work, is_open)
    }

    fn open_accounts(&mut self, client: &Client) -> Result<(), End> {
        let groups = client.get("/account-groups").map_err(|_| End::NoAnswer)?.body;
        let group = &groups["groups"].as_array().unwrap_or_else(|| panic!("{groups}"))[0]["id"];
        let profile =
            self.send(client, "/profiles", json!({"email": format!("{}@example.com", self.name)}), &[], None)?;
        for account in 0..2 {
            let body = json!({"profileId": profile["id"], "groupId": group, "currency": "USD"});
            let opened = self.send(client, "/accounts", body, &[], None)?;
            self.accounts.push(opened["account"]["id"].as_str().unwrap().into());
            self.post(client, account, "deposit", OPENING_CENTS, &[(account, OPENING_CENTS)], None)?;
        }
        Ok(())
    }

    /// One operation by chance. None: the server does not answer, or nothing but refusals.
    pub(crate) fn step(&mut self, client: &Client, choices: &mut Choices) -> Option<()> {
        match self.try_step(client, choices) {
            Ok(()) | Err(End::GivenUp) => Some(()),
            Err(End::NoAnswer) => None,
        }
    }

    fn try_step(&mut self, client: &Client, choices: &mut Choices) -> Result<(), End> {
        let cents = i64::try_from(choices.from(1, 9_999)).unwrap();
        let pick = |length: usize, choices: &mut Choices| usize::try_from(choices.from(0, length as u64 - 1)).unwrap();
        if !self.open.is_empty() && choices.from(0, 2) == 0 {
            let number = pick(self.open.len(), choices);
            let open = self.open.swap_remove(number);
            return self.go_on(client, open, choices);
        }
        let account = pick(2, choices);
        let id = |answer: &Value| answer["id"].as_str().unwrap().to_owned();
        let deal = |answer: &Value| answer["dealId"].as_str().unwrap().to_owned();
        match choices.from(0, 9) {
            0..=2 => {
                let made = self.post(client, account, "deposit", cents, &[(account, cents)], None)?;
                self.open.push(Open::Deal(account, deal(&made), cents));
            }
            3 => {
                let made = self.post(client, account, "withdraw", cents, &[(account, -cents)], None)?;
                self.open.push(Open::Deal(account, deal(&made), -cents));
            }
            4 => _ = self.post(client, account, "balance", cents, &[(account, cents)], None)?,
            5 => {
                let asked = self.post(client, account, "holds", cents, &[], Some((account, cents)))?;
                self.open.push(Open::Hold(account, id(&asked), cents));
            }
            6 => {
                let asked = self.post(client, account, "deposits", cents, &[], None)?;
                self.open.push(Open::Deposit(account, id(&asked), cents));
            }
            7 => {
                let asked = self.post(client, account, "withdrawals", cents, &[], Some((account, cents)))?;
                self.open.push(Open::Withdrawal(account, id(&asked), cents));
            }
            _ => {
                let (from, to) = (account, 1 - account);
                let body = json!({"fromAccountId": self.accounts[from], "toAccountId": self.accounts[to],
                    "amount": money(cents), "comment": "between accounts"});
                self.send(client, "/transfers", body, &[(from, -cents), (to, cents)], None)?;
            }
        }
        Ok(())
    }

    fn go_on(&mut self, client: &Client, open: Open, choices: &mut Choices) -> Result<(), End> {
        let nothing = json!({});
        let is_yes = choices.from(0, 2) > 0;
        match open {
            Open::Deal(account, id, cents) => {
                let path = format!("/entries/{id}/reverse");
                self.send(client, &path, json!({"reason": "wrong"}), &[(account, -cents)], None)?;
            }
            Open::Hold(account, id, cents) if is_yes => {
                let taken = i64::try_from(choices.from(1, cents.unsigned_abs())).unwrap();
                let body = json!({"amount": money(taken)});
                let path = format!("/holds/{id}/capture");
                self.send(client, &path, body, &[(account, -taken)], Some((account, -cents)))?;
            }
            Open::Hold(account, id, cents) => {
                self.send(client, &format!("/holds/{id}/release"), nothing, &[], Some((account, -cents)))?;
            }
            Open::Deposit(account, id, cents) if is_yes => {
                self.send(client, &format!("/deposits/{id}/settle"), nothing, &[(account, cents)], None)?;
            }
            Open::Deposit(_, id, _) => _ = self.send(client, &format!("/deposits/{id}/return"), nothing, &[], None)?,
            Open::Withdrawal(account, id, cents) if is_yes => {
                let paid = [(account, -cents)];
                self.send(client, &format!("/withdrawals/{id}/pay"), nothing, &paid, Some((account, -cents)))?;
            }
            Open::Withdrawal(account, id, cents) => {
                self.send(client, &format!("/withdrawals/{id}/reject"), nothing, &[], Some((account, -cents)))?;
            }
        }
        Ok(())
    }

    fn post(
        &mut self,
        client: &Client,
        account: usize,
        what: &str,
        cents: i64,
        moves: &[(usize, i64)],
        holds: Option<(usize, i64)>,
    ) -> Result<Value, End> {
        let path = format!("/accounts/{}/{what}", self.accounts[account]);
        self.send(client, &path, json!({"amount": money(cents)}), moves, holds)
    }

    /// Sends an operation until it is answered with success, as clients are told to; of every second one that is refused
    /// the client lets go at once.
    fn send(
        &mut self,
        client: &Client,
        path: &str,
        body: Value,
        moves: &[(usize, i64)],
        holds: Option<(usize, i64)>,
    ) -> Result<Value, End> {
        let number = self.sent.len();
        let key = format!("{}-{number}", self.name);
        self.sent.push(Sent {
            key,
            path: path.into(),
            body,
            moves: moves.into(),
            holds,
            answer: None,
            is_refused: false,
        });
        let sent = self.sent.last_mut().unwrap();
        for attempt in 0..PATIENCE {
            let answer = sent.post(client);
            sent.is_refused = false;
            let answer = answer.map_err(|_| End::NoAnswer)?;
            match answer.status {
                200 => {
                    sent.answer = Some(answer.body.clone());
                    return Ok(answer.body);
                }
                503 => {
                    crate::books::assert_is_refusal(&answer);
                    sent.is_refused = true;
                    if attempt == 0 && number.is_multiple_of(2) {
                        return Err(End::GivenUp);
                    }
                }
                _ => panic!("an answer that nobody expects: {answer:?} to {sent:?}"),
            }
            run::let_pass(REST);
        }
        Err(End::NoAnswer)
    }

    /// Holds what this client knows against what the server shows: all that was answered is there as it was answered; all
    /// else is there as a whole or not at all, and lands exactly once when it is sent again.
    #[track_caller]
    pub(crate) fn check(&mut self, client: &Client) -> Found {
        let before = self.shown(client);
        let mut found = Found::default();
        let mut was_there = Vec::new();
        for sent in &mut self.sent {
            let again = sent.post(client).unwrap();
            assert_eq!(again.status, 200, "{again:?} to {sent:?}");
            match &sent.answer {
                Some(answer) => {
                    assert!(again.is_replay, "what was answered is lost: {sent:?}");
                    assert_eq!(&again.body, answer, "{sent:?}");
                    found.answered += 1;
                }
                None => {
                    assert!(!(sent.is_refused && again.is_replay), "what was refused is there: {sent:?}");
                    found.refused += usize::from(sent.is_refused);
                    found.open += 1;
                    found.landed += usize::from(again.is_replay);
                    sent.answer = Some(again.body);
                }
            }
            was_there.push(again.is_replay);
        }
        assert_eq!(before, self.expected(&was_there), "after the crash");
        assert_eq!(self.shown(client), self.expected(&vec![true; self.sent.len()]), "when all was sent again");
        found
    }

    fn shown(&self, client: &Client) -> Vec<Shown> {
        let show = |account: &String| {
            let page = client.read(&format!("/accounts/{account}/deals?limit=1000"));
            assert_eq!(page["hasMore"], false);
            let deals = page["deals"].as_array().unwrap().iter();
            let deals = deals.map(|deal| (deal["id"].as_str().unwrap().to_owned(), cents(&deal["amount"]))).collect();
            let account = client.read(&format!("/accounts/{account}"));
            Shown { deals, balance: cents(&account["balance"]), available: cents(&account["availableBalance"]) }
        };
        self.accounts.iter().map(show).collect()
    }

    fn expected(&self, is_there: &[bool]) -> Vec<Shown> {
        let mut accounts: Vec<Shown> = self.accounts.iter().map(|_| Shown::default()).collect();
        for (sent, _) in self.sent.iter().zip(is_there).filter(|(_, is_there)| **is_there) {
            for &(account, cents) in &sent.moves {
                let deal = sent.answer.as_ref().unwrap()["dealId"].as_str().unwrap();
                let account = &mut accounts[account];
                account.deals.insert(deal.into(), cents);
                account.balance += cents;
                account.available += cents;
            }
            if let Some((account, cents)) = sent.holds {
                accounts[account].available -= cents;
            }
        }
        accounts
    }
}

impl Sent {
    fn post(&self, client: &Client) -> Result<Answer, String> {
        client.post(&self.path, &self.key, &self.body)
    }
}

fn money(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn cents(amount: &Value) -> i64 {
    let amount: Decimal = amount.to_string().parse().unwrap();
    (amount * Decimal::from(100)).to_i64().unwrap()
}
