//! Takes steps through a server's API and in the model alike.

use super::books::{Account, Books, Reason};
use super::clients::Client;
use super::dialects::{Dialect, Others};
use super::feed::Feed;
use super::file::{Figures, File};
use super::past::{Seen, check_any_moment};
use super::step::{Action, Step};
use super::trading::{FIRST_TRADER, Report, TRADERS};
use super::transitions::{Plan, Setting};
use crate::harness::{Caller, Reply, Server};
use bursar::domain::clock::Moment;
use bursar::domain::ledger::Basis;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ops::AddAssign;

/// The accounts of each sequence: group code, currency, decimals, the group's minimum in whole units, hours for which
/// its deposits are held back, and whether a second operator must approve.
pub(super) const ACCOUNTS: [(&str, &str, u32, i128, i64, bool); 9] = [
    ("live-standard", "USD", 2, -500, 0, false),
    ("live-standard", "USD", 2, -500, 0, false),
    ("live-standard", "EUR", 2, -500, 0, false),
    ("live-standard", "JPY", 0, -500, 0, false),
    ("live-standard", "KWD", 3, -500, 0, false),
    ("live-pro", "USD", 2, 0, 48, false),
    ("live-swap-free", "USD", 2, 0, 0, true),
    (WALLETS, "USD", 2, 0, 0, false),
    (WALLETS, "JPY", 0, 0, 0, false),
];
/// The group of wallets.
const WALLETS: &str = "live-wallet";
const RULES: [(&str, &str); 3] = [
    ("live-standard", "minimum_balance = \"-500\""),
    ("live-pro", "deposit_hold_days = 2"),
    ("live-swap-free", "requires_approval = true"),
];
/// Steps between runs of `bursar audit`.
const AUDIT_EVERY: usize = 100;

/// Steps between copies of the model, and between comparisons with such a copy.
const REMEMBER_EVERY: usize = 10;
const RECALL_EVERY: usize = 4;

#[derive(Clone, Debug)]
struct Call {
    dialect: Dialect,
    is_second: bool,
    method: &'static str,
    path: String,
    key: String,
    body: String,
}

struct World<'a> {
    server: &'a Server,
    admin: Caller<'a>,
    second: Caller<'a>,
    others: Others<'a>,
    file: File,
    feed: Feed,
    past: Vec<Seen>,
    books: Books,
    now: Moment,
    taken: usize,
    tally: Tally,
    done: Vec<(Call, Reply)>,
    /// The group ids, in the order of [`ACCOUNTS`].
    groups: Vec<String>,
}

/// Counts of a run.
#[derive(Default, Clone, Copy, Debug)]
pub(super) struct Tally {
    done: usize,
    refused: usize,
    /// Of those done, how many went through another dialect.
    pub(super) by_b2core: usize,
    pub(super) by_midaz: usize,
    pub(super) by_helix: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, of: Tally) {
        self.done += of.done;
        self.refused += of.refused;
        self.by_b2core += of.by_b2core;
        self.by_midaz += of.by_midaz;
        self.by_helix += of.by_helix;
    }
}

/// Takes all steps on a fresh database, with checks after each of them.
pub(super) fn run(steps: &[Step]) -> Tally {
    let server = Server::start("");
    let mut rules = include_str!("../../../packaging/reference.toml").to_owned();
    for (group, rule) in RULES {
        let code = format!("code = \"{group}\"\n");
        rules = rules.replace(&code, &format!("{code}{rule}\n"));
    }
    // Protection is tested on its own.
    let rules = rules.replace("negative_balance_protection = true", "negative_balance_protection = false");
    server.apply_reference(&rules);
    let mut world = World::new(&server);
    for step in steps {
        let is_done = world.take(step);
        match is_done {
            true => world.tally.done += 1,
            false => world.tally.refused += 1,
        }
        world.check(is_done);
    }
    server.trace();
    world.tally
}

/// A newly opened account, as the native dialect shows it.
pub(super) fn fresh_account(shown: &Value, client: usize, sort: usize) -> Account {
    let (group, currency, decimals, least, hold_hours, requires_approval) = ACCOUNTS[sort];
    Account {
        id: shown["id"].as_str().unwrap().to_owned(),
        number: shown["number"].as_i64().unwrap(),
        is_wallet: group == WALLETS,
        opened: Moment::parse(shown["createdAt"].as_str().unwrap()).unwrap().unix_ms(),
        currency,
        decimals,
        least: least * 10i128.pow(decimals),
        hold_hours,
        requires_approval,
        balance: 0,
        held: 0,
        uncleared: 0,
        pending: 0,
        credit_net: 0,
        minimum: 0,
        life: "active",
        lock: "none",
        is_lock_kept: false,
        allows_credits: true,
        allows_debits: true,
        owners: vec![(client, "FULL")],
        wait: None,
        reference: None,
        alias: None,
    }
}

impl<'a> World<'a> {
    fn new(server: &'a Server) -> World<'a> {
        let (admin, second) = (server.admin(), server.operator("operator", &[]));
        let client = admin.new_profile();
        let shown = admin.get("/account-groups").ok().json();
        let shipped = bursar::app::reference::shipped().unwrap();
        let id_of = |(code, ..): &(&str, _, _, _, _, _)| {
            let name = &shipped.groups.iter().find(|of| of.code == *code).unwrap().name;
            let mut all = shown["groups"].as_array().unwrap().iter();
            let group = all.find(|of| of["name"] == **name && of["isDemo"] == false).unwrap();
            (group["id"].as_str().unwrap().to_owned(), name.as_str())
        };
        let (groups, names): (Vec<String>, Vec<&str>) = ACCOUNTS.iter().map(id_of).unzip();
        let mut books = Books::default();
        let sorts = (0..ACCOUNTS.len()).map(|sort| (sort, Value::Null));
        for (sort, mode) in sorts.chain(TRADERS.map(|sort| (sort, json!("POSITIONING_MODE_NETTING")))) {
            let (currency, group) = (ACCOUNTS[sort].1, &groups[sort]);
            let body = json!({"profileId": client, "currency": currency, "groupId": group, "positionMode": mode});
            let opened = admin.post("/accounts", &body).ok().json();
            books.accounts.push(fresh_account(&opened["account"], 0, sort));
        }
        let shown = admin.get(&format!("/profiles/{client}")).ok();
        let (number, email) = (shown.json()["number"].as_i64().unwrap(), shown.text_at("email"));
        books.clients.push(Client { id: client, number, email, status: "VERIFIED", by_second: false });
        let file = File::open(&server.data_dir().join("bursar.db"));
        let now = server.advance(0);
        books.now = now.unix_ms();
        World {
            server,
            others: Others::of(server, &names),
            admin,
            second,
            file,
            feed: Feed::default(),
            past: Vec::new(),
            books,
            now,
            taken: 0,
            tally: Tally::default(),
            done: Vec::new(),
            groups,
        }
    }

    /// Takes a step; returns whether it succeeded.
    fn take(&mut self, step: &Step) -> bool {
        self.taken += 1;
        let before: Vec<i128> = self.books.accounts.iter().map(Account::withdrawable).collect();
        let is_done = self.go(step);
        let may_overdraw =
            |what: &Action| matches!(what, Action::SetMinimum(..) | Action::Reverse(_, true) | Action::Feed(..));
        let is_exempt = match &step.what {
            Action::Batch(_, items) => items.iter().any(may_overdraw),
            what => may_overdraw(what),
        };
        if !is_exempt {
            for (account, before) in self.books.accounts.iter().zip(before) {
                let after = account.withdrawable();
                assert!(after >= 0 || after >= before, "{step:?}: {before} to {after} on {}", account.id);
            }
        }
        is_done
    }

    fn go(&mut self, step: &Step) -> bool {
        match &step.what {
            Action::Batch(is_atomic, items) => self.batch(step, *is_atomic, items),
            Action::Feed(trader, reports) => self.feed_platform(*trader, reports, step.is_repeated),
            Action::AdvanceClock(hours) => {
                let reply = self.admin.post("/sandbox/clock", &json!({"advance": hours * 3_600})).ok();
                self.now = Moment::parse(&reply.text_at("now")).unwrap();
                self.books.now = self.now.unix_ms();
                self.books.pass(*hours);
                self.books.finish_closing();
                true
            }
            Action::Retry(number) if !self.done.is_empty() => {
                let (call, first) = &self.done[number % self.done.len()];
                self.assert_replayed(call, first);
                true
            }
            Action::Invalid(number, kind) => self.nonsense(step, number % self.books.accounts.len(), *kind),
            what => match self.books.resolve(what) {
                Some(what) => self.single(step, &what),
                None => false,
            },
        }
    }

    /// Sends one call, and applies it to the model.
    fn single(&mut self, step: &Step, what: &Action) -> bool {
        if let Some((what, plan)) = self.others.translate(step.dialect, what, &self.books) {
            return self.single_elsewhere(step, &what, &plan);
        }
        let plan = self.books.plan(what, &self.setting(format!("s{}", self.taken)));
        let predicted = self.books.predict(what, step.is_second);
        let Some(reply) = self.send(step, plan.method, &plan.path, &plan.body, predicted) else { return false };
        let answer = reply.json();
        self.books.apply(what, step.is_second, &answer);
        self.compare(what, &answer);
        self.name_entries();
        true
    }

    /// Sends one call of another dialect, and applies it to the model.
    fn single_elsewhere(&mut self, step: &Step, what: &Action, plan: &Plan) -> bool {
        let predicted = self.books.predict_in(step.dialect, what, step.is_second);
        let reply = self.send_to(step.dialect, step, plan.method, &plan.path, &plan.body, predicted);
        let Some(reply) = reply else { return false };
        let answer = self.others.answer(step.dialect, what, &reply, &self.books);
        self.books.apply(what, step.is_second, &answer);
        self.name_entries();
        match step.dialect {
            Dialect::B2Core => self.tally.by_b2core += 1,
            Dialect::Midaz => self.tally.by_midaz += 1,
            Dialect::Native | Dialect::Helix => self.tally.by_helix += 1,
        }
        true
    }

    /// Sends events of a platform, and applies them to the model.
    fn feed_platform(&mut self, trader: usize, reports: &[Report], is_repeated: bool) -> bool {
        let sent = self.books.report(trader, reports);
        if sent.events.is_empty() {
            return false;
        }
        // Only administrators may feed, and a feed is not rehearsed.
        let what = Action::Feed(trader, Vec::new());
        let dialect = Dialect::Native;
        let step = Step { what, is_second: false, is_rehearsal: false, is_repeated, dialect };
        let body = json!(sent.events);
        let answer = self.send(&step, "POST", "/platform/events", &body, Ok(())).unwrap().json();
        let accepted = sent.events.len() - sent.repeated;
        assert_eq!((&answer["accepted"], &answer["duplicates"]), (&json!(accepted), &json!(sent.repeated)), "{answer}");
        self.name_entries();
        self.check_positions(FIRST_TRADER + trader % TRADERS.len());
        true
    }

    /// Checks the open positions that the API shows.
    fn check_positions(&self, account: usize) {
        let id = &self.books.accounts[account].id;
        let shown = self.admin.get(&format!("/accounts/{id}/positions")).ok();
        let count = shown.json()["positions"].as_array().unwrap().len();
        let of = |number: usize| {
            let member = |name: &str| format!("positions/{number}/{name}");
            let side = shown.text_at(&member("side")).trim_start_matches("TRADE_SIDE_").to_lowercase();
            let (lots, price) = (shown.digits(&member("qty")), shown.digits(&member("openPrice")));
            ((id.clone(), shown.text_at(&member("symbolName"))), (side, lots, price))
        };
        let found: BTreeMap<_, _> = (0..count).map(of).collect();
        let mut expected = self.books.shown_positions();
        expected.retain(|(of, _), _| of == id);
        assert_eq!(found, expected, "{}", shown.text);
    }

    fn setting(&self, name: String) -> Setting<'_> {
        Setting { now: self.now, name, groups: &self.groups }
    }

    /// Asserts that the state of a movement in the answer is the one in the model.
    fn compare(&self, what: &Action, answer: &Value) {
        if let Action::Decide(number, ..) = *what {
            assert_eq!(answer["state"], self.books.movements[number].state, "{what:?}: {answer}");
        }
    }

    /// Matches new entries of the file with those of the model, and fills in the id of a sweep's entry, which no answer
    /// contains.
    fn name_entries(&mut self) {
        let ids = self.file.new_entries();
        let known = self.books.entries.len().checked_sub(ids.len()).expect("more entries than the model knows");
        assert!(self.books.entries[..known].iter().all(|entry| !entry.id.is_empty()), "an entry is missing");
        for (entry, (id, recorded)) in self.books.entries[known..].iter_mut().zip(ids) {
            assert!(entry.id.is_empty() || entry.id == id, "{} is stored as {id}", entry.id);
            (entry.id, entry.recorded) = (id, recorded);
        }
    }

    /// Sends several operations in one call. As with a real caller, all are written before any of them is done.
    fn batch(&mut self, step: &Step, is_atomic: bool, items: &[Action]) -> bool {
        let items: Vec<Action> = items.iter().filter_map(|what| self.books.resolve(what)).collect();
        if items.is_empty() {
            return false;
        }
        let operation =
            |(index, what)| self.books.plan(what, &self.setting(format!("s{}-{index}", self.taken))).operation();
        let operations: Vec<Value> = items.iter().enumerate().map(operation).collect();
        let body = json!({"atomic": is_atomic, "operations": operations});
        let predicted = if is_atomic { self.predict_all(&items, step.is_second) } else { Ok(()) };
        let Some(reply) = self.send(step, "POST", "/batch", &body, predicted) else { return false };
        let reply = reply.json();
        let results = reply["results"].as_array().unwrap();
        assert_eq!(results.len(), items.len(), "{reply}");
        for ((index, what), result) in items.iter().enumerate().zip(results) {
            assert_eq!(result["index"], index, "{reply}");
            let found = match result["status"].as_str().unwrap() {
                "ok" => Ok(()),
                _ => Err(result["error"]["details"][0]["reason"].as_str().unwrap().to_owned()),
            };
            let predicted = self.books.predict(what, step.is_second);
            self.assert_predicted(&found, predicted, &format!("operation {index}, {what:?} of {body}"));
            if found.is_ok() {
                self.books.apply(what, step.is_second, &result["result"]);
                self.compare(what, &result["result"]);
            }
        }
        self.name_entries();
        results.iter().any(|result| result["status"] == "ok")
    }

    /// The first refusal among operations that each see the effects of the earlier ones.
    fn predict_all(&self, items: &[Action], is_second: bool) -> Result<(), Reason> {
        if items.iter().any(Books::is_unreadable) {
            return Err("INVALID_FIELD");
        }
        let mut books = self.books.clone();
        items.iter().try_for_each(|what| {
            books.predict(what, is_second)?;
            books.apply(what, is_second, &Value::Null);
            Ok(())
        })
    }

    fn assert_predicted(&self, found: &Result<(), String>, predicted: Result<(), Reason>, call: &str) {
        match found {
            Err(reason) if reason == "BALANCE_OVERFLOW" => {
                // The house accounts carry the negated sum of all accounts.
                let moved: i128 =
                    self.books.accounts.iter().map(|of| of.balance.abs().max(of.held).max(of.pending)).sum();
                assert!(moved > i128::from(i64::MAX) / 2, "{call} does not overflow");
            }
            found => {
                assert_eq!(found.as_ref().map_err(String::as_str), predicted.as_ref().map_err(|no| *no), "{call}");
            }
        }
    }

    /// Asserts that an impossible request is refused without effect.
    fn nonsense(&mut self, step: &Step, account: usize, kind: usize) -> bool {
        let deposit = format!("/accounts/{}/deposit", self.books.accounts[account].id);
        let nobody = "/accounts/0198c1f0-0000-7000-8000-000000000000/deposit".to_owned();
        let long = "x".repeat(256);
        let (path, body, predicted) = match kind % 8 {
            0 => (deposit, json!({"amount": "1e3"}), "INVALID_FIELD"),
            1 => (deposit, json!({"amount": "NaN"}), "INVALID_FIELD"),
            2 => (deposit, json!({}), "INVALID_FIELD"),
            3 => (deposit, json!({"amount": "1", "comment": long}), "OUT_OF_RANGE"),
            4 => (deposit, json!({"amount": {"amount": 1}}), "INVALID_FIELD"),
            5 => (deposit, json!({"amount": "99999999999999999999"}), "OUT_OF_RANGE"),
            6 => (deposit, json!([1]), "MALFORMED_BODY"),
            _ => (nobody, json!({"amount": "1"}), "NOT_FOUND"),
        };
        self.send(step, "POST", &path, &body, Err(predicted)).is_some()
    }

    // Sending.

    fn call(&self, call: &Call) -> Reply {
        let caller = if call.is_second { &self.second } else { &self.admin };
        let body = Some(call.body.as_bytes()).filter(|body| !body.is_empty());
        self.others.at(call.dialect, caller).key(&call.key).send(
            call.method,
            &call.path,
            body.map(|_| "application/json"),
            body,
        )
    }

    /// Sends a native call.
    fn send(
        &mut self,
        step: &Step,
        method: &'static str,
        path: &str,
        body: &Value,
        predicted: Result<(), Reason>,
    ) -> Option<Reply> {
        self.send_to(Dialect::Native, step, method, path, body, predicted)
    }

    /// Sends a call and asserts the predicted outcome. Returns the answer, if the call succeeded.
    fn send_to(
        &mut self,
        dialect: Dialect,
        step: &Step,
        method: &'static str,
        path: &str,
        body: &Value,
        predicted: Result<(), Reason>,
    ) -> Option<Reply> {
        let query = if step.is_rehearsal { "?dryRun=true" } else { "" };
        let call = Call {
            dialect,
            is_second: step.is_second,
            method,
            path: format!("{path}{query}"),
            key: format!("step-{}", self.taken),
            body: if body.is_null() { String::new() } else { body.to_string() },
        };
        let version = self.file.version();
        let reply = self.call(&call);
        let found = match reply.status {
            200..300 => Ok(()),
            400..500 => Err(dialect.reason(&reply, predicted)),
            _ => panic!("{call:?}: {reply:?}"),
        };
        self.assert_predicted(&found, predicted, &format!("{call:?}"));
        if found.is_err() || step.is_rehearsal {
            self.assert_unchanged(version, &call);
            if step.is_repeated {
                let again = self.call(&call);
                assert_eq!((again.status, dialect.is_replayed(&again)), (reply.status, false), "{call:?}");
            }
            return None;
        }
        assert!(!dialect.is_replayed(&reply), "{call:?}");
        if step.is_repeated {
            self.assert_replayed(&call, &reply);
        }
        self.done.push((call, reply.clone()));
        Some(reply)
    }

    /// Asserts that a retry gets the same answer and changes nothing.
    fn assert_replayed(&self, call: &Call, first: &Reply) {
        let version = self.file.version();
        let again = self.call(call);
        let lasting = |reply| call.dialect.lasting(reply);
        assert_eq!((again.status, lasting(&again)), (first.status, lasting(first)), "{call:?}");
        assert!(call.dialect.is_replayed(&again), "{call:?}");
        self.assert_unchanged(version, call);
    }

    /// Asserts that nothing was written since this version, or that only what was there already was written again.
    fn assert_unchanged(&self, version: i64, call: &Call) {
        if self.file.version() != version {
            let before = self.file.hash();
            self.call(call);
            assert_eq!(before, self.file.hash(), "a call that must change nothing did: {call:?}");
        }
    }

    // Invariants.

    /// `is_done`: the step was not refused. A refusal leaves the file as it was, so less is read after it.
    fn check(&mut self, is_done: bool) {
        self.file.check_books();
        let figures = |of: &Account| Figures {
            balance: of.balance,
            held: of.held,
            uncleared: of.uncleared,
            pending: of.pending,
            credit_net: of.credit_net,
        };
        assert_eq!(self.file.positions(), self.books.shown_positions(), "stored positions and those of the model");
        let stored = self.file.figures();
        let reported = self.feed.read(&self.admin);
        for of in &self.books.accounts {
            let expected = figures(of);
            assert_eq!(stored.get(&of.id), Some(&expected), "stored figures (left) and those of the model");
            let expected = Figures { credit_net: expected.credit_net.max(0), ..expected };
            assert_eq!(reported.get(&of.id), Some(&expected), "figures by events (left) and by the model");
        }
        // One account after each step, and all of them at intervals.
        let is_audit = self.taken.is_multiple_of(AUDIT_EVERY);
        for (number, of) in self.books.accounts.iter().enumerate() {
            if is_audit || number == self.taken % self.books.accounts.len() {
                self.check_account(number, of, is_done || is_audit);
            }
        }
        let count = self.books.clients.len();
        for of in self
            .books
            .clients
            .iter()
            .skip(if is_audit { 0 } else { self.taken % (4 * count) })
            .take(if is_audit { count } else { 1 })
        {
            assert_eq!(self.admin.get(&format!("/profiles/{}", of.id)).ok().text_at("status"), of.status);
        }
        if self.taken.is_multiple_of(REMEMBER_EVERY) {
            self.past.push(Seen::now(&self.books, &self.admin));
        }
        if self.taken.is_multiple_of(RECALL_EVERY) && !self.past.is_empty() {
            // Any copy, old or recent, and any account.
            let seen = &self.past[(self.taken * 7 / RECALL_EVERY) % self.past.len()];
            seen.check_balances(self.taken / RECALL_EVERY, &self.books, &self.admin);
            check_any_moment(self.taken, &self.books, &self.admin);
            if self.taken.is_multiple_of(5 * RECALL_EVERY) {
                let number = self.taken / 5 / RECALL_EVERY;
                seen.check_statement(number, Basis::ALL[number / 2 % 2], &self.books, &self.admin);
            }
        }
        if is_audit {
            self.server.trace();
        }
    }

    fn check_account(&self, number: usize, of: &Account, is_whole: bool) {
        let shown = self.admin.get(&format!("/accounts/{}", of.id)).ok();
        assert_eq!(shown.digits("balance"), of.text(of.balance), "{}", shown.text);
        // What is free beside open positions depends on quotes.
        let is_free_known = !self.books.has_open_positions(number);
        if is_free_known {
            assert_eq!(shown.digits("availableBalance"), of.text(of.available()), "{}", shown.text);
        }
        let json = shown.json();
        let settings = (&json["lifecycle"], &json["lock"], &json["allowCredits"], &json["allowDebits"]);
        let life = match of.life {
            "pending" => "PENDING_APPROVAL".to_owned(),
            life => life.to_uppercase(),
        };
        let expected =
            (&json!(life), &json!(of.lock.to_uppercase()), &json!(of.allows_credits), &json!(of.allows_debits));
        assert_eq!(settings, expected, "{json}");
        assert_eq!(json["archivedAt"].is_string(), of.life == "closed", "{json}");
        assert_eq!(json["profileId"], self.books.clients[of.owners[0].0].id, "{json}");
        if !is_whole {
            return;
        }
        let customer = self.books.clients[of.owners[0].0].number;
        self.others.check_account(of, json["portfolioId"].as_str().unwrap(), is_free_known, customer);
        let owners = self.admin.get(&format!("/accounts/{}/owners", of.id)).ok().json();
        let shown: Vec<_> =
            owners["owners"].as_array().unwrap().iter().map(|one| (&one["profileId"], &one["access"])).collect();
        let expected: Vec<_> =
            of.owners.iter().map(|(client, access)| (json!(self.books.clients[*client].id), json!(access))).collect();
        assert_eq!(shown, expected.iter().map(|(client, access)| (client, access)).collect::<Vec<_>>(), "{owners}");
    }
}
