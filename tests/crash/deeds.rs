//! Operations that a client can request, alone or in a batch.

use serde_json::{Value, json};

use crate::run::Choices;

/// One operation.
#[derive(Clone, Debug)]
pub(crate) struct Deed {
    /// The path of its own route.
    pub(crate) path: String,
    pub(crate) body: Value,
    /// Its batch form: the name and the id that is otherwise in the path.
    operation: Value,
    /// The accounts by index, and the cents by which their balances change.
    pub(crate) moves: Vec<(usize, i64)>,
    /// The account by index, and the change of its held amount in cents.
    pub(crate) holds: Option<(usize, i64)>,
    /// Whether the server accepts it when it can.
    pub(crate) passes: bool,
    /// What the client can continue with once it is done.
    leaves: Option<(Kind, usize, i64)>,
}

/// A movement that can be continued: its id, account and cents.
#[derive(Clone, Debug)]
pub(crate) struct Open {
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

/// More than any client has.
const TOO_MUCH: i64 = 10_000_000_000_000;

impl Deed {
    /// An operation that moves no money.
    pub(crate) fn plain(path: &str, body: Value) -> Deed {
        Deed {
            path: path.into(),
            body,
            operation: Value::Null,
            moves: Vec::new(),
            holds: None,
            passes: true,
            leaves: None,
        }
    }

    /// A one-call deposit, which cannot be continued.
    pub(crate) fn deposit(accounts: &[String], account: usize, cents: i64) -> Deed {
        Deed { moves: vec![(account, cents)], ..Deed::on(accounts, account, "deposit", "deposit", cents) }
    }

    /// A withdrawal that is always refused.
    pub(crate) fn refused(accounts: &[String], account: usize) -> Deed {
        Deed { passes: false, ..Deed::on(accounts, account, "withdraw", "withdraw", TOO_MUCH) }
    }

    fn on(accounts: &[String], account: usize, route: &str, operation: &str, cents: i64) -> Deed {
        let id = &accounts[account];
        Deed {
            operation: json!({"operation": operation, "accountId": id}),
            ..Deed::plain(&format!("/accounts/{id}/{route}"), json!({"amount": money(cents)}))
        }
    }

    /// A random new operation. Both accounts must hold more than it takes.
    pub(crate) fn any(accounts: &[String], choices: &mut Choices) -> Deed {
        let cents = i64::try_from(choices.from(1, 9_999)).unwrap();
        let account = pick(2, choices);
        let on = |route, operation| Deed::on(accounts, account, route, operation, cents);
        let (to, from) = (vec![(account, cents)], vec![(account, -cents)]);
        let (holds, leaves) = (Some((account, cents)), |kind, cents| Some((kind, account, cents)));
        match choices.from(0, 9) {
            0..=2 => Deed { moves: to, leaves: leaves(Kind::Deal, cents), ..on("deposit", "deposit") },
            3 => Deed { moves: from, leaves: leaves(Kind::Deal, -cents), ..on("withdraw", "withdraw") },
            4 => Deed { moves: to, ..on("balance", "balance") },
            5 => Deed { holds, leaves: leaves(Kind::Hold, cents), ..on("holds", "placeHold") },
            6 => Deed { leaves: leaves(Kind::Deposit, cents), ..on("deposits", "announceDeposit") },
            7 => Deed { holds, leaves: leaves(Kind::Withdrawal, cents), ..on("withdrawals", "requestWithdrawal") },
            _ => {
                let other = 1 - account;
                let body = json!({"fromAccountId": accounts[account], "toAccountId": accounts[other],
                    "amount": money(cents), "comment": "between accounts"});
                Deed {
                    operation: json!({"operation": "transfer"}),
                    moves: vec![(account, -cents), (other, cents)],
                    ..Deed::plain("/transfers", body)
                }
            }
        }
    }

    /// Its form in a batch.
    pub(crate) fn as_operation(&self) -> Value {
        let mut operation = self.body.clone();
        for (name, value) in self.operation.as_object().unwrap() {
            operation[name] = value.clone();
        }
        operation
    }

    /// What can be continued, given the answer.
    pub(crate) fn opened(&self, answer: &Value) -> Option<Open> {
        let (kind, account, cents) = self.leaves?;
        let id = if matches!(kind, Kind::Deal) { "dealId" } else { "id" };
        Some(Open { kind, id: answer[id].as_str().unwrap().into(), account, cents })
    }
}

impl Open {
    /// A random continuation.
    pub(crate) fn go_on(&self, choices: &mut Choices) -> Deed {
        let is_yes = choices.from(0, 2) > 0;
        let (cents, freed) = (self.cents, Some((self.account, -self.cents)));
        let moves = |cents| vec![(self.account, cents)];
        match self.kind {
            Kind::Deal => {
                let body = json!({"reason": "wrong"});
                Deed { moves: moves(-cents), ..self.called("entries", "reverse", "reverseEntry", "entryId", body) }
            }
            Kind::Hold if is_yes => {
                let taken = i64::try_from(choices.from(1, cents.unsigned_abs())).unwrap();
                let body = json!({"amount": money(taken)});
                let deed = self.called("holds", "capture", "captureHold", "holdId", body);
                Deed { moves: moves(-taken), holds: freed, ..deed }
            }
            Kind::Hold => Deed { holds: freed, ..self.called("holds", "release", "releaseHold", "holdId", json!({})) },
            Kind::Deposit if is_yes => {
                let deed = self.called("deposits", "settle", "settleDeposit", "depositId", json!({}));
                Deed { moves: moves(cents), ..deed }
            }
            Kind::Deposit => self.called("deposits", "return", "returnDeposit", "depositId", json!({})),
            Kind::Withdrawal if is_yes => {
                let deed = self.called("withdrawals", "pay", "payWithdrawal", "withdrawalId", json!({}));
                Deed { moves: moves(-cents), holds: freed, ..deed }
            }
            Kind::Withdrawal => {
                let deed = self.called("withdrawals", "reject", "rejectWithdrawal", "withdrawalId", json!({}));
                Deed { holds: freed, ..deed }
            }
        }
    }

    fn called(&self, nouns: &str, route: &str, operation: &str, field: &str, body: Value) -> Deed {
        let mut called = json!({"operation": operation});
        called[field] = json!(self.id);
        Deed { operation: called, ..Deed::plain(&format!("/{nouns}/{}/{route}", self.id), body) }
    }
}

fn money(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
