//! A server, and steps that are taken through its API and in the model alike.

use super::books::{Account, Books, Movement, No};
use super::file::{Figures, File};
use super::step::{Arrival, Going, Kind, Step, What};
use crate::harness::{Caller, Reply, Server};
use bursar::domain::clock::Moment;
use serde_json::{Value, json};

/// What is drawn up for each sequence: code of the group, currency, decimals, minimum of the group in whole units, hours for
/// which its deposits are held back, and whether it takes a second operator.
const ACCOUNTS: [(&str, &str, u32, i128, i64, bool); 7] = [
    ("live-standard", "USD", 2, -500, 0, false),
    ("live-standard", "USD", 2, -500, 0, false),
    ("live-standard", "EUR", 2, -500, 0, false),
    ("live-standard", "JPY", 0, -500, 0, false),
    ("live-standard", "KWD", 3, -500, 0, false),
    ("live-pro", "USD", 2, 0, 48, false),
    ("live-swap-free", "USD", 2, 0, 0, true),
];
const RULES: [(&str, &str); 3] = [
    ("live-standard", "minimum_balance = \"-500\""),
    ("live-pro", "deposit_hold_days = 2"),
    ("live-swap-free", "requires_approval = true"),
];
/// After how many steps `bursar audit` has its say.
const AUDIT_EVERY: usize = 100;

/// A call as it was sent.
#[derive(Clone, Debug)]
struct Call {
    is_second: bool,
    method: &'static str,
    path: String,
    key: String,
    body: String,
}

/// One run of the model.
struct World<'a> {
    server: &'a Server,
    admin: Caller<'a>,
    second: Caller<'a>,
    file: File,
    books: Books,
    now: Moment,
    taken: usize,
    done: Vec<(Call, String)>,
}

/// What a run has come to.
#[derive(Default, Clone, Copy, Debug)]
pub(super) struct Tally {
    pub(super) done: usize,
    pub(super) refused: usize,
}

/// Takes all steps on a fresh database, and checks it after each of them.
pub(super) fn run(steps: &[Step]) -> Tally {
    let server = Server::start("");
    let mut rules = include_str!("../../../packaging/reference.toml").to_owned();
    for (group, rule) in RULES {
        let code = format!("code = \"{group}\"\n");
        rules = rules.replace(&code, &format!("{code}{rule}\n"));
    }
    server.apply_reference(&rules);
    let mut world = World::new(&server);
    let mut tally = Tally::default();
    for step in steps {
        match world.take(step) {
            true => tally.done += 1,
            false => tally.refused += 1,
        }
        world.check();
    }
    server.trace();
    tally
}

impl<'a> World<'a> {
    fn new(server: &'a Server) -> World<'a> {
        let (admin, second) = (server.admin(), server.operator("operator", &[]));
        let profile = admin.new_profile();
        let groups = admin.get("/account-groups").ok().json();
        let shown = bursar::app::reference::shipped().unwrap();
        let mut books = Books::default();
        for (group, currency, decimals, least, hold_hours, requires_approval) in ACCOUNTS {
            let name = &shown.groups.iter().find(|of| of.code == group).unwrap().name;
            let mut all = groups["groups"].as_array().unwrap().iter();
            let group = all.find(|of| of["name"] == **name && of["isDemo"] == false).unwrap()["id"].clone();
            let body = json!({"profileId": profile, "currency": currency, "groupId": group});
            books.accounts.push(Account {
                id: admin.post("/accounts", &body).ok().text_at("account/id"),
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
            });
        }
        let file = File::open(&server.data_dir().join("bursar.db"));
        let now = server.advance(0);
        World { server, admin, second, file, books, now, taken: 0, done: Vec::new() }
    }

    /// Takes a step. Whether it was done.
    fn take(&mut self, step: &Step) -> bool {
        self.taken += 1;
        let before: Vec<i128> = self.books.accounts.iter().map(Account::withdrawable).collect();
        let is_done = self.go(step);
        self.books.finish_closing();
        if !matches!(step.what, What::Minimum(..) | What::Reverse(_, true)) {
            for (account, before) in self.books.accounts.iter().zip(before) {
                let after = account.withdrawable();
                assert!(after >= 0 || after >= before, "{step:?}: {before} to {after} on {}", account.id);
            }
        }
        is_done
    }

    fn go(&mut self, step: &Step) -> bool {
        let account = |number: usize| number % ACCOUNTS.len();
        match step.what {
            What::Post(number, action, minor) => self.post(step, account(number), action, minor.into()),
            What::Ask(number, kind, minor, hours) => self.ask(step, account(number), kind, minor.into(), hours),
            What::Go(number, going, part) if !self.books.movements.is_empty() => {
                // Mostly one that is as it has to be.
                let count = self.books.movements.len();
                let fits = |of: &Movement| of.kind == going.kind() && matches!(of.state, "PENDING" | "APPROVED");
                let fitting: Vec<_> = (0..count).filter(|&n| fits(&self.books.movements[n])).collect();
                let is_any = fitting.is_empty() || number % 8 == 0;
                let movement = if is_any { number % count } else { fitting[number % fitting.len()] };
                self.go_on(step, movement, going, part.map(i128::from))
            }
            What::Transfer(from, to, minor, arrival) => {
                self.transfer(step, account(from), account(to), minor.into(), arrival)
            }
            What::Reverse(number, force) if !self.books.entries.is_empty() => {
                self.reverse(step, number % self.books.entries.len(), force)
            }
            What::Lock(..) | What::Unlock(_) | What::Life(..) | What::Minimum(..) | What::Archive(_) => {
                self.settings(step)
            }
            What::Close(number, to) => self.close(step, account(number), to.map(account)),
            What::Clock(hours) => {
                let reply = self.admin.post("/sandbox/clock", &json!({"advance": hours * 3_600})).ok();
                self.now = Moment::parse(&reply.text_at("now")).unwrap();
                self.books.pass(hours);
                true
            }
            What::Retry(number) if !self.done.is_empty() => {
                let (call, text) = self.done[number % self.done.len()].clone();
                self.assert_replayed(&call, &text);
                true
            }
            What::Nonsense(number, kind) => self.nonsense(step, account(number), kind),
            What::Go(..) | What::Reverse(..) | What::Retry(_) => false,
        }
    }

    fn post(&mut self, step: &Step, account: usize, action: &'static str, minor: i128) -> bool {
        let foreseen = self.books.foresee_post(account, action, minor);
        let of = &self.books.accounts[account];
        let (path, body) = match action {
            "deposit" | "withdraw" => (action, json!({"amount": of.text(minor), "comment": "by the model"})),
            _ => ("balance", json!({"amount": of.text(minor), "action": format!("DEAL_ACTION_{action}")})),
        };
        let path = format!("/accounts/{}/{path}", of.id);
        let Some(reply) = self.send(step, "POST", &path, &body, foreseen) else { return false };
        let signed = if action == "withdraw" { -minor } else { minor };
        let id = reply.text_at("dealId");
        self.books.post(id, vec![(account, signed)], action == "CREDIT", step.is_second);
        if signed > 0 && matches!(action, "deposit" | "BALANCE") {
            self.books.hold_back();
        }
        true
    }

    fn ask(&mut self, step: &Step, account: usize, kind: Kind, minor: i128, hours: Option<i64>) -> bool {
        let foreseen = self.books.foresee_ask(account, kind, minor);
        let of = &self.books.accounts[account];
        // Half an hour late, so that it is clear in which hour it ends however long the test takes.
        let expires_at = hours.map(|hours| self.now.plus_s(hours * 3_600 + 1_800).to_string());
        let body = json!({"amount": of.text(minor), "expiresAt": expires_at, "reference": format!("r{}", self.taken)});
        let path = format!("/accounts/{}/{}", of.id, kind.path());
        let Some(reply) = self.send(step, "POST", &path, &body, foreseen) else { return false };
        self.books.ask(Movement {
            id: reply.text_at("id"),
            kind,
            account,
            minor,
            state: "PENDING",
            by_second: step.is_second,
            approved_by_second: None,
            ends: hours.map(|hours| self.books.hour + hours + 1),
        });
        true
    }

    fn go_on(&mut self, step: &Step, number: usize, going: Going, part: Option<i128>) -> bool {
        let foreseen = self.books.foresee_going(number, going, part, step.is_second);
        let Movement { ref id, account, minor, .. } = self.books.movements[number];
        let part = part.filter(|_| going == Going::Capture);
        let body = json!({"amount": part.map(|part| self.books.accounts[account].text(part))});
        let path = format!("/{}/{id}/{}", going.kind().path(), going.path());
        let Some(reply) = self.send(step, "POST", &path, &body, foreseen) else { return false };
        let deal = || reply.text_at("dealId");
        match going {
            Going::Approve => {
                let movement = &mut self.books.movements[number];
                movement.state = "APPROVED";
                movement.approved_by_second = Some(step.is_second);
            }
            Going::Return | Going::Cancel | Going::Release => self.books.end(number, "VOIDED"),
            Going::Settle => {
                self.books.end(number, "POSTED");
                self.books.post(deal(), vec![(account, minor)], false, step.is_second);
                self.books.hold_back();
            }
            Going::Pay | Going::Capture => {
                self.books.end(number, "POSTED");
                self.books.post(deal(), vec![(account, -part.unwrap_or(minor))], false, step.is_second);
            }
        }
        assert_eq!(reply.text_at("state"), self.books.movements[number].state);
        true
    }

    fn transfer(&mut self, step: &Step, from: usize, to: usize, minor: i128, arrival: Arrival) -> bool {
        let foreseen = self.books.foresee_transfer(from, to, minor, arrival);
        let (payer, receiver) = (&self.books.accounts[from], &self.books.accounts[to]);
        let mut body = json!({"fromAccountId": payer.id, "toAccountId": receiver.id, "amount": payer.text(minor)});
        match arrival {
            Arrival::Same => {}
            Arrival::Rate(rate) => body["rate"] = json!(format!("{}.{:04}", rate / 10_000, rate % 10_000)),
            Arrival::Amount(arriving) => body["toAmount"] = json!(receiver.text(arriving.into())),
        }
        let Some(reply) = self.send(step, "POST", "/transfers", &body, foreseen.map(|_| ())) else { return false };
        let legs = vec![(from, -minor), (to, foreseen.unwrap())];
        self.books.post(reply.text_at("dealId"), legs, false, step.is_second);
        true
    }

    fn reverse(&mut self, step: &Step, number: usize, force: bool) -> bool {
        let foreseen = self.books.foresee_reversal(number, force, step.is_second);
        let path = format!("/entries/{}/reverse", self.books.entries[number].id);
        let body = json!({"reason": "the model wants it", "force": force});
        let Some(reply) = self.send(step, "POST", &path, &body, foreseen) else { return false };
        self.books.reverse(number, reply.text_at("dealId"), step.is_second);
        true
    }

    fn settings(&mut self, step: &Step) -> bool {
        let (What::Lock(number, _)
        | What::Unlock(number)
        | What::Life(number, _)
        | What::Minimum(number, _)
        | What::Archive(number)) = step.what
        else {
            return false;
        };
        let number = number % ACCOUNTS.len();
        let of = &self.books.accounts[number];
        let base = format!("/accounts/{}", of.id);
        let (method, path, body, foreseen) = match step.what {
            What::Lock(_, lock) => {
                ("POST", format!("{base}/lock"), json!({"lock": lock}), self.books.foresee_change(number))
            }
            What::Life(_, state) => ("POST", format!("{base}/{state}"), json!({}), self.books.foresee_life(number)),
            What::Minimum(_, minor) => {
                let body = json!({"minimumBalance": of.text(minor.into())});
                ("PUT", base, body, self.books.foresee_minimum(number, minor.into()))
            }
            What::Archive(_) => ("DELETE", base, Value::Null, self.books.foresee_archive(number)),
            _ => ("POST", format!("{base}/unlock"), json!({}), self.books.foresee_change(number)),
        };
        if self.send(step, method, &path, &body, foreseen).is_none() {
            return false;
        }
        let of = &mut self.books.accounts[number];
        match step.what {
            What::Lock(_, lock) => of.lock = lock,
            What::Life(_, state) => of.life = if state == "activate" { "active" } else { state },
            What::Minimum(_, minor) => of.minimum = minor.into(),
            What::Archive(_) => of.life = "closed",
            _ => of.lock = "none",
        }
        true
    }

    fn close(&mut self, step: &Step, account: usize, to: Option<usize>) -> bool {
        let foreseen = self.books.foresee_close(account, to);
        let path = format!("/accounts/{}/close", self.books.accounts[account].id);
        let body = json!({"sweepToAccountId": to.map(|to| &self.books.accounts[to].id)});
        if self.send(step, "POST", &path, &body, foreseen.map(|_| ())).is_none() {
            return false;
        }
        self.books.begin_closing(account);
        if let (Ok(swept @ 1..), Some(to)) = (foreseen, to) {
            let id = self.admin.deals(&self.books.accounts[account].id)[0]["id"].as_str().unwrap().to_owned();
            self.books.post(id, vec![(account, -swept), (to, swept)], false, step.is_second);
        }
        true
    }

    /// What nobody can ask for is refused, and nothing else happens.
    fn nonsense(&mut self, step: &Step, account: usize, kind: usize) -> bool {
        let deposit = format!("/accounts/{}/deposit", self.books.accounts[account].id);
        let nobody = "/accounts/0198c1f0-0000-7000-8000-000000000000/deposit".to_owned();
        let long = "x".repeat(256);
        let (path, body, foreseen) = match kind % 8 {
            0 => (deposit, json!({"amount": "1e3"}), "INVALID_FIELD"),
            1 => (deposit, json!({"amount": "NaN"}), "INVALID_FIELD"),
            2 => (deposit, json!({}), "INVALID_FIELD"),
            3 => (deposit, json!({"amount": "1", "comment": long}), "OUT_OF_RANGE"),
            4 => (deposit, json!({"amount": {"amount": 1}}), "INVALID_FIELD"),
            5 => (deposit, json!({"amount": "99999999999999999999"}), "OUT_OF_RANGE"),
            6 => (deposit, json!([1]), "MALFORMED_BODY"),
            _ => (nobody, json!({"amount": "1"}), "NOT_FOUND"),
        };
        self.send(step, "POST", &path, &body, Err(foreseen)).is_some()
    }

    // How it is sent.

    fn call(&self, call: &Call) -> Reply {
        let caller = if call.is_second { &self.second } else { &self.admin };
        let body = Some(call.body.as_bytes()).filter(|body| !body.is_empty());
        caller.key(&call.key).send(call.method, &call.path, body.map(|_| "application/json"), body)
    }

    /// Sends a step; what comes back must be what is foreseen. The answer, if it was done.
    fn send(
        &mut self,
        step: &Step,
        method: &'static str,
        path: &str,
        body: &Value,
        foreseen: Result<(), No>,
    ) -> Option<Reply> {
        let query = if step.is_rehearsal { "?dryRun=true" } else { "" };
        let call = Call {
            is_second: step.is_second,
            method,
            path: format!("{path}{query}"),
            key: format!("step-{}", self.taken),
            body: if body.is_null() { String::new() } else { body.to_string() },
        };
        let version = self.file.version();
        let reply = self.call(&call);
        let found = match reply.status {
            200 => Ok(()),
            400..500 => Err(reply.text_at("details/0/reason")),
            _ => panic!("{call:?}: {reply:?}"),
        };
        match (&found, foreseen) {
            (Err(reason), _) if reason == "BALANCE_OVERFLOW" => {
                // The house accounts carry the sum of all accounts with the opposite sign.
                let moved: i128 =
                    self.books.accounts.iter().map(|of| of.balance.abs().max(of.held).max(of.pending)).sum();
                assert!(moved > i128::from(i64::MAX) / 2, "{call:?} does not overflow");
            }
            (found, foreseen) => {
                assert_eq!(found.as_ref().map_err(String::as_str), foreseen.as_ref().map_err(|no| *no), "{call:?}")
            }
        }
        if found.is_err() || step.is_rehearsal {
            self.assert_unchanged(version, &call);
            if step.is_repeated {
                let again = self.call(&call);
                assert_eq!((again.status, again.is_replayed()), (reply.status, false), "{call:?}");
            }
            return None;
        }
        assert!(!reply.is_replayed(), "{call:?}");
        if step.is_repeated {
            self.assert_replayed(&call, &reply.text);
        }
        self.done.push((call, reply.text.clone()));
        Some(reply)
    }

    /// The same answer again, and nothing else.
    fn assert_replayed(&self, call: &Call, text: &str) {
        let version = self.file.version();
        let again = self.call(call);
        assert_eq!((again.status, again.text.as_str(), again.is_replayed()), (200, text, true), "{call:?}");
        self.assert_unchanged(version, call);
    }

    /// Nothing has been written since this version; or what was written is what had been there before.
    fn assert_unchanged(&self, version: i64, call: &Call) {
        if self.file.version() != version {
            let before = self.file.hash();
            self.call(call);
            assert_eq!(before, self.file.hash(), "it has changed something: {call:?}");
        }
    }

    // What must hold.

    fn check(&mut self) {
        self.file.check_books();
        let figures = |of: &Account| Figures {
            balance: of.balance,
            held: of.held,
            uncleared: of.uncleared,
            pending: of.pending,
            credit_net: of.credit_net,
        };
        let stored = self.file.figures();
        let mut told = self.file.figures_from_events();
        for of in &self.books.accounts {
            let believed = figures(of);
            // A deposit in one call does not tell what of it is held back.
            if let Some(told) = told.get_mut(&of.id) {
                told.uncleared = believed.uncleared;
            }
            assert_eq!(stored.get(&of.id), Some(&believed), "stored (left), and what the model believes");
            assert_eq!(told.get(&of.id), Some(&believed), "told by events (left), and what the model believes");
        }
        // One account after each step, all of them now and then.
        let is_audit = self.taken.is_multiple_of(AUDIT_EVERY);
        for (number, of) in self.books.accounts.iter().enumerate() {
            if is_audit || number == self.taken % ACCOUNTS.len() {
                let shown = self.admin.get(&format!("/accounts/{}", of.id)).ok();
                let shown_figures = (shown.digits("balance"), shown.digits("availableBalance"));
                assert_eq!(shown_figures, (of.text(of.balance), of.text(of.available())), "{}", shown.text);
                assert_eq!(shown.json()["archivedAt"].is_string(), of.life == "closed", "{}", shown.text);
            }
        }
        if is_audit {
            self.server.trace();
        }
    }
}
