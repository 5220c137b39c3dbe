//! Operations that a client can request, alone or in a batch.

use serde_json::{Value, json};

use crate::run::Choices;

#[derive(Clone, Debug)]
pub(crate) struct Operation {
    /// The path of its own route.
    pub(crate) path: String,
    pub(crate) body: Value,
    /// What a batch adds to the body: the name of the operation, and the id that is otherwise in the path.
    batch_head: Value,
    /// The accounts by index, and the cents by which their balances change.
    pub(crate) moves: Vec<(usize, i64)>,
    /// The account by index, and the change of its held amount in cents.
    pub(crate) holds: Option<(usize, i64)>,
    /// Whether the server accepts it, unless it is down or overloaded.
    pub(crate) is_accepted: bool,
    /// What it opens for a continuation: the kind, the account by index and the cents.
    opens: Option<(Kind, usize, i64)>,
}

/// A movement or deal that can be continued, with its cents.
#[derive(Clone, Debug)]
pub(crate) struct Continuable {
    kind: Kind,
    id: String,
    account: usize,
    cents: i64,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Deal,
    Hold,
    Deposit,
    Withdrawal,
}

/// A random number below `end`.
pub(crate) fn pick(end: usize, choices: &mut Choices) -> usize {
    usize::try_from(choices.from(0, end as u64 - 1)).unwrap()
}

/// More cents than any client has.
const TOO_MUCH: i64 = 10_000_000_000_000;

impl Operation {
    /// An operation that moves no money.
    pub(crate) fn without_money(path: &str, body: Value) -> Operation {
        Operation {
            path: path.into(),
            body,
            batch_head: Value::Null,
            moves: Vec::new(),
            holds: None,
            is_accepted: true,
            opens: None,
        }
    }

    /// A one-call deposit, which cannot be continued.
    pub(crate) fn deposit(accounts: &[String], account: usize, cents: i64) -> Operation {
        Operation { moves: vec![(account, cents)], ..Operation::on(accounts, account, "deposit", "deposit", cents) }
    }

    /// A withdrawal that is always refused.
    pub(crate) fn refused(accounts: &[String], account: usize) -> Operation {
        Operation { is_accepted: false, ..Operation::on(accounts, account, "withdraw", "withdraw", TOO_MUCH) }
    }

    fn on(accounts: &[String], account: usize, route: &str, operation: &str, cents: i64) -> Operation {
        let id = &accounts[account];
        Operation {
            batch_head: json!({"operation": operation, "accountId": id}),
            ..Operation::without_money(&format!("/accounts/{id}/{route}"), json!({"amount": money(cents)}))
        }
    }

    /// A random new operation. Both accounts must hold more than it takes.
    pub(crate) fn random(accounts: &[String], choices: &mut Choices) -> Operation {
        let cents = i64::try_from(choices.from(1, 9_999)).unwrap();
        let account = pick(2, choices);
        let on = |route, operation| Operation::on(accounts, account, route, operation, cents);
        let (to, from) = (vec![(account, cents)], vec![(account, -cents)]);
        let (holds, opens) = (Some((account, cents)), |kind, cents| Some((kind, account, cents)));
        match choices.from(0, 9) {
            0..=2 => Operation { moves: to, opens: opens(Kind::Deal, cents), ..on("deposit", "deposit") },
            3 => Operation { moves: from, opens: opens(Kind::Deal, -cents), ..on("withdraw", "withdraw") },
            4 => Operation { moves: to, ..on("balance", "balance") },
            5 => Operation { holds, opens: opens(Kind::Hold, cents), ..on("holds", "placeHold") },
            6 => Operation { opens: opens(Kind::Deposit, cents), ..on("deposits", "announceDeposit") },
            7 => Operation { holds, opens: opens(Kind::Withdrawal, cents), ..on("withdrawals", "requestWithdrawal") },
            _ => {
                let other = 1 - account;
                let body = json!({"fromAccountId": accounts[account], "toAccountId": accounts[other],
                    "amount": money(cents), "comment": "between accounts"});
                Operation {
                    batch_head: json!({"operation": "transfer"}),
                    moves: vec![(account, -cents), (other, cents)],
                    ..Operation::without_money("/transfers", body)
                }
            }
        }
    }

    /// The body with the batch head, as a batch sends it.
    pub(crate) fn batch_form(&self) -> Value {
        let mut operation = self.body.clone();
        for (name, value) in self.batch_head.as_object().unwrap() {
            operation[name] = value.clone();
        }
        operation
    }

    /// The movement or deal that can be continued, read from the answer.
    pub(crate) fn opened(&self, answer: &Value) -> Option<Continuable> {
        let (kind, account, cents) = self.opens?;
        let id = if matches!(kind, Kind::Deal) { "dealId" } else { "id" };
        Some(Continuable { kind, id: answer[id].as_str().unwrap().into(), account, cents })
    }
}

impl Continuable {
    pub(crate) fn continuation(&self, choices: &mut Choices) -> Operation {
        let is_yes = choices.from(0, 2) > 0;
        let (cents, freed) = (self.cents, Some((self.account, -self.cents)));
        let moves = |cents| vec![(self.account, cents)];
        match self.kind {
            Kind::Deal => {
                let body = json!({"reason": "wrong"});
                Operation {
                    moves: moves(-cents),
                    ..self.on_object("entries", "reverse", "reverseEntry", "entryId", body)
                }
            }
            Kind::Hold if is_yes => {
                let taken = i64::try_from(choices.from(1, cents.unsigned_abs())).unwrap();
                let body = json!({"amount": money(taken)});
                let operation = self.on_object("holds", "capture", "captureHold", "holdId", body);
                Operation { moves: moves(-taken), holds: freed, ..operation }
            }
            Kind::Hold => {
                Operation { holds: freed, ..self.on_object("holds", "release", "releaseHold", "holdId", json!({})) }
            }
            Kind::Deposit if is_yes => {
                let operation = self.on_object("deposits", "settle", "settleDeposit", "depositId", json!({}));
                Operation { moves: moves(cents), ..operation }
            }
            Kind::Deposit => self.on_object("deposits", "return", "returnDeposit", "depositId", json!({})),
            Kind::Withdrawal if is_yes => {
                let operation = self.on_object("withdrawals", "pay", "payWithdrawal", "withdrawalId", json!({}));
                Operation { moves: moves(-cents), holds: freed, ..operation }
            }
            Kind::Withdrawal => {
                let operation = self.on_object("withdrawals", "reject", "rejectWithdrawal", "withdrawalId", json!({}));
                Operation { holds: freed, ..operation }
            }
        }
    }

    fn on_object(&self, nouns: &str, route: &str, operation: &str, field: &str, body: Value) -> Operation {
        let mut head = json!({"operation": operation});
        head[field] = json!(self.id);
        Operation { batch_head: head, ..Operation::without_money(&format!("/{nouns}/{}/{route}", self.id), body) }
    }
}

fn money(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
