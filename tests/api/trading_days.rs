//! A day of a trading platform, fed in any order, in any number of calls and with repeats: the same positions, balances
//! and deals, and a proof that finds nothing.
//!
//! `BURSAR_DAYS=100 cargo test --test api trading_days -- --nocapture` is the long form, with a new seed each time;
//! `BURSAR_DAYS_SEED` repeats a run.

use super::harness::{Caller, Server};
use super::platform_feed::{at, feed, trading_account, with};
use crate::common::setting;
use rusqlite::Connection;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Days of the short form.
const DAYS: u64 = 4;
/// How often each day is fed, the first time in order and at once.
const FEEDS: u64 = 3;

/// A symbol for each feed, because splits are of a symbol. With 3 shares in a lot, averages and profits have no end.
fn symbol(number: u64) -> String {
    format!(
        "\n[[symbols]]\ncode = \"DAY{number}\"\nname = \"Day {number}\"\nclass = \"share\"\ncontract_size = \"3\"\n\
         price_decimals = 5\nquantity_decimals = 2\nprofit_currency = \"USD\"\n"
    )
}

/// What a platform would report on one day, of a netting account `N` and a hedging account `H` in a symbol `S`.
struct Day {
    random: fastrand::Rng,
    events: Vec<Value>,
    /// The latest id of each execution that can be corrected, with its account.
    executions: Vec<(String, &'static str)>,
    count: usize,
    /// Whole lots and little money, so that accounts are often flat and protected.
    is_coarse: bool,
}

impl Day {
    fn new(seed: u64) -> Day {
        let (events, executions) = (Vec::new(), Vec::new());
        let is_coarse = seed.is_multiple_of(2);
        let mut day = Day { random: fastrand::Rng::with_seed(seed), events, executions, count: 0, is_coarse };
        for account in ["N", "H"] {
            day.operation(account, "deposit", "50");
            day.operation(account, "credit_in", "30");
        }
        for _ in 0..60 {
            match day.random.u32(0..20) {
                0..=7 => day.netting(),
                8..=13 => day.hedging(),
                14..=16 => day.correction(),
                17 => day.order(),
                18 => day.charge(),
                _ if !day.is_coarse && day.events.iter().all(|event| event["kind"] != "split") => day.split(),
                _ => day.close_by(),
            }
        }
        day
    }

    fn number(&mut self, from: i64, to: i64, decimals: usize) -> String {
        let digits = self.random.i64(from..to);
        let unit = 10i64.pow(decimals as u32);
        let sign = if digits < 0 { "-" } else { "" };
        format!("{sign}{}.{:0>decimals$}", digits.abs() / unit, digits.abs() % unit)
    }

    /// Adds an event at one of few moments, so that sequence and id matter, too.
    fn add(&mut self, account: &str, event: Value) {
        self.count += 1;
        let id = format!("{}", self.count);
        let fraction = ["", ".0001", ".000200001"][self.random.usize(0..3)];
        let at = at(self.random.u32(0..25)).replace('Z', &format!("{fraction}Z"));
        let mut event = with(event, json!({"platform": "mt5", "eventId": format!("e{id}"), "at": at}));
        if event["kind"] != "split" {
            event["account"] = json!(account);
        }
        if event["kind"] == "execution" && self.random.bool() {
            event["sequence"] = json!(self.random.u32(0..4));
        }
        self.events.push(event);
    }

    fn execution(&mut self, account: &'static str, more: Value) {
        // As text, ids are in another order than in time.
        let id = (500 - self.count).to_string();
        let side = if self.random.bool() { "BUY" } else { "SELL" };
        let quantity = if self.random.u32(0..15) == 0 { "0".to_owned() } else { self.lots() };
        let price = self.number(-50_000, 3_000_000, 5);
        let rate = self.number(8_000, 10_000, 4);
        let event = json!({
            "kind": "execution", "executionId": id, "symbol": "S", "side": side, "quantity": quantity, "price": price,
            "profitRate": rate,
        });
        let mut event = with(event, more);
        if self.random.u32(0..3) == 0 {
            event["booked"] = json!({"commission": self.number(-999, 1, 3), "swap": self.number(-99, 99, 2)});
        }
        if self.random.u32(0..8) == 0 {
            event["booked"]["profit"] = json!(self.number(-5000, 5000, 2));
        }
        self.executions.push((id, account));
        self.add(account, event);
    }

    fn netting(&mut self) {
        self.execution("N", json!({}));
    }

    fn lots(&mut self) -> String {
        if self.is_coarse { "1".to_owned() } else { self.number(1, 300, 2) }
    }

    fn reference(&mut self) -> String {
        self.random.u32(1..if self.is_coarse { 3 } else { 5 }).to_string()
    }

    fn hedging(&mut self) {
        let entry = ["in", "in", "out", "inout"][self.random.usize(0..4)];
        let reference = self.reference();
        self.execution("H", json!({"entry": entry, "positionRef": reference}));
    }

    fn close_by(&mut self) {
        let (one, two) = (self.reference(), self.reference());
        let id = format!("by{}", self.count);
        let mut event = json!({
            "kind": "execution", "executionId": id, "symbol": "S", "entry": "out-by", "positionRef": one,
            "oppositeRef": two, "profitRate": "0.9",
        });
        if self.random.bool() {
            event["quantity"] = json!(self.number(1, 200, 2));
        }
        self.add("H", event);
    }

    /// Corrects the latest version of an execution.
    fn correction(&mut self) {
        if self.executions.is_empty() {
            return;
        }
        let index = self.random.usize(0..self.executions.len());
        let (corrects, account) = self.executions.swap_remove(index);
        let id = format!("c{}", self.count);
        let mut event = json!({"kind": "correction", "executionId": id, "corrects": corrects});
        if self.random.bool() {
            event["action"] = json!("cancel");
        } else {
            event["action"] = json!("replace");
            event["quantity"] = json!(self.lots());
            if self.random.bool() {
                event["price"] = json!(self.number(1, 3_000_000, 5));
            }
        }
        self.executions.push((id, account));
        self.add(account, event);
    }

    fn order(&mut self) {
        let state = ["new", "amended", "partially_filled", "filled", "cancelled"][self.random.usize(0..5)];
        let id = format!("o{}", self.random.u32(0..3));
        let event = json!({
            "kind": "order", "orderId": id, "state": state, "type": "limit", "symbol": "S", "side": "BUY",
            "quantity": "1", "limitPrice": "9",
        });
        self.add("N", event);
    }

    fn charge(&mut self) {
        let account = if self.random.bool() { "N" } else { "H" };
        let kind = ["swap", "funding", "dividend"][self.random.usize(0..3)];
        if self.random.bool() {
            let amount = self.number(-9999, 9999, 3);
            self.add(account, json!({"kind": kind, "symbol": "S", "amount": amount}));
        } else {
            let operation = [("deposit", "250"), ("withdrawal", "-120"), ("credit_in", "40"), ("credit_out", "-40")];
            let (operation, amount) = operation[self.random.usize(0..4)];
            self.operation(account, operation, amount);
        }
    }

    fn operation(&mut self, account: &str, operation: &str, amount: &str) {
        self.add(account, json!({"kind": "balance", "operation": operation, "amount": amount}));
    }

    fn split(&mut self) {
        let ratio = ["2", "0.5", "3"][self.random.usize(0..3)];
        self.add("", json!({"kind": "split", "symbol": "S", "ratio": ratio}));
    }

    /// The events for two accounts and a symbol: in order and at once, or shuffled, with repeats, in several calls.
    fn calls(&mut self, symbol: &str, accounts: &BTreeMap<&str, String>, is_shuffled: bool) -> Vec<Vec<Value>> {
        let (mut events, mut imported) = (self.events.clone(), Vec::new());
        if is_shuffled {
            for event in self.events.iter().filter(|_| self.random.u32(0..4) == 0) {
                events.push(event.clone());
            }
            for event in events.iter_mut().filter(|event| event["kind"] == "execution") {
                let id = event["eventId"].as_str().unwrap().to_owned();
                if self.random.bool() {
                    imported.push(with(event.clone(), json!({"eventId": format!("{id}-import")})));
                    // The drop copy knows nothing of what is booked.
                    event.as_object_mut().unwrap().remove("booked");
                    event["eventId"] = json!(format!("{id}-copy"));
                }
            }
            events.append(&mut imported);
            self.random.shuffle(&mut events);
        }
        for event in &mut events {
            if let Some(account) = event["account"].as_str() {
                event["account"] = json!(accounts[account]);
            }
            if event["symbol"] == "S" {
                event["symbol"] = json!(symbol);
            }
            event["eventId"] = json!(format!("{}-{}", accounts["N"], event["eventId"].as_str().unwrap()));
        }
        let mut calls = Vec::new();
        while !events.is_empty() {
            let size = if is_shuffled { self.random.usize(1..=events.len().min(25)) } else { events.len() };
            calls.push(events.drain(..size).collect());
        }
        calls
    }
}

/// Positions as callers see them, without what belongs to one feed.
fn shown(admin: &Caller<'_>, path: &str) -> Vec<String> {
    let list = admin.get(path).ok();
    let count = list.json()["positions"].as_array().unwrap().len();
    let names = [
        "positionRef",
        "side",
        "status",
        "qty",
        "units",
        "qtyClosed",
        "openPrice",
        "closePrice",
        "realizedPnl",
        "margin",
        "createdAt",
        "updatedAt",
    ];
    let show = |index: usize| names.map(|name| list.digits(&format!("positions/{index}/{name}"))).join(" ");
    let mut lines: Vec<_> = (0..count).map(show).collect();
    lines.sort();
    lines
}

/// Everything that must not depend on the order: positions, balance, and money by execution and action.
fn end(server: &Server, admin: &Caller<'_>, account: &str) -> Vec<String> {
    let file = Connection::open(server.data_dir().join("bursar.db")).unwrap();
    let sql = "SELECT coalesce(p.position_ref, '-') || ' ' || o.execution_id || ' ' || coalesce(c.execution_id, 'open')
                   || ' ' || p.side || ' ' || p.quantity || ' of ' || p.opened_quantity || ' ' || p.cost || ' '
                   || p.margin_cost || ' ' || p.closed_value || ' ' || p.open_price || ' '
                   || coalesce(p.close_price, '-') || ' ' || p.profit_minor
               FROM positions p
               JOIN accounts a ON a.id = p.account_id
               JOIN executions o ON o.id = p.opened_by
               LEFT JOIN executions c ON c.id = p.closed_by
               WHERE a.uuid = ?1
               ORDER BY 1";
    let uuid: uuid::Uuid = account.parse().unwrap();
    let mut statement = file.prepare(sql).unwrap();
    let mut lines: Vec<String> = statement.query_map([uuid], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let sql = "SELECT e.execution_id || ' ' || t.part || ' ' || sum(p.amount_minor)
               FROM trade_entries t
               JOIN executions e ON e.id = t.execution_id
               JOIN accounts a ON a.id = e.account_id
               JOIN postings p ON p.book_id = e.account_id AND p.entry_seq = t.entry_seq
               WHERE a.uuid = ?1
               GROUP BY e.execution_id, t.part
               HAVING sum(p.amount_minor) <> 0
               ORDER BY 1";
    let mut statement = file.prepare(sql).unwrap();
    lines.extend(statement.query_map([uuid], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap));
    lines.push(format!("balance {}", admin.balance(account)));
    lines.extend(shown(admin, &format!("/accounts/{account}/positions")));
    lines.extend(shown(admin, &format!("/accounts/{account}/history/positions?limit=1000")));
    lines
}

fn run_day(server: &Server, number: u64, seed: u64) {
    let admin = server.admin();
    let mut day = Day::new(seed);
    let mut first: Option<[Vec<String>; 2]> = None;
    for index in 0..FEEDS {
        let accounts = BTreeMap::from([
            ("N", trading_account(&admin, "EUR", "NETTING")),
            ("H", trading_account(&admin, "EUR", "HEDGING")),
        ]);
        let symbol = format!("DAY{}", number * FEEDS + index);
        for call in day.calls(&symbol, &accounts, index > 0) {
            let report = feed(&admin, &call);
            assert_eq!(report["refused"], 0, "seed {seed}, feed {index}: {report:#}");
        }
        let found = [end(server, &admin, &accounts["N"]), end(server, &admin, &accounts["H"])];
        match &first {
            None => first = Some(found),
            Some(first) => assert_eq!(*first, found, "seed {seed}, feed {index}"),
        }
    }
    let parked = admin.get("/platform/parked").ok().json();
    assert_eq!(parked["parked"], json!([]), "seed {seed}: {parked:#}");
}

#[test]
fn any_order_of_a_day_leads_to_the_same_end() {
    let long = setting("BURSAR_DAYS");
    let seed = setting("BURSAR_DAYS_SEED");
    let seed = seed.unwrap_or_else(|| if long.is_some() { u64::from(fastrand::u32(..)) } else { 1 });
    println!("BURSAR_DAYS_SEED={seed}");
    let server = Server::start("");
    let days = long.unwrap_or(DAYS);
    let symbols: String = (0..days * FEEDS).map(symbol).collect();
    server.apply_reference(&format!("{}{symbols}", include_str!("../../packaging/reference.toml")));
    for number in 0..days {
        run_day(&server, number, seed + number);
    }
    let file = Connection::open(server.data_dir().join("bursar.db")).unwrap();
    for sql in [
        "SELECT count(*) FROM trade_entries WHERE part = 'protected_credit'",
        "SELECT count(*) FROM trade_entries WHERE part = 'protected_balance'",
        "SELECT count(*) FROM trade_entries t JOIN entries e ON e.seq = t.entry_seq WHERE e.kind = 'correction'",
        "SELECT count(*) FROM positions WHERE closed_at IS NOT NULL AND position_ref IS NULL",
        "SELECT count(*) FROM positions WHERE closed_at IS NULL AND cost LIKE '%/%'",
        "SELECT count(*) FROM execution_versions",
        "SELECT count(*) FROM symbol_splits",
    ] {
        let count: i64 = file.query_row(sql, [], |row| row.get(0)).unwrap();
        println!("{sql}: {count}");
        assert!(count > 0, "the days have none: {sql}");
    }
    let proof = server.command(&["audit"]);
    assert_eq!(proof["findings"], json!([]), "{proof:#}");
}
