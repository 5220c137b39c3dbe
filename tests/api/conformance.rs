//! One story in every dialect: a client is onboarded, its account funded, restricted and closed. In every dialect it
//! must leave the same postings and events, also if every call is sent twice.
//!
//! A further dialect adds one `impl Column` and one test.

use super::b2core_access::{admin as b2core_admin, product_currency};
use super::harness::{Caller, Reply, Server};
use super::helix;
use super::midaz;
use super::native_events::read_all;
use super::upvest;
use rusqlite::Connection;
use serde_json::{Value, json};
use std::cell::Cell;

/// A dialect's calls for the steps of the story. Each sends one call with a retry key and returns the reply, success or
/// not. Amounts are decimals in US dollars.
trait Column {
    fn onboard(&self, key: &str, email: &str) -> Reply;
    fn open_account(&self, key: &str, client: &str) -> Reply;
    fn deposit(&self, key: &str, account: &str, amount: &str) -> Reply;
    fn withdraw(&self, key: &str, account: &str, amount: &str) -> Reply;
    /// Switches credits and debits off.
    fn restrict(&self, key: &str, account: &str) -> Reply;
    fn lift(&self, key: &str, account: &str) -> Reply;
    /// Closes the account for good, if it is empty.
    fn close(&self, key: &str, account: &str) -> Reply;

    /// An answer without what differs from call to call.
    fn lasting(&self, text: &str) -> String {
        text.to_owned()
    }

    /// The id of the client or account that a step created.
    fn id_in(&self, reply: &Reply) -> String;
    /// Asserts success.
    fn accept(&self, reply: Reply) -> Reply;
    /// Asserts the dialect's answer to a refusal with this reason.
    fn refuse(&self, reply: Reply, reason: &str);
}

/// The story in one dialect.
struct Story<'a> {
    column: &'a dyn Column,
    /// How often each call is sent.
    times: u32,
    calls: Cell<u32>,
}

impl Story<'_> {
    #[track_caller]
    fn send(&self, call: impl Fn(&str) -> Reply) -> Reply {
        self.calls.set(self.calls.get() + 1);
        let key = format!("call-{}", self.calls.get());
        let first = call(&key);
        for _ in 1..self.times {
            let again = call(&key);
            assert_eq!(again.status, first.status, "{}", again.text);
            if first.status < 300 {
                assert_eq!(self.column.lasting(&again.text), self.column.lasting(&first.text));
            }
        }
        first
    }

    #[track_caller]
    fn done(&self, call: impl Fn(&str) -> Reply) -> Reply {
        self.column.accept(self.send(call))
    }

    #[track_caller]
    fn refused(&self, reason: &str, call: impl Fn(&str) -> Reply) {
        self.column.refuse(self.send(call), reason);
    }

    fn tell(&self) {
        let api = self.column;
        let client = api.id_in(&self.done(|key| api.onboard(key, "ada@example.com")));
        let account = api.id_in(&self.done(|key| api.open_account(key, &client)));
        let account = account.as_str();
        // Funding.
        self.refused("INSUFFICIENT_FUNDS", |key| api.withdraw(key, account, "0.01"));
        self.done(|key| api.deposit(key, account, "1000"));
        self.done(|key| api.deposit(key, account, "0.10"));
        self.refused("INSUFFICIENT_FUNDS", |key| api.withdraw(key, account, "1000.11"));
        self.done(|key| api.withdraw(key, account, "250.50"));
        // Restriction.
        self.done(|key| api.restrict(key, account));
        self.refused("CREDITS_OFF", |key| api.deposit(key, account, "1"));
        self.refused("DEBITS_OFF", |key| api.withdraw(key, account, "1"));
        self.done(|key| api.lift(key, account));
        self.done(|key| api.deposit(key, account, "0.40"));
        // Closing.
        self.refused("BALANCE_NOT_ZERO", |key| api.close(key, account));
        self.done(|key| api.withdraw(key, account, "750"));
        self.done(|key| api.close(key, account));
        self.refused("ACCOUNT_ARCHIVED", |key| api.deposit(key, account, "1"));
    }
}

/// The resulting postings: kind, role of the book, change in cents, and balance after it.
const POSTINGS: [&str; 10] = [
    "balance: client +100000 = 100000",
    "balance: bank -100000 = -100000",
    "balance: client +10 = 100010",
    "balance: bank -10 = -100010",
    "balance: client -25050 = 74960",
    "balance: bank +25050 = -74960",
    "balance: client +40 = 75000",
    "balance: bank -40 = -75000",
    "balance: client -75000 = 0",
    "balance: bank +75000 = 0",
];

/// The resulting events, after the event of the server's first start: of an account its state, the flags for credits
/// and debits, the permissions, the version and the balance after it, of an entry the amount and the balance after it.
const EVENTS: [&str; 10] = [
    "profile.created",
    "account.opened: ACTIVE NONE true true 6 v1 0.0",
    "entry.posted: BALANCE 1000.0 = 1000.0",
    "entry.posted: BALANCE 0.1 = 1000.1",
    "entry.posted: BALANCE -250.5 = 749.6",
    "account.updated: ACTIVE NONE false false 6 v2 749.6",
    "account.updated: ACTIVE NONE true true 6 v3 749.6",
    "entry.posted: BALANCE 0.4 = 750.0",
    "entry.posted: BALANCE -750.0 = 0.0",
    "account.archived: CLOSED NONE true true 6 v4 0.0",
];

fn postings(server: &Server) -> Vec<String> {
    let file = Connection::open(server.data_dir().join("bursar.db")).unwrap();
    let sql = "SELECT e.kind, b.role, p.amount_minor, p.balance_minor FROM postings p
               JOIN entries e ON e.seq = p.entry_seq JOIN books b ON b.id = p.book_id
               ORDER BY e.seq, b.role = 'client' DESC, b.role";
    let mut statement = file.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| {
        let (kind, role): (String, String) = (row.get(0)?, row.get(1)?);
        let (amount, balance): (i64, i64) = (row.get(2)?, row.get(3)?);
        Ok(format!("{kind}: {role} {amount:+} = {balance}"))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn events(server: &Server) -> Vec<String> {
    let told = |event: &Value| {
        let (kind, data) = (event["type"].as_str().unwrap(), &event["data"]);
        let plain = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
        let of_client = data["balances"].as_array().into_iter().flatten().find(|line| line["accountId"].is_string());
        let figure = |name: &str| of_client.map(|line| plain(&line[name])).unwrap_or_default();
        let facts = |names: &[&str]| names.iter().map(|name| plain(&data[*name])).collect::<Vec<_>>().join(" ");
        match kind.split('.').next().unwrap() {
            "account" => {
                let permissions = data["permissions"].as_array().unwrap().len();
                let state = facts(&["lifecycle", "lock", "allowCredits", "allowDebits"]);
                format!("{kind}: {state} {permissions} v{} {}", facts(&["version"]), figure("balance"))
            }
            "entry" => format!("{kind}: {} {} = {}", facts(&["kind"]), figure("amount"), figure("balance")),
            _ => kind.to_owned(),
        }
    };
    read_all(&server.admin(), "1", "", 1000).iter().map(told).collect()
}

/// Runs the story on one server with each call sent once, and on another with each call sent twice.
fn conforms<'a, C: Column>(servers: [&'a Server; 2], column: impl Fn(&'a Server) -> C) {
    for (server, times) in servers.into_iter().zip([1, 2]) {
        let column = column(server);
        Story { column: &column, times, calls: Cell::new(0) }.tell();
        assert_eq!(postings(server), POSTINGS, "each call sent {times} times");
        assert_eq!(events(server), EVENTS, "each call sent {times} times");
        // The books pass the audit and contain nothing else.
        assert_eq!(server.trace().1, POSTINGS.len() as u64);
    }
}

struct Native<'a>(Caller<'a>);

impl Native<'_> {
    fn post(&self, key: &str, path: &str, body: Value) -> Reply {
        self.0.key(key).post(path, &body)
    }

    fn allow(&self, key: &str, account: &str, is_allowed: bool) -> Reply {
        let change = json!({"allowCredits": is_allowed, "allowDebits": is_allowed});
        self.0.key(key).put(&format!("/accounts/{account}"), &change)
    }
}

impl Column for Native<'_> {
    fn onboard(&self, key: &str, email: &str) -> Reply {
        self.post(key, "/profiles", json!({"email": email, "firstName": "Ada", "lastName": "Moss"}))
    }

    fn open_account(&self, key: &str, client: &str) -> Reply {
        let group = self.0.group("USD", false);
        self.post(key, "/accounts", json!({"profileId": client, "currency": "USD", "groupId": group}))
    }

    fn deposit(&self, key: &str, account: &str, amount: &str) -> Reply {
        self.post(key, &format!("/accounts/{account}/deposit"), json!({"amount": amount}))
    }

    fn withdraw(&self, key: &str, account: &str, amount: &str) -> Reply {
        self.post(key, &format!("/accounts/{account}/withdraw"), json!({"amount": amount}))
    }

    fn restrict(&self, key: &str, account: &str) -> Reply {
        self.allow(key, account, false)
    }

    fn lift(&self, key: &str, account: &str) -> Reply {
        self.allow(key, account, true)
    }

    fn close(&self, key: &str, account: &str) -> Reply {
        self.0.key(key).delete(&format!("/accounts/{account}"))
    }

    fn id_in(&self, reply: &Reply) -> String {
        let made = reply.json();
        made["account"]["id"].as_str().or(made["id"].as_str()).unwrap().to_owned()
    }

    fn accept(&self, reply: Reply) -> Reply {
        reply.ok()
    }

    fn refuse(&self, reply: Reply, reason: &str) {
        reply.refused(reason);
    }
}

#[test]
fn the_native_api_tells_the_story() {
    conforms([&Server::start(""), &Server::start("")], |server| Native(server.admin()));
}

/// Money moves through the native API, because Midaz v1.0.0 has no calls for it.
struct Midaz<'a> {
    native: Native<'a>,
    api: Caller<'a>,
    /// The path of portfolios in the default ledger.
    portfolios: String,
}

impl<'a> Midaz<'a> {
    fn new(server: &'a Server) -> Self {
        let api = midaz::admin(server);
        let first = |path: &str| midaz::text(&api.get(path).gives(200)[0]["id"]).to_owned();
        let organization = first("/v1/organizations");
        let ledger = first(&format!("/v1/organizations/{organization}/ledgers"));
        let portfolios = format!("/v1/organizations/{organization}/ledgers/{ledger}/portfolios");
        Midaz { native: Native(server.admin()), api, portfolios }
    }

    fn account(&self, account: &str) -> String {
        // The story has one portfolio.
        let portfolio = self.api.get(&self.portfolios).gives(200)[0]["id"].clone();
        format!("{}/{}/accounts/{account}", self.portfolios, midaz::text(&portfolio))
    }

    fn allow(&self, key: &str, account: &str, is_allowed: bool) -> Reply {
        let change = json!({"allowSending": is_allowed, "allowReceiving": is_allowed});
        self.api.key(key).patch(&self.account(account), &change)
    }
}

impl Column for Midaz<'_> {
    fn onboard(&self, key: &str, email: &str) -> Reply {
        let body = json!({"name": email, "entityId": "1b8037e8-459d-4bf4-a1f9-0d075b500910"});
        self.api.key(key).post(&self.portfolios, &body)
    }

    fn open_account(&self, key: &str, portfolio: &str) -> Reply {
        let body = json!({"instrumentCode": "USD", "type": "deposit"});
        self.api.key(key).post(&format!("{}/{portfolio}/accounts", self.portfolios), &body)
    }

    fn deposit(&self, key: &str, account: &str, amount: &str) -> Reply {
        self.native.deposit(key, account, amount)
    }

    fn withdraw(&self, key: &str, account: &str, amount: &str) -> Reply {
        self.native.withdraw(key, account, amount)
    }

    fn restrict(&self, key: &str, account: &str) -> Reply {
        self.allow(key, account, false)
    }

    fn lift(&self, key: &str, account: &str) -> Reply {
        self.allow(key, account, true)
    }

    fn close(&self, key: &str, account: &str) -> Reply {
        self.api.key(key).delete(&self.account(account))
    }

    /// A client is told from others by its portfolio.
    fn id_in(&self, reply: &Reply) -> String {
        reply.json()["id"].as_str().unwrap().to_owned()
    }

    fn accept(&self, reply: Reply) -> Reply {
        assert!([200, 201, 204].contains(&reply.status), "{}: {}", reply.call(), reply.text);
        reply
    }

    fn refuse(&self, reply: Reply, reason: &str) {
        match reason {
            "BALANCE_NOT_ZERO" => drop(reply.coded(400, "0012")),
            _ => drop(reply.refused(reason)),
        }
    }
}

#[test]
fn midaz_tells_the_story() {
    conforms([&Server::start(""), &Server::start("")], Midaz::new);
}

/// Money moves and flags change through the native API. There an account closes at once, as it does only when it is
/// empty; here it would first be closing.
struct Upvest<'a> {
    native: Native<'a>,
    api: Caller<'a>,
}

impl Column for Upvest<'_> {
    fn onboard(&self, key: &str, email: &str) -> Reply {
        let mut user = upvest::new_user();
        user["email"] = email.into();
        self.api.key(key).post("/users", &user)
    }

    fn open_account(&self, key: &str, client: &str) -> Reply {
        let group = json!({"user_id": client, "type": "PERSONAL"});
        let group = self.api.key(&format!("{key}-group")).post("/account_groups", &group).ok().text_at("id");
        let account = json!({"user_id": client, "account_group_id": group, "type": "TRADING", "name": "Main"});
        self.api.key(key).post("/accounts", &account)
    }

    fn deposit(&self, key: &str, account: &str, amount: &str) -> Reply {
        self.native.deposit(key, account, amount)
    }

    fn withdraw(&self, key: &str, account: &str, amount: &str) -> Reply {
        self.native.withdraw(key, account, amount)
    }

    fn restrict(&self, key: &str, account: &str) -> Reply {
        self.native.restrict(key, account)
    }

    fn lift(&self, key: &str, account: &str) -> Reply {
        self.native.lift(key, account)
    }

    fn close(&self, key: &str, account: &str) -> Reply {
        self.native.close(key, account)
    }

    fn id_in(&self, reply: &Reply) -> String {
        reply.text_at("id")
    }

    fn accept(&self, reply: Reply) -> Reply {
        reply.ok()
    }

    fn refuse(&self, reply: Reply, reason: &str) {
        reply.refused(reason);
    }
}

#[test]
fn upvest_tells_the_story() {
    let in_dollars = || Server::start("[apis.upvest]\ncurrency = \"USD\"\n");
    conforms([&in_dollars(), &in_dollars()], |server| Upvest {
        native: Native(server.admin()),
        api: upvest::client(server),
    });
}

/// B2Core changes the balance of wallets only, and archives trading accounts only: what it lacks goes through the
/// native API.
struct B2Core<'a> {
    server: &'a Server,
    caller: Caller<'a>,
    native: Native<'a>,
    is_wallet: bool,
}

impl<'a> B2Core<'a> {
    fn of(server: &'a Server, is_wallet: bool) -> B2Core<'a> {
        B2Core { server, caller: b2core_admin(server), native: Native(server.admin()), is_wallet }
    }

    /// The public id of an account.
    fn id(&self, account: &str) -> String {
        let path = format!("/accounts?archived=true&number={account}");
        self.server.admin().get(&path).ok().text_at("accounts/0/id")
    }

    fn change(&self, key: &str, account: &str, amount: &str) -> Reply {
        self.caller.key(key).patch(&format!("/accounts/{account}/balance"), &json!({"amount": amount}))
    }

    fn permit(&self, key: &str, account: &str, permissions: &[&str]) -> Reply {
        self.caller.key(key).put(&format!("/accounts/{account}"), &json!({"permissions": permissions}))
    }
}

/// All permissions but those that are the flags for credits and debits.
const OTHER_PERMISSIONS: [&str; 6] =
    ["enabled", "exchange", "trade", "transferDeposit", "transferWithdrawal", "visible"];

impl Column for B2Core<'_> {
    fn onboard(&self, key: &str, email: &str) -> Reply {
        let body = json!({"email": email, "firstName": "Ada", "lastName": "Moss"});
        self.caller.key(key).post("/clients", &body)
    }

    fn open_account(&self, key: &str, client: &str) -> Reply {
        let product = if self.is_wallet { "Wallet" } else { "Standard" };
        let offer = product_currency(self.server, product, "USD");
        let body = json!({"productCurrencyId": offer, "clientId": client.parse::<i64>().unwrap()});
        self.caller.key(key).post("/accounts", &body)
    }

    fn deposit(&self, key: &str, account: &str, amount: &str) -> Reply {
        if self.is_wallet {
            return self.change(key, account, amount);
        }
        let body = json!({"accountId": account.parse::<i64>().unwrap(), "methodId": 1, "amount": amount});
        self.caller.key(key).post("/deposits", &body)
    }

    fn withdraw(&self, key: &str, account: &str, amount: &str) -> Reply {
        match self.is_wallet {
            true => self.change(key, account, &format!("-{amount}")),
            false => self.native.withdraw(key, &self.id(account), amount),
        }
    }

    fn restrict(&self, key: &str, account: &str) -> Reply {
        self.permit(key, account, &OTHER_PERMISSIONS)
    }

    fn lift(&self, key: &str, account: &str) -> Reply {
        self.permit(key, account, &[&OTHER_PERMISSIONS[..], &["deposit", "withdrawal"]].concat())
    }

    fn close(&self, key: &str, account: &str) -> Reply {
        match self.is_wallet {
            true => self.native.close(key, &self.id(account)),
            false => self.caller.key(key).post(&format!("/accounts/{account}/archive"), &json!({})),
        }
    }

    fn id_in(&self, reply: &Reply) -> String {
        let made = reply.json();
        made["accountId"].as_i64().or(made["clientId"].as_i64()).unwrap().to_string()
    }

    fn accept(&self, reply: Reply) -> Reply {
        assert!((200..300).contains(&reply.status), "{}", reply.text);
        reply
    }

    fn refuse(&self, reply: Reply, reason: &str) {
        if reply.json()["details"].is_array() {
            return drop(reply.refused(reason));
        }
        let (status, code) = match reason {
            "INSUFFICIENT_FUNDS" => (400, "insufficient_funds"),
            "BALANCE_NOT_ZERO" => (400, "balance_not_zero"),
            "CREDITS_OFF" | "DEBITS_OFF" => (403, "operation_not_permitted"),
            "ACCOUNT_ARCHIVED" => (409, "account_archived"),
            other => panic!("{other}"),
        };
        reply.refused_as(status, code);
    }
}

#[test]
fn b2core_tells_the_story_of_a_wallet_and_of_a_trading_account() {
    for is_wallet in [true, false] {
        conforms([&Server::start(""), &Server::start("")], |server| B2Core::of(server, is_wallet));
    }
}

/// Helix has no deposits and withdrawals at once against the bank, and no flags: these go through the native API.
struct Helix<'a> {
    native: B2Core<'a>,
    api: Caller<'a>,
}

impl<'a> Helix<'a> {
    fn of(server: &'a Server) -> Helix<'a> {
        Helix { native: B2Core::of(server, false), api: helix::admin(server) }
    }

    /// The only customer of the story, and an account of it.
    fn key(&self, account: &str) -> Value {
        let customers = self.api.get("/customer/list").data();
        json!({"customerId": customers[0]["customerId"], "accountId": account})
    }

    fn post(&self, key: &str, path: &str, body: &Value) -> Reply {
        self.api.key(key).post(path, body)
    }
}

impl Column for Helix<'_> {
    fn onboard(&self, key: &str, email: &str) -> Reply {
        let body = json!({"emailAddress": email, "firstName": "Ada", "lastName": "Moss"});
        self.post(key, "/customer/create", &body)
    }

    fn open_account(&self, key: &str, client: &str) -> Reply {
        self.post(key, "/account/create", &json!({"customerId": client, "name": "Everyday", "type": "Checking"}))
    }

    fn deposit(&self, key: &str, account: &str, amount: &str) -> Reply {
        self.native.native.deposit(key, &self.native.id(account), amount)
    }

    fn withdraw(&self, key: &str, account: &str, amount: &str) -> Reply {
        self.native.native.withdraw(key, &self.native.id(account), amount)
    }

    fn restrict(&self, key: &str, account: &str) -> Reply {
        self.native.native.restrict(key, &self.native.id(account))
    }

    fn lift(&self, key: &str, account: &str) -> Reply {
        self.native.native.lift(key, &self.native.id(account))
    }

    fn close(&self, key: &str, account: &str) -> Reply {
        self.post(key, "/account/close", &self.key(account))
    }

    fn lasting(&self, text: &str) -> String {
        let mut body: Value = serde_json::from_str(text).unwrap();
        body.as_object_mut().unwrap().remove("requestId");
        body.to_string()
    }

    fn id_in(&self, reply: &Reply) -> String {
        let data = reply.data();
        data["accountId"].as_i64().or(data["customerId"].as_i64()).unwrap().to_string()
    }

    fn accept(&self, reply: Reply) -> Reply {
        assert_eq!(reply.status, 200, "{}: {}", reply.call(), reply.text);
        reply
    }

    fn refuse(&self, reply: Reply, reason: &str) {
        match reason {
            "BALANCE_NOT_ZERO" => reply.fails(400, 65902),
            _ => drop(reply.refused(reason)),
        }
    }
}

#[test]
fn helix_tells_the_story() {
    conforms([&Server::start(""), &Server::start("")], Helix::of);
}
