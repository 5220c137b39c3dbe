//! What a step sends, the predicted outcome, and its effect on the model, for single calls and batches.

use super::books::{Account, Books, Movement, Reason};
use super::clients::{Client, Wait, owners_altered, owners_with, owners_without};
use super::step::{Action, Arrival, Decision, Kind, Step};
use super::trading::{FIRST_TRADER, TRADERS};
use super::world::{ACCOUNTS, fresh_account};
use bursar::domain::clock::Moment;
use serde_json::{Value, json};

/// The maximum number of accounts and clients in a sequence.
const ACCOUNTS_MAX: usize = 17;
const CLIENTS_MAX: usize = 6;

/// What a call needs beside the model.
pub(super) struct Setting<'a> {
    pub(super) now: Moment,
    /// A unique name.
    pub(super) name: String,
    /// The group ids, in the order of [`ACCOUNTS`].
    pub(super) groups: &'a [String],
}

pub(super) struct Plan {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) body: Value,
    /// The same operation in a batch, if it can be in one: its name and the fields that identify the object.
    operation: Option<Value>,
}

impl Plan {
    pub(super) fn new(method: &'static str, path: String, body: Value) -> Plan {
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
    pub(super) fn resolve(&self, what: &Action) -> Option<Action> {
        // Operators leave the accounts of the platform alone.
        let account = |number: usize| {
            let number = number % (self.accounts.len() - TRADERS.len());
            if number < FIRST_TRADER { number } else { number + TRADERS.len() }
        };
        let client = |number: usize| number % self.clients.len();
        // Owners of other accounts wait for a second operator; approvals.rs tests that.
        let shared = |number: usize| if self.accounts[account(number)].requires_approval { 0 } else { account(number) };
        Some(match *what {
            Action::Post(number, action, minor) => Action::Post(account(number), action, minor),
            Action::Backdate(number, action, minor, when) => {
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
                Action::Backdate(account(number), action, minor, at)
            }
            Action::Request(number, kind, minor, hours) => Action::Request(account(number), kind, minor, hours),
            Action::Decide(number, decision, part) => {
                // Usually one in the required state.
                let count = self.movements.len();
                let fits = |of: &Movement| of.kind == decision.kind() && of.is_open();
                let fitting: Vec<_> = (0..count).filter(|&n| fits(&self.movements[n])).collect();
                let is_any = fitting.is_empty() || number % 8 == 0;
                let movement = match is_any {
                    true => number.checked_rem(count)?,
                    false => fitting[number % fitting.len()],
                };
                Action::Decide(movement, decision, part.filter(|_| decision == Decision::Capture))
            }
            Action::Transfer(from, to, minor, arrival) => {
                let (from, to) = (account(from), account(to));
                // A transfer to a guarded account of another client waits; approvals_bypass.rs tests that.
                let waits = self.accounts[to].requires_approval && self.hands_over(from, to);
                let to = if waits { 0 } else { to };
                Action::Transfer(from, to, minor, self.near_reference(from, to, minor, arrival))
            }
            Action::Reverse(number, force) => {
                let number = number.checked_rem(self.entries.len())?;
                if self.entries[number].legs.iter().any(|leg| Books::is_trader(leg.0)) {
                    return None;
                }
                Action::Reverse(number, force)
            }
            Action::Lock(number, lock, is_kept) => Action::Lock(account(number), lock, is_kept),
            Action::Unlock(number) => Action::Unlock(account(number)),
            Action::SetState(number, state) => Action::SetState(account(number), state),
            Action::SetMinimum(number, minor) => Action::SetMinimum(account(number), minor),
            Action::SetFlags(number, credits, debits) => Action::SetFlags(account(number), credits, debits),
            Action::SetLabels(number, reference, alias) => Action::SetLabels(account(number), reference, alias),
            Action::CloseAccount(number, to) => Action::CloseAccount(account(number), to.map(account)),
            Action::ArchiveAccount(number) => Action::ArchiveAccount(account(number)),
            Action::ApproveAccount(number) => Action::ApproveAccount(account(number)),
            Action::OpenAccount(number, sort, waits) if self.accounts.len() < ACCOUNTS_MAX => {
                Action::OpenAccount(client(number), sort % ACCOUNTS.len(), waits)
            }
            Action::AddOwner(number, who, access, priority) => {
                Action::AddOwner(shared(number), client(who), access, priority)
            }
            Action::ChangeOwner(number, who, access, priority) => {
                Action::ChangeOwner(shared(number), client(who), access, priority)
            }
            Action::RemoveOwner(number, who) => Action::RemoveOwner(shared(number), client(who)),
            Action::CreateClient(waits) if self.clients.len() < CLIENTS_MAX => Action::CreateClient(waits),
            Action::DecideClient(number, action) => Action::DecideClient(client(number), action),
            Action::ChangeProfile(number) => Action::ChangeProfile(client(number)),
            _ => return None,
        })
    }

    /// The request for a resolved step.
    pub(super) fn plan(&self, what: &Action, setting: &Setting<'_>) -> Plan {
        let of = |number: usize| &self.accounts[number];
        let on = |number: usize, rest: &str| format!("/accounts/{}/{rest}", of(number).id);
        let settings = |number: usize, body| Plan::new("PUT", format!("/accounts/{}", of(number).id), body);
        let to_account = |number: usize, name: &str, path: &str, body| {
            let operation = json!({"operation": name, "accountId": of(number).id});
            Plan::new("POST", on(number, path), body).called(operation)
        };
        match *what {
            Action::Post(number, action @ ("deposit" | "withdraw"), minor) => {
                let body = json!({"amount": of(number).text(minor.into()), "comment": "by the model"});
                to_account(number, action, action, body)
            }
            Action::Post(number, action, minor) => {
                let amount = of(number).text(minor.into());
                let body = json!({"amount": amount, "action": format!("DEAL_ACTION_{action}")});
                to_account(number, "balance", "balance", body)
            }
            Action::Backdate(number, action, minor, at) => {
                let (amount, at) = (of(number).text(minor.into()), Moment::from_unix_ms(at).to_string());
                let body = json!({"amount": amount, "action": format!("DEAL_ACTION_{action}"), "effectiveAt": at});
                to_account(number, "balance", "balance", body)
            }
            Action::Request(number, kind, minor, hours) => {
                // Half an hour late, so that the hour of expiry is certain however long the test takes.
                let expires_at = hours.map(|hours| setting.now.plus_s(hours * 3_600 + 1_800).to_string());
                let amount = of(number).text(minor.into());
                let body = json!({"amount": amount, "expiresAt": expires_at, "reference": setting.name});
                to_account(number, kind.announcing(), kind.path(), body)
            }
            Action::Decide(number, decision, part) => {
                let movement = &self.movements[number];
                let text = |part: &i64| of(movement.account).text((*part).into());
                let body = part.as_ref().map_or_else(|| json!({}), |part| json!({"amount": text(part)}));
                let path = format!("/{}/{}/{}", decision.kind().path(), movement.id, decision.path());
                let mut operation = json!({"operation": format!("{}{}", decision.path(), decision.kind().suffix())});
                operation[decision.kind().id()] = json!(movement.id);
                Plan::new("POST", path, body).called(operation)
            }
            Action::Transfer(from, to, minor, arrival) => {
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
            Action::Reverse(number, force) => {
                let id = &self.entries[number].id;
                let body = json!({"reason": "the model wants it", "force": force});
                let operation = json!({"operation": "reverseEntry", "entryId": id});
                Plan::new("POST", format!("/entries/{id}/reverse"), body).called(operation)
            }
            Action::Lock(number, lock, is_kept) => {
                let body = json!({"lock": lock, "type": if is_kept { "SYS" } else { "CST" }});
                to_account(number, "lock", "lock", body)
            }
            Action::Unlock(number) => to_account(number, "unlock", "unlock", json!({})),
            Action::SetState(number, state) => to_account(number, state, state, json!({})),
            Action::CloseAccount(number, to) => {
                to_account(number, "close", "close", json!({"sweepToAccountId": to.map(|to| &of(to).id)}))
            }
            Action::ApproveAccount(number) => to_account(number, "approve", "approve", json!({})),
            Action::ArchiveAccount(number) => {
                let operation = json!({"operation": "archive", "accountId": of(number).id});
                Plan::new("DELETE", format!("/accounts/{}", of(number).id), Value::Null).called(operation)
            }
            Action::SetMinimum(number, minor) => {
                settings(number, json!({"minimumBalance": of(number).text(minor.into())}))
            }
            Action::SetFlags(number, credits, debits) => {
                settings(number, json!({"allowCredits": credits, "allowDebits": debits}))
            }
            Action::SetLabels(number, reference, alias) => {
                let text = |name: Option<usize>| name.map(|name| format!("n{name}"));
                let body =
                    json!({"reference": text(reference), "alias": text(alias), "metadata": {"at": setting.name}});
                settings(number, body)
            }
            Action::OpenAccount(client, sort, waits) => {
                let body = json!({
                    "profileId": self.clients[client].id, "currency": ACCOUNTS[sort].1,
                    "groupId": setting.groups[sort], "requiresApproval": waits,
                });
                Plan::new("POST", "/accounts".to_owned(), body)
            }
            Action::AddOwner(number, client, access, priority) => {
                let body = json!({"profileId": self.clients[client].id, "access": access, "priority": priority});
                Plan::new("POST", on(number, "owners"), body)
            }
            Action::ChangeOwner(number, client, access, priority) => {
                let path = on(number, &format!("owners/{}", self.clients[client].id));
                Plan::new("PUT", path, json!({"access": access, "priority": priority}))
            }
            Action::RemoveOwner(number, client) => {
                let path = on(number, &format!("owners/{}", self.clients[client].id));
                Plan::new("DELETE", path, Value::Null)
            }
            Action::CreateClient(waits) => {
                let body = json!({"email": format!("{}@example.com", setting.name), "requiresReview": waits});
                Plan::new("POST", "/profiles".to_owned(), body)
            }
            Action::DecideClient(client, action) => {
                Plan::new("POST", format!("/profiles/{}/{action}", self.clients[client].id), json!({}))
            }
            Action::ChangeProfile(client) => {
                let of = &self.clients[client];
                let body = json!({"email": of.email, "city": setting.name, "category": "of the model"});
                Plan::new("PUT", format!("/profiles/{}", of.id), body)
            }
            Action::Batch(..) | Action::Feed(..) | Action::AdvanceClock(_) | Action::Retry(_) | Action::Invalid(..) => {
                unreachable!("{what:?}")
            }
        }
    }

    /// Whether a resolved step will be accepted.
    pub(super) fn predict(&self, what: &Action, is_second: bool) -> Result<(), Reason> {
        match *what {
            Action::Post(account, action, minor) => self.predict_post(account, action, minor.into()),
            Action::Backdate(account, action, minor, at) => self.predict_backdating(account, action, minor.into(), at),
            Action::Request(account, kind, minor, _) => self.predict_request(account, kind, minor.into()),
            Action::Decide(movement, decision, part) => {
                self.predict_decision(movement, decision, part.map(i128::from), is_second)
            }
            Action::Transfer(from, to, minor, arrival) => {
                self.predict_transfer(from, to, minor.into(), arrival).map(|_| ())
            }
            Action::Reverse(entry, force) => self.predict_reversal(entry, force, is_second),
            Action::Lock(account, _, is_kept) => self.predict_lock(account, is_kept, is_second),
            Action::Unlock(account) => self.predict_unlock(account, is_second),
            Action::SetState(account, state) => self.predict_state(account, state),
            Action::SetMinimum(account, minor) => self.predict_minimum(account, minor.into()),
            Action::SetFlags(account, ..) => self.predict_change(account),
            Action::SetLabels(account, reference, alias) => self.predict_labels(account, reference, alias),
            Action::CloseAccount(account, to) => self.predict_close(account, to).map(|_| ()),
            Action::ArchiveAccount(account) => self.predict_archive(account),
            Action::ApproveAccount(account) => self.predict_approval(account, is_second),
            Action::OpenAccount(client, ..) => self.predict_opening(client),
            Action::AddOwner(account, client, access, priority) => {
                let new = owners_with(&self.accounts[account].owners, client, access, priority);
                self.predict_owners(account, new, Some(client))
            }
            Action::ChangeOwner(account, client, access, priority) => {
                let new = owners_altered(&self.accounts[account].owners, client, access, priority);
                self.predict_owners(account, new, None)
            }
            Action::RemoveOwner(account, client) => {
                self.predict_owners(account, owners_without(&self.accounts[account].owners, client), None)
            }
            Action::DecideClient(client, action) => self.predict_client_decision(client, action, is_second),
            Action::ChangeProfile(client) => self.predict_profile_change(client),
            _ => Ok(()),
        }
    }

    /// Whether it makes a whole batch unreadable.
    pub(super) fn is_unreadable(what: &Action) -> bool {
        matches!(
            *what,
            Action::Post(_, _, 0) | Action::Backdate(_, _, 0, _) | Action::Post(_, "deposit" | "withdraw", ..0)
        )
    }

    /// Applies a step that was predicted to succeed. Objects whose ids are not in the answer stay without an id.
    pub(super) fn apply(&mut self, what: &Action, is_second: bool, answer: &Value) {
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        let deal = text("dealId");
        match *what {
            Action::Post(account, action, minor) => {
                let minor = i128::from(if action == "withdraw" { -minor } else { minor });
                self.post(deal, vec![(account, minor)], action == "CREDIT", is_second);
                if minor > 0 && matches!(action, "deposit" | "BALANCE") {
                    self.hold_back();
                }
            }
            Action::Backdate(account, action, minor, at) => {
                self.post(deal, vec![(account, minor.into())], action == "CREDIT", is_second);
                self.entries.last_mut().unwrap().effective = Some(at);
            }
            Action::Request(account, kind, minor, hours) => self.ask(Movement {
                id: text("id"),
                kind,
                account,
                minor: minor.into(),
                state: "PENDING",
                by_second: is_second,
                approved_by_second: None,
                ends: hours.map(|hours| self.hour + hours + 1),
            }),
            Action::Decide(number, decision, part) => {
                self.decide(number, decision, part.map(i128::from), is_second, deal)
            }
            Action::Transfer(from, to, minor, arrival) => {
                let arriving = self.predict_transfer(from, to, minor.into(), arrival).unwrap();
                self.post(deal, vec![(from, -i128::from(minor)), (to, arriving)], false, is_second);
            }
            Action::Reverse(entry, _) => self.reverse(entry, deal, is_second),
            Action::CloseAccount(account, to) => {
                let swept = self.predict_close(account, to).unwrap();
                self.begin_closing(account);
                if let (1.., Some(to)) = (swept, to) {
                    self.post(String::new(), vec![(account, -swept), (to, swept)], false, is_second);
                }
            }
            Action::OpenAccount(client, sort, waits) => {
                let is_review = self.clients[client].status == "PENDING";
                let wait = (waits || is_review).then_some(Wait { is_for_client: !waits, by_second: is_second });
                let life = if wait.is_some() { "pending" } else { "active" };
                self.accounts.push(Account { life, wait, ..fresh_account(&answer["account"], client, sort) });
            }
            Action::CreateClient(waits) => {
                let status = if waits { "PENDING" } else { "VERIFIED" };
                let (id, number, email) = (text("id"), answer["number"].as_i64().unwrap(), text("email"));
                self.clients.push(Client { id, number, email, status, by_second: is_second });
            }
            Action::DecideClient(client, action) => self.decide_client(client, action, is_second),
            _ => self.set(what),
        }
        self.finish_closing();
    }

    fn set(&mut self, what: &Action) {
        let (Action::Lock(number, ..)
        | Action::Unlock(number)
        | Action::SetState(number, _)
        | Action::SetMinimum(number, _)
        | Action::SetFlags(number, ..)
        | Action::SetLabels(number, ..)
        | Action::ArchiveAccount(number)
        | Action::ApproveAccount(number)
        | Action::AddOwner(number, ..)
        | Action::ChangeOwner(number, ..)
        | Action::RemoveOwner(number, _)) = *what
        else {
            return;
        };
        let of = &mut self.accounts[number];
        match *what {
            Action::Lock(_, lock, is_kept) => (of.lock, of.is_lock_kept) = (lock, is_kept),
            Action::Unlock(_) => (of.lock, of.is_lock_kept) = ("none", false),
            Action::SetState(_, state) => of.life = if state == "activate" { "active" } else { state },
            Action::SetMinimum(_, minor) => of.minimum = minor.into(),
            Action::SetFlags(_, credits, debits) => (of.allows_credits, of.allows_debits) = (credits, debits),
            Action::SetLabels(_, reference, alias) => (of.reference, of.alias) = (reference, alias),
            Action::ArchiveAccount(_) => of.life = "closed",
            Action::ApproveAccount(_) => of.life = "active",
            Action::AddOwner(_, client, access, priority) => {
                of.owners = owners_with(&of.owners, client, access, priority).unwrap();
            }
            Action::ChangeOwner(_, client, access, priority) => {
                of.owners = owners_altered(&of.owners, client, access, priority).unwrap();
            }
            Action::RemoveOwner(_, client) => of.owners = owners_without(&of.owners, client).unwrap(),
            _ => {}
        }
    }

    fn decide(&mut self, number: usize, decision: Decision, part: Option<i128>, is_second: bool, deal: String) {
        let Movement { account, minor, .. } = self.movements[number];
        match decision {
            Decision::Approve => {
                let movement = &mut self.movements[number];
                movement.state = "APPROVED";
                movement.approved_by_second = Some(is_second);
            }
            Decision::Return | Decision::Cancel | Decision::Release => self.end(number, "VOIDED"),
            Decision::Settle => {
                self.end(number, "POSTED");
                self.post(deal, vec![(account, minor)], false, is_second);
                self.hold_back();
                self.entries.last_mut().unwrap().asked_by_second = self.movements[number].by_second;
            }
            Decision::Pay | Decision::Capture => {
                self.end(number, "POSTED");
                self.post(deal, vec![(account, -part.unwrap_or(minor))], false, is_second);
            }
        }
    }
}

impl Kind {
    /// The batch operation that creates this kind of movement.
    fn announcing(self) -> &'static str {
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
