//! The sample data of a sandbox.

use crate::harness::{PATIENCE, Server};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Instant;

fn ask<T: rusqlite::types::FromSql>(server: &Server, sql: &str) -> T {
    let path = server.data_dir().join("bursar.db");
    let file = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    file.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_new_sandbox_shows_a_month_of_trading() {
    let server = Server::with_samples();
    let admin = server.admin();
    let accounts = admin.get("/accounts?perPage=500").ok().json();
    let accounts = accounts["accounts"].as_array().unwrap().clone();
    let demo = accounts.iter().filter(|account| account["isDemo"] == true).count();
    assert!(accounts.len() >= 10 && demo >= 2, "{} accounts, {demo} of them demo", accounts.len());
    let actions: BTreeSet<String> = accounts
        .iter()
        .flat_map(|account| admin.deals(account["id"].as_str().unwrap()))
        .map(|deal| deal["action"].as_str().unwrap().trim_start_matches("DEAL_ACTION_").to_owned())
        .collect();
    for action in ["BALANCE", "BONUS", "BUY", "COMMISSION", "CREDIT", "DIVIDEND", "FEE", "SELL", "SWAP"] {
        assert!(actions.contains(action), "{action} is not among {actions:?}");
    }
    let parked = admin.get("/platform/parked").ok().json();
    assert_eq!(parked["parked"][0]["reason"], "unknown_account", "{parked}");
    let alerts = admin.get("/platform/alerts").ok().json();
    let kinds: Vec<&Value> = alerts["alerts"].as_array().unwrap().iter().map(|alert| &alert["kind"]).collect();
    assert_eq!(kinds, ["profit_differs"], "{alerts}");
    let count = |sql: &str| ask::<i64>(&server, sql);
    assert!(count("SELECT count(*) FROM positions WHERE closed_at IS NULL") >= 7);
    assert!(count("SELECT count(DISTINCT symbol_id) FROM positions WHERE closed_at IS NULL") >= 5);
    assert_eq!(count("SELECT count(*) FROM orders WHERE state = 'new'"), 1);
    let proof = server.command(&["audit"]);
    assert_eq!(proof["findings"], json!([]), "{proof:#}");
}

#[test]
fn quotes_move_by_themselves_and_leave_no_audit_rows() {
    let mut server = Server::with_samples();
    let rows = |server: &Server| ask::<i64>(server, "SELECT count(*) FROM audit_log");
    let bid = |server: &Server| {
        ask::<String>(server, "SELECT bid FROM quotes q JOIN symbols s ON s.id = q.symbol_id WHERE s.code = 'BTCUSD'")
    };
    let awaits_move = |server: &Server| {
        let (before, end) = (bid(server), Instant::now() + PATIENCE);
        while bid(server) == before {
            assert!(Instant::now() < end, "the quotes do not move");
        }
    };
    let before = rows(&server);
    awaits_move(&server);
    assert_eq!(rows(&server), before);
    server.restart();
    awaits_move(&server);
}

#[test]
fn a_reset_takes_trading_data_with_it() {
    let server = Server::with_samples();
    let admin = server.admin();
    admin.step("/sandbox/reset").ok();
    assert_eq!(admin.get("/accounts").ok().text_at("total"), "0");
    assert_eq!(admin.get("/platform/parked").ok().json()["parked"], json!([]));
    assert_eq!(admin.get("/platform/alerts?state=all").ok().json()["alerts"], json!([]));
    for table in ["executions", "positions", "orders", "quotes", "platform_events", "trade_entries"] {
        assert_eq!(ask::<i64>(&server, &format!("SELECT count(*) FROM {table}")), 0, "{table}");
    }
    let proof = server.command(&["audit"]);
    assert_eq!(proof["findings"], json!([]), "{proof:#}");
}
