//! `bursar audit` on trading data in which one thing was changed by hand.

use super::harness::{Server, unique};
use super::platform_feed::{accept, at, fill, trading_account, with};
use super::tampering::{audit, findings, tampered};
use rusqlite::Connection;
use serde_json::json;

/// A netting account with an open and a closed position, a hedging account with a close-by and a protected loss, a
/// charge and a split.
fn traded(server: &Server) {
    let admin = server.admin();
    let net = trading_account(&admin, "USD", "NETTING");
    let other = |kind: &str, minute| json!({"kind": kind, "platform": "mt5", "eventId": unique("e"), "at": at(minute)});
    accept(
        &admin,
        &[
            with(fill(&net, "1", 0, ("BUY", "1", "1.1")), json!({"booked": {"commission": "-2"}})),
            with(fill(&net, "2", 5, ("SELL", "3", "1.11")), json!({"booked": {"commission": "-4", "fee": "-1"}})),
            with(other("split", 7), json!({"symbol": "EURUSD", "ratio": "2"})),
            with(other("swap", 8), json!({"account": net, "amount": "-1"})),
        ],
    );
    let hedge = trading_account(&admin, "USD", "HEDGING");
    let position = |reference: &str| json!({"positionRef": reference, "entry": "in"});
    accept(
        &admin,
        &[
            with(fill(&hedge, "1", 10, ("BUY", "1", "1.1")), position("77")),
            with(fill(&hedge, "2", 11, ("SELL", "1", "1.09")), position("78")),
            with(
                other("execution", 12),
                json!({
                    "account": hedge, "executionId": "3", "entry": "out-by", "positionRef": "77", "oppositeRef": "78",
                    "symbol": "EURUSD", "marginRate": "1.1",
                }),
            ),
            with(other("balance", 13), json!({"account": hedge, "operation": "compensation", "amount": "10"})),
            with(other("balance", 14), json!({"account": hedge, "operation": "deposit", "amount": "10"})),
        ],
    );
    admin.deposit(&hedge, "7");
}

#[test]
fn edits_of_trading_data_are_found() {
    let server = Server::start("");
    traded(&server);
    let clean = server.home().join("clean.db");
    let live = Connection::open(server.data_dir().join("bursar.db")).unwrap();
    live.execute("VACUUM INTO ?1", [clean.display().to_string()]).unwrap();
    let sound = audit(&clean);
    assert!(sound.status.success(), "{}", String::from_utf8_lossy(&sound.stdout));
    let protected: i64 = live
        .query_row("SELECT count(*) FROM trade_entries WHERE part LIKE 'protected%'", [], |row| row.get(0))
        .unwrap();
    assert!(protected > 0, "the loss is protected");

    let columns = "account_id, symbol_id, position_ref, opened_by, closed_by, side, quantity, opened_quantity, cost,
                   margin_cost, profit_rate, closed_value, open_price, close_price, profit_minor, opened_at, updated_at,
                   closed_at";
    for (sql, check) in [
        ("UPDATE positions SET cost = '1' WHERE closed_at IS NULL".to_owned(), "positions"),
        ("UPDATE positions SET margin_cost = '1' WHERE closed_at IS NULL".to_owned(), "positions"),
        ("UPDATE positions SET open_price = '1.2' WHERE closed_at IS NOT NULL".to_owned(), "positions"),
        ("UPDATE positions SET close_price = '1.2' WHERE position_ref = '78'".to_owned(), "positions"),
        ("UPDATE positions SET profit_minor = profit_minor + 1 WHERE position_ref = '77'".to_owned(), "positions"),
        ("DELETE FROM positions WHERE closed_at IS NULL".to_owned(), "positions"),
        ("DELETE FROM positions WHERE position_ref = '78'".to_owned(), "positions"),
        (
            format!("INSERT INTO positions (uuid, {columns}) SELECT randomblob(16), {columns} FROM positions LIMIT 1"),
            "positions",
        ),
        ("UPDATE positions SET account_id = account_id + 1".to_owned(), "positions"),
        ("UPDATE positions SET symbol_id = symbol_id + 1 WHERE closed_at IS NULL".to_owned(), "positions"),
        ("UPDATE executions SET quantity = '0.5' WHERE price = '1.1'".to_owned(), "positions"),
        ("UPDATE executions SET price = '1.12' WHERE price = '1.11'".to_owned(), "positions"),
        ("UPDATE executions SET is_cancelled = 1 WHERE price = '1.11'".to_owned(), "positions"),
        ("UPDATE executions SET executed_at = executed_at + 3600000 WHERE price = '1.1'".to_owned(), "positions"),
        ("UPDATE executions SET profit_minor = profit_minor + 1 WHERE price = '1.11'".to_owned(), "positions"),
        ("UPDATE executions SET position_id = 1 WHERE opposite_ref IS NOT NULL".to_owned(), "positions"),
        ("UPDATE executions SET leaves_flat = 1 - leaves_flat WHERE price = '1.11'".to_owned(), "positions"),
        ("DELETE FROM symbol_splits".to_owned(), "positions"),
        ("UPDATE symbol_splits SET ratio = '3'".to_owned(), "positions"),
        ("UPDATE executions SET booked_profit_minor = 5 WHERE price = '1.11'".to_owned(), "trades"),
        ("UPDATE executions SET booked_commission_minor = -1 WHERE price = '1.11'".to_owned(), "trades"),
        ("UPDATE executions SET posted_fee_minor = -2 WHERE price = '1.11'".to_owned(), "trades"),
        (
            "UPDATE executions SET posted_fee_minor = -2, booked_fee_minor = -2 WHERE price = '1.11'".to_owned(),
            "trades",
        ),
        ("UPDATE executions SET protected_balance_minor = 1 WHERE opposite_ref IS NOT NULL".to_owned(), "trades"),
        ("UPDATE executions SET protection = 'never'".to_owned(), "trades"),
        ("UPDATE executions SET protected_minimum_minor = -1".to_owned(), "trades"),
        ("UPDATE executions SET arrived_entry = 100000".to_owned(), "trades"),
        ("UPDATE platform_charges SET charged_at = 0 WHERE kind = 'balance'".to_owned(), "trades"),
        ("UPDATE platform_charges SET offset_balance_minor = NULL".to_owned(), "trades"),
        ("DELETE FROM trade_entries WHERE part = 'commission'".to_owned(), "trades"),
        ("DELETE FROM trade_entries WHERE part = 'profit'".to_owned(), "trades"),
        ("DELETE FROM trade_entries WHERE part = 'charge'".to_owned(), "trades"),
        ("DELETE FROM trade_entries WHERE part = 'protected_balance'".to_owned(), "trades"),
        ("UPDATE trade_entries SET execution_id = execution_id + 1 WHERE part = 'fee'".to_owned(), "trades"),
        ("UPDATE trade_entries SET part = 'swap' WHERE part = 'fee'".to_owned(), "trades"),
        ("UPDATE platform_charges SET amount_minor = -200".to_owned(), "trades"),
        ("UPDATE platform_charges SET kind = 'fee'".to_owned(), "trades"),
        ("DELETE FROM platform_charges".to_owned(), "trades"),
    ] {
        let found = audit(&tampered(&clean, &sql));
        assert!(!found.status.success(), "{sql}: not found");
        assert!(findings(&found).iter().any(|it| it == check), "{sql}: {}", String::from_utf8_lossy(&found.stdout));
    }
}
