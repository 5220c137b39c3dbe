//! The same events lead to the same positions and balances, in whatever order and however often they come.

use super::harness::{Caller, Server};
use super::platform_feed::{at, feed, fill, trading_account, with};
use bursar::domain::access::Visibility;
use bursar::domain::ids::AccountId;
use bursar::store::{StoreError, read_file};
use serde_json::{Value, json};
use uuid::Uuid;

/// How a random day's account trades.
#[derive(Clone, Copy, Debug)]
enum Mode {
    Netting,
    Hedging,
}

impl Mode {
    fn name(self) -> &'static str {
        match self {
            Mode::Netting => "NETTING",
            Mode::Hedging => "HEDGING",
        }
    }
}

/// The events of a day of one account; equal for equal seeds but for the account.
fn day(account: &str, mode: Mode, seed: u64) -> Vec<Value> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut events = Vec::new();
    let charge = |id: usize, minute: u32, more: Value| {
        let event = json!({"platform": "mt5", "eventId": format!("s-{account}-{id}"), "account": account});
        with(with(event, json!({"at": at(minute)})), more)
    };
    events.push(charge(0, 0, json!({"kind": "balance", "operation": "deposit", "amount": "5000"})));
    for id in 1..=24 {
        let (minute, side) = (random.u32(0..40), if random.bool() { "BUY" } else { "SELL" });
        let quantity = format!("0.{}", random.u32(0..9));
        let price = format!("1.{:04}", random.u32(500..2500));
        let mut event = fill(account, &id.to_string(), minute, (side, &quantity, &price));
        if random.u32(0..4) == 0 {
            event["symbol"] = "GBPUSD".into();
        }
        if random.bool() {
            event["sequence"] = random.u32(0..5).into();
        }
        if let Mode::Hedging = mode {
            event["positionRef"] = format!("{}{}", event["symbol"], random.u32(0..3)).into();
            event["entry"] = ["in", "out", "inout"][random.usize(0..3)].into();
        }
        if random.u32(0..3) == 0 {
            event["booked"] = json!({"commission": format!("-{}.345", random.u32(0..9))});
        }
        events.push(event);
        if random.u32(0..4) == 0 {
            let minute = random.u32(0..40);
            let amount = format!("{}.{:02}", random.i32(-400..400), random.u32(0..100));
            events.push(match random.u32(0..3) {
                0 => charge(id, minute, json!({"kind": "swap", "symbol": "EURUSD", "amount": amount})),
                1 => charge(id, minute, json!({"kind": "balance", "operation": "credit_in", "amount": "700.55"})),
                _ => charge(id, minute, json!({"kind": "dividend", "amount": amount})),
            });
        }
        // Up to three corrections, each of the one before.
        let mut corrects = id.to_string();
        for number in 0..random.u32(0..8).saturating_sub(4) {
            let own = format!("{id}c{number}");
            let correction = json!({
                "kind": "correction", "platform": "mt5", "eventId": format!("c-{account}-{own}"), "account": account,
                "at": at(41), "executionId": own, "corrects": corrects,
            });
            events.push(if random.bool() {
                with(correction, json!({"action": "cancel"}))
            } else {
                let price = format!("1.{:04}", random.u32(500..2500));
                with(
                    correction,
                    json!({"action": "replace", "price": price, "quantity": format!("0.{}", random.u32(1..9))}),
                )
            });
            corrects = own;
        }
    }
    events
}

/// Balance and open positions of an account.
fn end(server: &Server, admin: &Caller<'_>, account: &str) -> (String, Vec<String>) {
    let id = AccountId::from(Uuid::parse_str(account).unwrap());
    let mut positions = read_file::<_, StoreError>(&server.data_dir().join("bursar.db"), |tx| {
        let account = tx.account(id, &Visibility::Everything)?.unwrap();
        let show = |row: bursar::store::PositionRow| {
            let position = row.position;
            format!(
                "{} {:?} {:?} {} at {}, {} of {}, {}",
                row.symbol,
                position.position_ref,
                position.side,
                position.quantity,
                row.open_price,
                position.margin_cost,
                position.opened_quantity,
                position.profit.minor()
            )
        };
        Ok(tx.open_positions_of(account.book)?.into_iter().map(show).collect::<Vec<_>>())
    })
    .unwrap();
    positions.sort();
    (admin.balance(account), positions)
}

/// Feeds events in random order, some of them twice, in calls of random sizes.
fn feed_shuffled(admin: &Caller<'_>, mut events: Vec<Value>, random: &mut fastrand::Rng) {
    let again: Vec<_> = events.iter().filter(|_| random.u32(0..4) == 0).cloned().collect();
    events.extend(again);
    random.shuffle(&mut events);
    let mut rest = events.as_slice();
    while !rest.is_empty() {
        let (part, others) = rest.split_at(random.usize(1..=rest.len()));
        let report = feed(admin, part);
        assert_eq!(report["refused"], 0, "{report:#}");
        rest = others;
    }
}

#[test]
fn any_order_and_repetition_leads_to_the_same_end() {
    let server = Server::start("");
    let admin = server.admin();
    for seed in 0..6 {
        for mode in [Mode::Netting, Mode::Hedging] {
            let in_order = trading_account(&admin, "USD", mode.name());
            let mut events = day(&in_order, mode, seed);
            events.sort_by_key(|event| event["at"].as_str().unwrap().to_owned());
            assert_eq!(feed(&admin, &events)["refused"], 0);
            let expected = end(&server, &admin, &in_order);
            for round in 0..4 {
                let account = trading_account(&admin, "USD", mode.name());
                let mut random = fastrand::Rng::with_seed(seed * 100 + round);
                feed_shuffled(&admin, day(&account, mode, seed), &mut random);
                assert_eq!(end(&server, &admin, &account), expected, "{mode:?}, seed {seed}, round {round}");
            }
        }
    }
    assert_eq!(admin.get("/platform/parked").ok().json()["parked"], json!([]));
    let proof = server.command(&["audit"]);
    assert_eq!(proof["findings"], json!([]), "{proof:#}");
}
