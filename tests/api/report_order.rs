//! The order in which a platform says that things happened counts, and not the order in which its reports arrive: of
//! orders, of which a report may leave members out, and of what happens within one millisecond.

use super::harness::{Caller, Server, unique};
use super::platform_feed::{accept, at, feed, fill, proves_its_books, trading_account, with};
use rusqlite::Connection;
use serde_json::{Value, json};

/// Orders of the property, and how often the reports of each are fed.
const ORDERS: u64 = 12;
const FEEDS: usize = 4;

/// A report of an order of EURUSD at a minute.
fn report(account: &str, id: &str, minute: u32, more: Value) -> Value {
    let report = json!({
        "kind": "order", "platform": "mt5", "eventId": unique("report"), "account": account, "at": at(minute),
        "orderId": id, "symbol": "EURUSD", "type": "limit", "side": "BUY",
    });
    with(report, more)
}

/// All orders of some things.
fn permutations<T: Clone>(things: &[T]) -> Vec<Vec<T>> {
    if things.len() < 2 {
        return vec![things.to_vec()];
    }
    let without = |index: usize| [&things[..index], &things[index + 1..]].concat();
    let begun = |index: usize| {
        permutations(&without(index)).into_iter().map(move |rest| [vec![things[index].clone()], rest].concat())
    };
    (0..things.len()).flat_map(begun).collect()
}

#[test]
fn what_a_report_leaves_out_is_as_of_the_latest_that_gave_it() {
    let server = Server::shared();
    let admin = server.admin();
    for turn in permutations(&[0, 1, 2]) {
        let account = trading_account(&admin, "USD", "NETTING");
        let reports = [
            report(&account, "1", 0, json!({"state": "new", "quantity": "1", "limitPrice": "1.05"})),
            report(&account, "1", 1, json!({"state": "amended", "quantity": "2", "limitPrice": "1.1"})),
            report(&account, "1", 2, json!({"state": "partially_filled", "filledQuantity": "0.5"})),
        ];
        for index in &turn {
            accept(&admin, &[reports[*index].clone()]);
        }
        let list = admin.get(&format!("/accounts/{account}/orders")).ok();
        let shown = ["qtyOriginal", "limitPrice", "status"].map(|name| list.digits(&format!("orders/0/{name}")));
        assert_eq!(shown, ["2", "1.1", "\"ORDER_STATUS_P_FILLED\""], "{turn:?}: {:#}", list.json());
        // 1.5 of 2 lots, at a leverage of 30 and 1 / 0.92 dollars for a euro.
        let portfolio = admin.get(&format!("/portfolios/{account}")).ok();
        assert_eq!(portfolio.digits("pendingMargin"), "5434.78", "{turn:?}");
    }
}

/// One value of several, if any.
fn maybe(random: &mut fastrand::Rng, values: &[&str]) -> Option<String> {
    random.bool().then(|| values[random.usize(..values.len())].to_owned())
}

/// Reports with random members, many of them at the same time.
fn random_reports(random: &mut fastrand::Rng) -> Vec<Value> {
    let states = ["new", "amended", "partially_filled", "filled", "cancelled", "rejected", "expired"];
    let mut reports = Vec::new();
    for number in 0..8 {
        let mut report = json!({"state": states[random.usize(..states.len())], "eventId": number.to_string()});
        for (name, values) in [
            ("type", &["market", "limit", "stop"][..]),
            ("timeInForce", &["GTC", "DAY"]),
            ("side", &["BUY", "SELL"]),
            ("quantity", &["1", "2", "0.5", "0"]),
            ("filledQuantity", &["0", "0.25", "0.5"]),
            ("limitPrice", &["1.1", "1.2", "0"]),
            ("stopPrice", &["1.3", "1.4"]),
            ("stopLoss", &["1.01", "1.02"]),
            ("takeProfit", &["1.5", "1.6"]),
            ("parentOrderId", &["p", "q"]),
            ("positionRef", &["1", "2"]),
            ("reason", &["client", "stop_out"]),
            ("comment", &["one", "two"]),
            ("expiresAt", &["2026-03-03T00:00:00Z", "2026-03-04T00:00:00Z"]),
            ("sequence", &["1", "2"]),
            ("volumeUnit", &["units", "lots"]),
        ] {
            if let Some(value) = maybe(random, values) {
                report[name] = json!(value);
            }
        }
        let time = ["08:00:00.001", "08:00:00.0010001", "08:00:00.0019", "08:00:01"][random.usize(..4)];
        report["at"] = json!(format!("2026-03-02T{time}Z"));
        reports.push(report);
    }
    reports
}

/// What is stored of the only order of an account, without what belongs to one feed.
fn stored(file: &Connection, account: &str) -> String {
    let sql =
        "SELECT json_array(o.state, o.type, o.time_in_force, o.side, o.quantity, o.filled_quantity, o.limit_price,
                   o.stop_price, o.stop_loss, o.take_profit, o.parent_order_id, o.position_ref, o.reason, o.comment,
                   o.expires_at, o.reported_at, o.reported_ns, o.sequence, o.created_at, json(o.earlier))
               FROM orders o
               JOIN accounts a ON a.id = o.account_id
               WHERE a.uuid = ?1";
    let uuid: uuid::Uuid = account.parse().unwrap();
    file.query_row(sql, [uuid], |row| row.get::<_, String>(0)).unwrap().replace(account, "")
}

#[test]
fn any_order_of_the_reports_of_an_order_leads_to_the_same_end() {
    let server = Server::start("");
    let admin = server.admin();
    let file = Connection::open(server.data_dir().join("bursar.db")).unwrap();
    let mut random = fastrand::Rng::with_seed(7);
    for order in 0..ORDERS {
        let reports = random_reports(&mut random);
        let mut first = None;
        for turn in 0..FEEDS {
            let account = trading_account(&admin, "USD", "NETTING");
            let mut events: Vec<_> = reports.iter().map(|it| of_account(it, &account)).collect();
            if turn > 0 {
                events.extend_from_within(2..4);
                random.shuffle(&mut events);
            }
            feed_in_parts(&admin, &events, 1 + turn);
            let found = stored(&file, &account);
            let expected = first.get_or_insert_with(|| found.clone());
            assert_eq!(*expected, found, "order {order}, feed {turn}: {events:#?}");
        }
    }
    let sums = "SELECT count(earlier), sum(earlier IS NULL) FROM orders";
    println!("{:?}", file.query_row(sums, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))));
    proves_its_books(&server);
}

fn of_account(given: &Value, account: &str) -> Value {
    let id = format!("{account}{}", given["eventId"].as_str().unwrap());
    let whole = json!({"kind": "order", "platform": "mt5", "account": account, "orderId": "1", "symbol": "EURUSD"});
    with(with(whole, given.clone()), json!({"eventId": id}))
}

fn feed_in_parts(admin: &Caller<'_>, events: &[Value], size: usize) {
    for part in events.chunks(size) {
        assert_eq!(feed(admin, part)["refused"], 0);
    }
}

#[test]
fn fills_within_a_millisecond_apply_as_they_happened() {
    let server = Server::start("");
    let admin = server.admin();
    for turn in permutations(&[0, 1, 2]) {
        let account = trading_account(&admin, "USD", "NETTING");
        let within = |id: &str, fraction: &str, what| {
            with(fill(&account, id, 0, what), json!({"at": format!("2026-03-02T08:00:00.120{fraction}Z")}))
        };
        // As texts, the ids are in another order.
        let fills = [
            within("c", "", ("BUY", "1", "1.100")),
            within("b", "1", ("BUY", "1", "1.101")),
            within("a", "100001", ("SELL", "1", "1.102")),
        ];
        for index in &turn {
            accept(&admin, &[fills[*index].clone()]);
        }
        // (1.102 - 1.1005) x 100,000; without the second fill before it, it would be 200.
        assert_eq!(admin.balance(&account), "150.00", "{turn:?}");
    }
    proves_its_books(&server);
}

#[test]
fn what_else_happens_within_a_millisecond_counts_as_it_happened() {
    let server = Server::start("");
    server.apply_reference(&format!(
        "{}\n[[symbols]]\ncode = \"SPLIT\"\nname = \"Split\"\nclass = \"share\"\ncontract_size = \"1\"\n\
         price_decimals = 2\nquantity_decimals = 2\nprofit_currency = \"USD\"\n",
        include_str!("../../packaging/reference.toml")
    ));
    let admin = server.admin();
    let account = trading_account(&admin, "USD", "NETTING");
    let time = |fraction: &str| json!({"at": format!("2026-03-02T08:00:00.120{fraction}Z"), "symbol": "SPLIT"});
    let split = json!({"kind": "split", "platform": "mt5", "eventId": unique("split"), "ratio": "2"});
    // One lot before the split makes two, one after it stays one.
    accept(
        &admin,
        &[
            with(split, time("5")),
            with(fill(&account, "1", 0, ("BUY", "1", "10")), time("4")),
            with(fill(&account, "2", 0, ("BUY", "1", "5")), time("6")),
        ],
    );
    let positions = admin.get(&format!("/accounts/{account}/positions")).ok();
    assert_eq!(positions.digits("positions/0/qty"), "3");
    // Of quotes, the last one counts.
    let quote = |fraction: &str, bid: &str| {
        let at = format!("2026-03-02T09:00:00.120{fraction}Z");
        json!({"kind": "quote", "platform": "mt5", "symbol": "SPLIT", "at": at, "bid": bid, "ask": "99"})
    };
    for quotes in [[quote("9", "7"), quote("2", "1")], [quote("91", "8"), quote("905", "1")]] {
        quotes.iter().for_each(|quote| accept(&admin, std::slice::from_ref(quote)));
    }
    accept(&admin, &[quote("93", "9"), quote("92", "1")]);
    let positions = admin.get(&format!("/accounts/{account}/positions")).ok();
    assert_eq!(positions.digits("positions/0/profit"), "12.00", "{:#}", positions.json());
    proves_its_books(&server);
}

/// Fills of an account that is never flat, so that late ones are derived from positions that were kept.
#[test]
fn late_fills_of_a_long_history_apply_where_they_belong() {
    let server = Server::start("");
    let admin = server.admin();
    let mut random = fastrand::Rng::with_seed(3);
    for mode in ["NETTING", "HEDGING"] {
        let accounts = [0; 2].map(|_| trading_account(&admin, "USD", mode));
        let of = |account: &str, number: u32, (side, lots, price): &(&str, String, String)| {
            let (second, ms) = (number / 50 % 60, number % 50);
            let at = format!("2026-03-02T{:02}:{:02}:{second:02}.{ms:03}Z", 8 + number / 180_000, number / 3_000 % 60);
            let reference = if number == 0 { "0".to_owned() } else { (number % 3).to_string() };
            with(
                fill(account, &number.to_string(), 0, (side, lots, price)),
                json!({"at": at, "positionRef": reference}),
            )
        };
        let mut fills = vec![("BUY", "90".to_owned(), "1.1".to_owned())];
        for number in 1..1_200 {
            let side = ["BUY", "SELL"][random.usize(..2)];
            fills.push((side, format!("0.{:02}", random.u32(1..50)), format!("1.{}", 1_000 + number % 97)));
        }
        let order: Vec<usize> = (0..fills.len()).collect();
        let mut jittered = order.clone();
        // Most come in their order, some up to 300 places later.
        for index in (0..fills.len() - 300).filter(|index| index % 7 == 3) {
            jittered[index..index + random.usize(2..300)].rotate_left(1);
        }
        // A few come at the very end, each in a call of its own.
        let (last, jittered): (Vec<_>, Vec<_>) = jittered.into_iter().partition(|number| number % 400 == 150);
        let parts = |order: &[usize]| order.chunks(40).map(<[_]>::to_vec).collect::<Vec<_>>();
        let mut late = parts(&jittered);
        late.extend(parts(&last).concat().into_iter().map(|number| vec![number]));
        for (account, parts) in accounts.iter().zip([parts(&order), late]) {
            for part in parts {
                let events: Vec<_> = part.iter().map(|number| of(account, *number as u32, &fills[*number])).collect();
                accept(&admin, &events);
            }
            for corrected in ["600", "1100"] {
                let cancel = json!({"kind": "correction", "platform": "mt5", "eventId": unique("c"), "account": account,
                                    "at": at(90), "executionId": format!("c{corrected}"), "corrects": corrected,
                                    "action": "cancel"});
                accept(&admin, &[cancel]);
            }
        }
        let end = |account: &String| {
            let list = admin.get(&format!("/accounts/{account}/positions")).ok();
            let count = list.json()["positions"].as_array().unwrap().len();
            let names = ["positionRef", "side", "qty", "openPrice", "realizedPnl", "qtyClosed", "updatedAt"];
            let show = |index| names.map(|name| list.digits(&format!("positions/{index}/{name}")));
            ((0..count).map(show).collect::<std::collections::BTreeSet<_>>(), admin.balance(account))
        };
        assert_eq!(end(&accounts[0]), end(&accounts[1]), "{mode}");
    }
    let file = Connection::open(server.data_dir().join("bursar.db")).unwrap();
    let kept: i64 = file.query_row("SELECT count(*) FROM position_states", [], |row| row.get(0)).unwrap();
    assert!(kept > 4, "{kept} states were kept");
    proves_its_books(&server);
}
