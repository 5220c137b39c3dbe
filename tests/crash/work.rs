//! Operations of all kinds sent by clients, and the state that they must lead to.

use std::collections::BTreeMap;
use std::time::Duration;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::operations::{Continuable, Operation, pick};
use crate::run::{self, Choices};

/// How long a client waits after a refusal before it retries.
const REST: Duration = Duration::from_millis(20);
/// Retries before a client gives up.
const PATIENCE: usize = 200;
const OPENING_CENTS: i64 = 100_000_000;

/// One call: a single operation or a batch.
#[derive(Clone, Debug)]
struct Sent {
    key: String,
    path: String,
    body: Value,
    operations: Vec<Operation>,
    form: Form,
    /// `None`: there was no answer, or only refusals, so it may have been applied.
    answer: Option<Value>,
    /// The last answer was a refusal.
    is_refused: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    Single,
    /// A batch whose operations are done, except those that are refused themselves.
    Batch,
    /// An atomic batch with an operation that is always refused, so nothing is done.
    RolledBack,
}

/// Why an operation did not succeed.
enum End {
    /// No answer, or only refusals for a long time.
    NoAnswer,
    /// Refused, and not retried.
    GivenUp,
}

/// All operations of one client. Its accounts are never overdrawn, so no rule refuses anything.
#[derive(Clone)]
pub(crate) struct Work {
    name: String,
    accounts: Vec<String>,
    sent: Vec<Sent>,
    /// Movements and deals that can be continued.
    continuable: Vec<Continuable>,
}

/// An account as the server shows it.
#[derive(PartialEq, Eq, Debug, Default)]
struct Shown {
    deals: BTreeMap<String, i64>,
    balance: i64,
    available: i64,
}

/// What was found after crashes.
#[derive(Default, Debug)]
pub(crate) struct Found {
    pub(crate) answered: usize,
    pub(crate) open: usize,
    pub(crate) stored: usize,
    pub(crate) refused: usize,
    /// Batches, and those that were done although nobody got an answer.
    pub(crate) batches: usize,
    pub(crate) batches_stored: usize,
}

impl std::ops::AddAssign for Found {
    fn add_assign(&mut self, more: Found) {
        self.answered += more.answered;
        self.open += more.open;
        self.stored += more.stored;
        self.refused += more.refused;
        self.batches += more.batches;
        self.batches_stored += more.batches_stored;
    }
}

impl Work {
    /// Opens two accounts with some money. False if the server did not answer every call.
    pub(crate) fn open(name: &str, client: &Client) -> (Work, bool) {
        let mut work = Work { name: name.into(), accounts: Vec::new(), sent: Vec::new(), continuable: Vec::new() };
        let is_open = work.open_accounts(client).is_ok();
        (work, is_open)
    }

    fn open_accounts(&mut self, client: &Client) -> Result<(), End> {
        let groups = client.get("/account-groups").map_err(|_| End::NoAnswer)?.body;
        let group = &groups["groups"].as_array().unwrap_or_else(|| panic!("{groups}"))[0]["id"];
        let profile = json!({"email": format!("{}@example.com", self.name)});
        let profile = self.send(client, Operation::without_money("/profiles", profile))?;
        for account in 0..2 {
            let body = json!({"profileId": profile["id"], "groupId": group, "currency": "USD"});
            let opened = self.send(client, Operation::without_money("/accounts", body))?;
            self.accounts.push(opened["account"]["id"].as_str().unwrap().into());
            self.send(client, Operation::deposit(&self.accounts, account, OPENING_CENTS))?;
        }
        Ok(())
    }

    /// Sends one random operation. `None` if the server does not answer, or only refuses.
    pub(crate) fn step(&mut self, client: &Client, choices: &mut Choices) -> Option<()> {
        let done = if choices.from(0, 4) == 0 { self.batch(client, choices) } else { self.single(client, choices) };
        match done {
            Ok(()) | Err(End::GivenUp) => Some(()),
            Err(End::NoAnswer) => None,
        }
    }

    fn single(&mut self, client: &Client, choices: &mut Choices) -> Result<(), End> {
        let operation = self.next_operation(choices);
        self.send(client, operation).map(|_| ())
    }

    /// A new operation, or the continuation of a movement, which is then not continued again.
    fn next_operation(&mut self, choices: &mut Choices) -> Operation {
        if self.continuable.is_empty() || choices.from(0, 2) > 0 {
            return Operation::random(&self.accounts, choices);
        }
        let number = pick(self.continuable.len(), choices);
        self.continuable.swap_remove(number).continuation(choices)
    }

    /// A batch of operations: sometimes large enough for a long commit, sometimes with one that is refused.
    fn batch(&mut self, client: &Client, choices: &mut Choices) -> Result<(), End> {
        let count = if choices.from(0, 9) == 0 { choices.from(20, 60) } else { choices.from(1, 6) };
        let before = self.continuable.clone();
        let mut operations: Vec<Operation> = (0..count).map(|_| self.next_operation(choices)).collect();
        let is_atomic = choices.from(0, 1) == 0;
        let has_refused = choices.from(0, 3) == 0;
        if has_refused {
            let account = pick(2, choices);
            operations.insert(pick(operations.len() + 1, choices), Operation::refused(&self.accounts, account));
        }
        let forms: Vec<Value> = operations.iter().map(Operation::batch_form).collect();
        let body = json!({"atomic": is_atomic, "operations": forms});
        let form = if is_atomic && has_refused { Form::RolledBack } else { Form::Batch };
        if form == Form::RolledBack {
            // Nothing was done, so all movements can still be continued.
            self.continuable = before;
        }
        self.call(client, "/batch", body, operations, form).map(|_| ())
    }

    fn send(&mut self, client: &Client, operation: Operation) -> Result<Value, End> {
        self.call(client, &operation.path.clone(), operation.body.clone(), vec![operation], Form::Single)
    }

    /// Sends a call until it succeeds, as clients are advised to do; every second refused call is given up at once.
    fn call(
        &mut self,
        client: &Client,
        path: &str,
        body: Value,
        operations: Vec<Operation>,
        form: Form,
    ) -> Result<Value, End> {
        let number = self.sent.len();
        let key = format!("{}-{number}", self.name);
        self.sent.push(Sent { key, path: path.into(), body, operations, form, answer: None, is_refused: false });
        let sent = self.sent.last_mut().unwrap();
        for attempt in 0..PATIENCE {
            let answer = sent.post(client);
            sent.is_refused = false;
            let answer = answer.map_err(|_| End::NoAnswer)?;
            match answer.status {
                200 if sent.form != Form::RolledBack => {
                    sent.answer = Some(answer.body.clone());
                    self.continuable.extend(sent.done().filter_map(|(operation, answer)| operation.opened(answer)));
                    return Ok(answer.body);
                }
                400 if sent.form == Form::RolledBack => {
                    sent.is_refused = true;
                    return Ok(answer.body);
                }
                503 => {
                    crate::books::assert_is_refusal(&answer);
                    sent.is_refused = true;
                    if attempt == 0 && number.is_multiple_of(2) {
                        return Err(End::GivenUp);
                    }
                }
                _ => panic!("unexpected answer {answer:?} to {sent:?}"),
            }
            run::let_pass(REST);
        }
        Err(End::NoAnswer)
    }

    /// Compares what this client knows with the server: every answered call is stored as answered; every other call is
    /// stored completely or not at all, and a retry is applied exactly once.
    #[track_caller]
    pub(crate) fn check(&mut self, client: &Client) -> Found {
        let before = self.shown(client);
        let mut found = Found::default();
        let mut was_there = Vec::new();
        for sent in &mut self.sent {
            let again = sent.post(client).unwrap();
            let is_batch = sent.form != Form::Single;
            found.batches += usize::from(is_batch);
            if sent.form == Form::RolledBack {
                assert_eq!((again.status, again.is_replay), (400, false), "{again:?} to {sent:?}");
                was_there.push(false);
                continue;
            }
            assert_eq!(again.status, 200, "{again:?} to {sent:?}");
            match &sent.answer {
                Some(answer) => {
                    assert!(again.is_replay, "lost although it was answered: {sent:?}");
                    assert_eq!(&again.body, answer, "{sent:?}");
                    found.answered += 1;
                }
                None => {
                    assert!(!(sent.is_refused && again.is_replay), "stored although it was refused: {sent:?}");
                    found.refused += usize::from(sent.is_refused);
                    found.open += 1;
                    found.stored += usize::from(again.is_replay);
                    found.batches_stored += usize::from(again.is_replay && is_batch);
                    sent.answer = Some(again.body);
                }
            }
            was_there.push(again.is_replay);
        }
        assert_eq!(before, self.expected(&was_there), "after the crash");
        assert_eq!(self.shown(client), self.expected(&vec![true; self.sent.len()]), "after everything was sent again");
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
            for (operation, answer) in sent.done() {
                for &(account, cents) in &operation.moves {
                    let account = &mut accounts[account];
                    account.deals.insert(answer["dealId"].as_str().unwrap().into(), cents);
                    account.balance += cents;
                    account.available += cents;
                }
                if let Some((account, cents)) = operation.holds {
                    accounts[account].available -= cents;
                }
            }
        }
        accounts
    }
}

impl Sent {
    fn post(&self, client: &Client) -> Result<Answer, String> {
        client.post(&self.path, &self.key, &self.body)
    }

    /// The operations known to be done, with their answers.
    fn done(&self) -> impl Iterator<Item = (&Operation, &Value)> {
        let answers: Vec<Option<&Value>> = match (&self.answer, self.form) {
            (None, _) | (_, Form::RolledBack) => Vec::new(),
            (Some(answer), Form::Single) => vec![Some(answer)],
            (Some(answer), Form::Batch) => {
                let results = answer["results"].as_array().unwrap();
                assert_eq!(results.len(), self.operations.len(), "{answer}");
                let is_done = results.iter().map(|result| result.get("result"));
                assert!(
                    is_done
                        .clone()
                        .zip(&self.operations)
                        .all(|(done, operation)| done.is_some() == operation.is_accepted),
                    "{answer}"
                );
                is_done.collect()
            }
        };
        self.operations.iter().zip(answers).filter_map(|(operation, answer)| answer.map(|answer| (operation, answer)))
    }
}

fn cents(amount: &Value) -> i64 {
    let amount: Decimal = amount.to_string().parse().unwrap();
    (amount * Decimal::from(100)).to_i64().unwrap()
}
