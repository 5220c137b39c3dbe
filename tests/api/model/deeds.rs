//! What a step sends, the predicted outcome, and its effect on the model, for single calls and batches.

use super::books::{Account, Books, Movement, Reason};
use super::clients::{Client, Wait, owners_altered, owners_with, owners_without};
use super::step::{Arrival, Going, Kind, Step, What};
use super::world::{ACCOUNTS, fresh_account};
use bursar::domain::clock::Moment;
use serde_json::{Value, json};

/// The maximum number of accounts and clients in a sequence.
const ACCOUNTS_MAX: usize = 12;
const CLIENTS_MAX: usize = 6;

/// What a call needs beside the model.
pub(super) struct Setting<'a> {
    pub(super) now: Moment,
    /// A unique name.
    pub(super) name: String,
    /// The group ids, in the order of [`ACCOUNTS`].
    pub(super) groups: &'a [String],
}

/// The request.
pub(super) struct Plan {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) body: Value,
    /// The same operation in a batch, if it can be in one: its name and the fields that identify the object.
    operation: Option<Value>,
}

impl Plan {
    fn new(method: &'static str, path: String, body: Value) -> Plan {
        Plan { method, path, body, operation: None }
    }

    fn called(self, operation: Value) -> Plan {
        Plan { operation: Some(operation), ..self }
    }

    /// The batch form of the request.
    pub(super) fn operation(self) -> Value {
        let mut operation = self.operation.unwrap();
        for (name, value) in self.body.as_object().into_iter().flatten() {
            operation[name] = value.clone();
        }
        operation
    }
}

impl Books {
    /// Replaces arbitrary numbers by valid indexes; `None` if no object of the kind exists.
    pub(super) fn resolve(&self, what: &What) -> Option<What> {
        let account = |number: usize| number % self.accounts.len();
        let client = |number: usize| number % self.clients.len();
        Some(match *what {
            What::Post(number, action, minor) => What::Post(account(number), action, minor),
            What::Backdate(number, action, minor, when) => {
                let (opened, since) = (self.accounts[account(number)].opened, self.now);
                let at = match when % 16 {
                    0 => opened - 1,
                    1 => since.max(opened) + 86_400_000,
                    2 => opened,
                    _ => {
                        opened
                            + i64::try_from(
                                i128::from((since - opened).max(0)) * i128::from(when) / i128::from(Step::WHENS),
                            )
                            .unwrap()
                    }
                };
                What::Backdate(account(number), action, minor, at)
            }
            What::Ask(number, kind, minor, hours) => What::Ask(account(number), kind, minor, hours),
            What::Go(number, going, part) => {
                // Usually one in the required state.
                let count = self.movements.len();
                let fits = |of: &Movement| of.kind == going.kind() && of.is_open();
                let fitting: Vec<_> = (0..count).filter(|&n| fits(&self.movements[n])).collect();
                let is_any = fitting.is_empty() || number % 8 == 0;
                let movement = match is_any {
                    true => number.checked_rem(count)?,
                    false => fitting[number % fitting.len()],
                };
                What::Go(movement, going, part.filter(|_| going == Going::Capture))
            }
            What::Transfer(from, to, minor, arrival) => What::Transfer(account(from), account(to), minor, arrival),
            What::Reverse(number, force) => What::Reverse(number.checked_rem(self.entries.len())?, force),
            What::Lock(number, lock, is_kept) => What::Lock(account(number), lock, is_kept),
            What::Unlock(number) => What::Unlock(account(number)),
            What::Life(number, state) => What::Life(account(number), state),
            What::Minimum(number, minor) => What::Minimum(account(number), minor),
            What::Flags(number, credits, debits) => What::Flags(account(number), credits, debits),
            What::Label(number, reference, alias) => What::Label(account(number), reference, alias),
            What::Close(number, to) => What::Close(account(number), to.map(account)),
            What::Archive(number) => What::Archive(account(number)),
            What::Approve(number) => What::Approve(account(number)),
            What::Open(number, sort, waits) if self.accounts.len() < ACCOUNTS_MAX => {
                What::Open(client(number), sort % ACCOUNTS.len(), waits)
            }
            What::Join(number, who, access, priority) => What::Join(account(number), client(who), access, priority),
            What::Alter(number, who, access, priority) => What::Alter(account(number), client(who), access, priority),
            What::Leave(number, who) => What::Leave(account(number), client(who)),
            What::Register(waits) if self.clients.len() < CLIENTS_MAX => What::Register(waits),
            What::Turn(number, action) => What::Turn(client(number), action),
            What::Describe(number) => What::Describe(client(number)),
            _ => return None,
        })
    }

    /// The request for a resolved step.
    pub(super) fn plan(&self, what: &What, setting: &Setting<'_>) -> Plan {
        let of = |number: usize| &self.accounts[number];
        let on = |number: usize, rest: &str| format!("/accounts/{}/{rest}", of(number).id);
        let settings = |number: usize, body| Plan::new("PUT", format!("/accounts/{}", of(number).id), body);
        let to_account = |number: usize, name: &str, path: &str, body| {
            let operation = json!({"operation": name, "accountId": of(number).id});
            Plan::new("POST", on(number, path), body).called(operation)
        };
        match *what {
            What::Post(number, action @ ("deposit" | "withdraw"), minor) => {
                let body = json!({"amount": of(number).text(minor.into()), "comment": "by the model"});
                to_account(number, action, action, body)
            }
            What::Post(number, action, minor) => {
                let amount = of(number).text(minor.into());
                let body = json!({"amount": amount, "action": format!("DEAL_ACTION_{action}")});
                to_account(number, "balance", "balance", body)
            }
            What::Backdate(number, action, minor, at) => {
                let (amount, at) = (of(number).text(minor.into()), Moment::from_unix_ms(at).to_string());
                let body = json!({"amount": amount, "action": format!("DEAL_ACTION_{action}"), "effectiveAt": at});
                to_account(number, "balance", "balance", body)
            }
            What::Ask(number, kind, minor, hours) => {
                // Half an hour late, so that the hour of expiry is certain however long the test takes.
                let expires_at = hours.map(|hours| setting.now.plus_s(hours * 3_600 + 1_800).to_string());
                let amount = of(number).text(minor.into());
                let body = json!({"amount": amount, "expiresAt": expires_at, "reference": setting.name});
                to_account(number, kind.asking(), kind.path(), body)
            }
            What::Go(number, going, part) => {
                let movement = &self.movements[number];
                let text = |part: &i64| of(movement.account).text((*part).into());
                let body = part.as_ref().map_or_else(|| json!({}), |part| json!({"amount": text(part)}));
                let path = format!("/{}/{}/{}", going.kind().path(), movement.id, going.path());
                let mut operation = json!({"operation": format!("{}{}", going.path(), going.kind().suffix())});
                operation[going.kind().id()] = json!(movement.id);
                Plan::new("POST", path, body).called(operation)
            }
            What::Transfer(from, to, minor, arrival) => {
                let (payer, receiver) = (of(from), of(to));
                let amount = payer.text(minor.into());
                let mut body = json!({"fromAccountId": payer.id, "toAccountId": receiver.id, "amount": amount});
                match arrival {
                    Arrival::Same => {}
                    Arrival::Rate(rate) => body["rate"] = json!(format!("{}.{:04}", rate / 10_000, rate % 10_000)),
                    Arrival::Amount(arriving) => body["toAmount"] = json!(receiver.text(arriving.into())),
                }
                Plan::new("POST", "/transfers".to_owned(), body).called(json!({"operation": "transfer"}))
            }
            What::Reverse(number, force) => {
                let id = &self.entries[number].id;
                let body = json!({"reason": "the model wants it", "force": force});
                let operation = json!({"operation": "reverseEntry", "entryId": id});
                Plan::new("POST", format!("/entries/{id}/reverse"), body).called(operation)
            }
            What::Lock(number, lock, is_kept) => {
                let body = json!({"lock": lock, "type": if is_kept { "SYS" } else { "CST" }});
                to_account(number, "lock", "lock", body)
            }
            What::Unlock(number) => to_account(number, "unlock", "unlock", json!({})),
            What::Life(number, state) => to_account(number, state, state, json!({})),
            What::Close(number, to) => {
                to_account(number, "close", "close", json!({"sweepToAccountId": to.map(|to| &of(to).id)}))
            }
            What::Approve(number) => to_account(number, "approve", "approve", json!({})),
            What::Archive(number) => {
                let operation = json!({"operation": "archive", "accountId": of(number).id});
                Plan::new("DELETE", format!("/accounts/{}", of(number).id), Value::Null).called(operation)
            }
            What::Minimum(number, minor) => settings(number, json!({"minimumBalance": of(number).text(minor.into())})),
            What::Flags(number, credits, debits) => {
                settings(number, json!({"allowCredits": credits, "allowDebits": debits}))
            }
            What::Label(number, reference, alias) => {
                let text = |name: Option<usize>| name.map(|name| format!("n{name}"));
                let body =
                    json!({"reference": text(reference), "alias": text(alias), "metadata": {"at": setting.name}});
                settings(number, body)
            }
            What::Open(client, sort, waits) => {
                let body = json!({
                    "profileId": self.clients[client].id, "currency": ACCOUNTS[sort].1,
                    "groupId": setting.groups[sort], "requiresApproval": waits,
                });
                Plan::new("POST", "/accounts".to_owned(), body)
            }
            What::Join(number, client, access, priority) => {
                let body = json!({"profileId": self.clients[client].id, "access": access, "priority": priority});
                Plan::new("POST", on(number, "owners"), body)
            }
            What::Alter(number, client, access, priority) => {
                let path = on(number, &format!("owners/{}", self.clients[client].id));
                Plan::new("PUT", path, json!({"access": access, "priority": priority}))
            }
            What::Leave(number, client) => {
                let path = on(number, &format!("owners/{}", self.clients[client].id));
                Plan::new("DELETE", path, Value::Null)
            }
            What::Register(waits) => {
                let body = json!({"email": format!("{}@example.com", setting.name), "requiresReview": waits});
                Plan::new("POST", "/profiles".to_owned(), body)
            }
            What::Turn(client, action) => {
                Plan::new("POST", format!("/profiles/{}/{action}", self.clients[client].id), json!({}))
            }
            What::Describe(client) => {
                let of = &self.clients[client];
                let body = json!({"email": of.email, "city": setting.name, "category": "of the model"});
                Plan::new("PUT", format!("/profiles/{}", of.id), body)
            }
            What::Batch(..) | What::Clock(_) | What::Retry(_) | What::Nonsense(..) => unreachable!("{what:?}"),
        }
    }

    /// Whether a resolved step will be accepted.
    pub(super) fn predict(&self, what: &What, is_second: bool) -> Result<(), Reason> {
        match *what {
            What::Post(account, action, minor) => self.predict_post(account, action, minor.into()),
            What::Backdate(account, action, minor, at) => self.predict_backdating(account, action, minor.into(), at),
            What::Ask(account, kind, minor, _) => self.predict_ask(account, kind, minor.into()),
            What::Go(movement, going, part) => self.predict_going(movement, going, part.map(i128::from), is_second),
            What::Transfer(from, to, minor, arrival) => {
                self.predict_transfer(from, to, minor.into(), arrival).map(|_| ())
            }
            What::Reverse(entry, force) => self.predict_reversal(entry, force, is_second),
            What::Lock(account, _, is_kept) => self.predict_lock(account, is_kept, is_second),
            What::Unlock(account) => self.predict_unlock(account, is_second),
            What::Life(account, state) => self.predict_life(account, state),
            What::Minimum(account, minor) => self.predict_minimum(account, minor.into()),
            What::Flags(account, ..) => self.predict_change(account),
            What::Label(account, reference, alias) => self.predict_labels(account, reference, alias),
            What::Close(account, to) => self.predict_close(account, to).map(|_| ()),
            What::Archive(account) => self.predict_archive(account),
            What::Approve(account) => self.predict_approval(account, is_second),
            What::Open(client, ..) => self.predict_opening(client),
            What::Join(account, client, access, priority) => {
                let new = owners_with(&self.accounts[account].owners, client, access, priority);
                self.predict_owners(account, new, Some(client))
            }
            What::Alter(account, client, access, priority) => {
                let new = owners_altered(&self.accounts[account].owners, client, access, priority);
                self.predict_owners(account, new, None)
            }
            What::Leave(account, client) => {
                self.predict_owners(account, owners_without(&self.accounts[account].owners, client), None)
            }
            What::Turn(client, action) => self.predict_client(client, action, is_second),
            What::Describe(client) => self.predict_describing(client),
            _ => Ok(()),
        }
    }

    /// Whether it makes a whole batch unreadable.
    pub(super) fn is_unreadable(what: &What) -> bool {
        matches!(*what, What::Post(_, _, 0) | What::Backdate(_, _, 0, _) | What::Post(_, "deposit" | "withdraw", ..0))
    }

    /// Applies a step that was predicted to succeed. Objects whose ids are not in the answer stay without an id.
    pub(super) fn apply(&mut self, what: &What, is_second: bool, answer: &Value) {
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        let deal = text("dealId");
        match *what {
            What::Post(account, action, minor) => {
                let minor = i128::from(if action == "withdraw" { -minor } else { minor });
                self.post(deal, vec![(account, minor)], action == "CREDIT", is_second);
                if minor > 0 && matches!(action, "deposit" | "BALANCE") {
                    self.hold_back();
                }
            }
            What::Backdate(account, action, minor, at) => {
                self.post(deal, vec![(account, minor.into())], action == "CREDIT", is_second);
                self.entries.last_mut().unwrap().effective = Some(at);
            }
            What::Ask(account, kind, minor, hours) => self.ask(Movement {
                id: text("id"),
                kind,
                account,
                minor: minor.into(),
                state: "PENDING",
                by_second: is_second,
                approved_by_second: None,
                ends: hours.map(|hours| self.hour + hours + 1),
            }),
            What::Go(number, going, part) => self.go_on(number, going, part.map(i128::from), is_second, deal),
            What::Transfer(from, to, minor, arrival) => {
                let arriving = self.predict_transfer(from, to, minor.into(), arrival).unwrap();
                self.post(deal, vec![(from, -i128::from(minor)), (to, arriving)], false, is_second);
            }
            What::Reverse(entry, _) => self.reverse(entry, deal, is_second),
            What::Close(account, to) => {
                let swept = self.predict_close(account, to).unwrap();
                self.begin_closing(account);
                if let (1.., Some(to)) = (swept, to) {
                    self.post(String::new(), vec![(account, -swept), (to, swept)], false, is_second);
                }
            }
            What::Open(client, sort, waits) => {
                let is_review = self.clients[client].status == "PENDING";
                let wait = (waits || is_review).then_some(Wait { is_for_client: !waits, by_second: is_second });
                let id = answer["account"]["id"].as_str().unwrap().to_owned();
                let life = if wait.is_some() { "pending" } else { "active" };
                let opened = Moment::parse(answer["account"]["createdAt"].as_str().unwrap()).unwrap().unix_ms();
                self.accounts.push(Account { life, wait, opened, ..fresh_account(id, client, sort) });
            }
            What::Register(waits) => {
                let status = if waits { "PENDING" } else { "VERIFIED" };
                self.clients.push(Client { id: text("id"), email: text("email"), status, by_second: is_second });
            }
            What::Turn(client, action) => self.turn_client(client, action, is_second),
            _ => self.set(what),
        }
        self.finish_closing();
    }

    fn set(&mut self, what: &What) {
        let (What::Lock(number, ..)
        | What::Unlock(number)
        | What::Life(number, _)
        | What::Minimum(number, _)
        | What::Flags(number, ..)
        | What::Label(number, ..)
        | What::Archive(number)
        | What::Approve(number)
        | What::Join(number, ..)
        | What::Alter(number, ..)
        | What::Leave(number, _)) = *what
        else {
            return;
        };
        let of = &mut self.accounts[number];
        match *what {
            What::Lock(_, lock, is_kept) => (of.lock, of.is_lock_kept) = (lock, is_kept),
            What::Unlock(_) => (of.lock, of.is_lock_kept) = ("none", false),
            What::Life(_, state) => of.life = if state == "activate" { "active" } else { state },
            What::Minimum(_, minor) => of.minimum = minor.into(),
            What::Flags(_, credits, debits) => (of.allows_credits, of.allows_debits) = (credits, debits),
            What::Label(_, reference, alias) => (of.reference, of.alias) = (reference, alias),
            What::Archive(_) => of.life = "closed",
            What::Approve(_) => of.life = "active",
            What::Join(_, client, access, priority) => {
                of.owners = owners_with(&of.owners, client, access, priority).unwrap();
            }
            What::Alter(_, client, access, priority) => {
                of.owners = owners_altered(&of.owners, client, access, priority).unwrap();
            }
            What::Leave(_, client) => of.owners = owners_without(&of.owners, client).unwrap(),
            _ => {}
        }
    }

    fn go_on(&mut self, number: usize, going: Going, part: Option<i128>, is_second: bool, deal: String) {
        let Movement { account, minor, .. } = self.movements[number];
        match going {
            Going::Approve => {
                let movement = &mut self.movements[number];
                movement.state = "APPROVED";
                movement.approved_by_second = Some(is_second);
            }
            Going::Return | Going::Cancel | Going::Release => self.end(number, "VOIDED"),
            Going::Settle => {
                self.end(number, "POSTED");
                self.post(deal, vec![(account, minor)], false, is_second);
                self.hold_back();
            }
            Going::Pay | Going::Capture => {
                self.end(number, "POSTED");
                self.post(deal, vec![(account, -part.unwrap_or(minor))], false, is_second);
            }
        }
    }
}

impl Kind {
    /// The batch operation that creates this kind of movement.
    fn asking(self) -> &'static str {
        match self {
            Kind::Deposit => "announceDeposit",
            Kind::Withdrawal => "requestWithdrawal",
            Kind::Hold => "placeHold",
        }
    }

    fn suffix(self) -> &'static str {
        match self {
            Kind::Deposit => "Deposit",
            Kind::Withdrawal => "Withdrawal",
            Kind::Hold => "Hold",
        }
    }

    fn id(self) -> &'static str {
        match self {
            Kind::Deposit => "depositId",
            Kind::Withdrawal => "withdrawalId",
            Kind::Hold => "holdId",
        }
    }
}
