//! Reading events: their order, the effect of tags, and rebuilding every balance from them.

use super::harness::{Caller, PASSWORD, Server, assert_shown};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub(super) const DAY: i64 = 86_400;

/// The figures of a book as exact digits: balance, held, uncleared, pending, credit.
pub(super) type Figures = [String; 5];

/// All events after one, read in pages of this size.
#[track_caller]
pub(super) fn read_all(caller: &Caller<'_>, after: &str, query: &str, limit: usize) -> Vec<Value> {
    let (mut events, mut after) = (Vec::new(), after.to_owned());
    loop {
        let page = caller.get(&format!("/events?after={after}&limit={limit}{query}")).ok();
        let found = page.json()["events"].as_array().unwrap().clone();
        assert!(found.len() <= limit);
        events.extend(found);
        after = page.text_at("nextAfter");
        if page.json()["hasMore"] == false {
            assert_eq!(after, page.text_at("lastSeq"));
            return events;
        }
    }
}

/// Applies `balances`, digit by digit.
fn take_in(books: &mut BTreeMap<i64, Figures>, balances: &str) {
    let lines: Vec<BTreeMap<String, Box<RawValue>>> = serde_json::from_str(balances).unwrap();
    for line in lines {
        let digits = |name: &str| line.get(name).map_or("0", |raw| raw.get()).replace('.', "");
        let figures = ["balance", "held", "uncleared", "pending", "credit"]
            .map(|name| digits(name).parse::<i64>().unwrap().to_string());
        books.insert(digits("book").parse().unwrap(), figures);
    }
}

/// The balances that result from all events since the checkpoint.
pub(super) fn rebuilt(caller: &Caller<'_>) -> BTreeMap<i64, Figures> {
    let mut books = BTreeMap::new();
    let mut after_book = 0;
    let mut after = loop {
        let part = caller.get(&format!("/events/checkpoint?limit=3&afterBook={after_book}")).ok();
        take_in(&mut books, &part.digits("balances"));
        match part.json()["nextAfterBook"].as_i64() {
            Some(next) => after_book = next,
            None => break part.text_at("seq"),
        }
    };
    loop {
        let page = caller.get(&format!("/events?after={after}&limit=7")).ok();
        for number in 0..page.json()["events"].as_array().unwrap().len() {
            let data: BTreeMap<String, Box<RawValue>> =
                serde_json::from_str(&page.digits(&format!("events/{number}/data"))).unwrap();
            data.get("balances").inspect(|balances| take_in(&mut books, balances.get()));
        }
        after = page.text_at("nextAfter");
        if page.json()["hasMore"] == false {
            return books;
        }
    }
}

/// The balances in the database.
pub(super) fn stored(file: &Path) -> BTreeMap<i64, Figures> {
    let file = rusqlite::Connection::open(file).unwrap();
    let sql = "SELECT id, balance_minor, held_minor, uncleared_minor, pending_minor,
                      CASE WHEN role = 'client' THEN max(credit_net_minor, 0) ELSE 0 END FROM books";
    let mut statement = file.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| {
        let figure = |column: usize| row.get::<_, i64>(column).map(|minor| minor.to_string());
        Ok((row.get(0)?, [figure(1)?, figure(2)?, figure(3)?, figure(4)?, figure(5)?]))
    });
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

/// Does everything that moves money, and more.
pub(super) fn everything(server: &Server) {
    server.set_rules("deposit_hold_days = 3");
    let admin = server.admin();
    let profile = admin.new_profile_with(&json!({"firstName": "Zoë", "password": PASSWORD, "tags": ["vip"]}));
    let (one, two) = (admin.new_account_of(&profile, "USD"), admin.new_account("USD"));
    let euros = admin.new_account_of(&profile, "EUR");
    let body = json!({"profileId": profile, "currency": "USD", "groupId": admin.group("USD", true)});
    let demo = admin.post("/accounts", &body).ok().text_at("account/id");
    let comment = json!({"amount": "1000.10", "comment": "rent of Zoë"});
    admin.post(&format!("/accounts/{one}/deposit"), &comment).ok();
    admin.deposit(&demo, "7");
    admin.deposit(&two, "300");
    server.advance(4 * DAY);
    admin.post(&format!("/accounts/{one}/withdraw"), &json!({"amount": "0.05"})).ok();
    for action in ["CREDIT", "BONUS", "CORRECTION", "FEE", "SWAP", "TAX", "OTHER"] {
        for amount in ["5.5", "-1.25"] {
            let body = json!({"amount": amount, "action": format!("DEAL_ACTION_{action}")});
            admin.post(&format!("/accounts/{one}/balance"), &body).ok();
        }
    }
    let path = format!("/accounts/{one}/deposits");
    let settled = admin.ask(&one, "deposits", "20");
    let deal = admin.step(&format!("/deposits/{settled}/settle")).ok().text_at("dealId");
    let returned = admin.ask(&one, "deposits", "21");
    admin.step(&format!("/deposits/{returned}/return")).ok();
    let soon = server.advance(0).plus_s(60).to_string();
    admin.post(&path, &json!({"amount": "3", "expiresAt": soon, "reason": "rent of Zoë"})).ok();
    admin.ask(&one, "deposits", "22");
    server.advance(61);
    let withdrawals: Vec<_> = (0..4).map(|_| admin.ask(&one, "withdrawals", "9.99")).collect();
    admin.step(&format!("/withdrawals/{}/approve", withdrawals[0])).ok();
    admin.step(&format!("/withdrawals/{}/pay", withdrawals[0])).ok();
    admin.step(&format!("/withdrawals/{}/reject", withdrawals[1])).ok();
    admin.step(&format!("/withdrawals/{}/cancel", withdrawals[2])).ok();
    let holds: Vec<_> = (0..3).map(|_| admin.ask(&one, "holds", "11")).collect();
    admin.post(&format!("/holds/{}/capture", holds[0]), &json!({"amount": "4"})).ok();
    admin.step(&format!("/holds/{}/release", holds[1])).ok();
    admin.post("/transfers", &json!({"fromAccountId": one, "toAccountId": two, "amount": "10"})).ok();
    let across = json!({"fromAccountId": one, "toAccountId": euros, "amount": "10", "rate": "0.9"});
    let across = admin.post("/transfers", &across).ok().text_at("dealId");
    admin.step(&format!("/entries/{across}/reverse")).ok();
    // One that is still partly uncleared, and one that is reversed by force.
    admin.deposit(&two, "1.01");
    admin.step(&format!("/entries/{deal}/reverse")).ok();
    let (closing, swept) = (admin.new_account("USD"), admin.new_account("USD"));
    admin.deposit(&closing, "50");
    let taken = admin.deposit(&closing, "2");
    admin.post(&format!("/accounts/{closing}/withdraw"), &json!({"amount": "49"})).refused("INSUFFICIENT_FUNDS");
    server.advance(4 * DAY);
    admin.post(&format!("/accounts/{closing}/withdraw"), &json!({"amount": "51"})).ok();
    admin.post(&format!("/entries/{taken}/reverse"), &json!({"force": true, "reason": "rent of Zoë"})).ok();
    admin.post(&format!("/accounts/{closing}/deposit"), &json!({"amount": "9"})).ok();
    server.advance(4 * DAY);
    admin.ask(&closing, "deposits", "1");
    admin.post(&format!("/accounts/{closing}/close"), &json!({"sweepToAccountId": swept})).ok();
    admin.put("/profiles/change-password", &json!({"id": profile, "newPassword": PASSWORD})).ok();
    admin.put(&format!("/profiles/{profile}"), &json!({"email": "zoe@example.com", "phone": "+49 30 1"})).ok();
    admin.post(&format!("/accounts/{one}/lock"), &json!({"lock": "FULL", "type": "CST", "reason": "ADM"})).ok();
    admin.step(&format!("/accounts/{one}/unlock")).ok();
    admin.put(&format!("/accounts/{one}"), &json!({"maxLeverage": 9})).ok();
    admin.deposit(&two, "3");
}

#[test]
fn events_replayed_from_zero_rebuild_the_same_balances() {
    let server = Server::start("");
    everything(&server);
    let admin = server.admin();
    let books = rebuilt(&admin);
    assert_eq!(books, stored(&server.data_dir().join("bursar.db")));
    assert!(books.values().any(|figures| figures[1] != "0" && figures[3] != "0" && figures[4] != "0"), "{books:?}");
    assert!(books.values().any(|figures| figures[2] != "0"), "{books:?}");

    // Compared with the API and the audit, with accounts identified from the events alone.
    let mut accounts: BTreeMap<String, (String, String)> = BTreeMap::new();
    let mut sums: BTreeMap<(bool, String, String), i64> = BTreeMap::new();
    let mut last: BTreeMap<i64, ((bool, String, String), i64)> = BTreeMap::new();
    let page = admin.get("/events?limit=1000").ok();
    for number in 0..page.json()["events"].as_array().unwrap().len() {
        let event = &page.json()["events"][number];
        for line in 0..event["data"]["balances"].as_array().map_or(0, Vec::len) {
            let named = &event["data"]["balances"][line];
            let digits = |name: &str| page.digits(&format!("events/{number}/data/balances/{line}/{name}"));
            let role = named["house"].as_str().unwrap_or("client").to_owned();
            let currency = named["currency"].as_str().unwrap().to_owned();
            let minor: i64 = digits("balance").replace('.', "").parse().unwrap();
            let key = (named["isDemo"].as_bool().unwrap(), currency, role);
            last.insert(named["book"].as_i64().unwrap(), (key, minor));
            if let Some(account) = named["accountId"].as_str() {
                accounts.insert(account.to_owned(), (digits("balance"), digits("pending")));
            }
        }
    }
    for (key, minor) in last.into_values() {
        *sums.entry(key).or_default() += minor;
    }
    let listed = admin.get("/accounts?perPage=500&archived=true").ok();
    assert_eq!(listed.text_at("total"), accounts.len().to_string());
    for number in 0..accounts.len() {
        let id = listed.text_at(&format!("accounts/{number}/id"));
        assert_eq!(listed.digits(&format!("accounts/{number}/balance")), accounts[&id].0);
    }
    let audit = server.command(&["audit"]);
    let trial: BTreeMap<_, _> = audit["trial_balance"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            let text = |name: &str| line[name].as_str().unwrap().to_owned();
            let minor: i64 = text("balance").replace('.', "").parse().unwrap();
            ((line["mode"] == "demo", text("currency"), text("books")), minor)
        })
        .collect();
    assert_eq!(trial, sums);
    assert!(trial.len() > 8, "{trial:?}");
}

#[test]
fn events_are_read_in_their_order_by_type_and_in_pages() {
    let server = Server::start("");
    everything(&server);
    let admin = server.admin();
    let all = read_all(&admin, "0", "", 1000);
    let numbers: Vec<_> = all.iter().map(|event| event["seq"].as_str().unwrap().to_owned()).collect();
    assert_eq!(numbers, (1..=all.len()).map(|number| number.to_string()).collect::<Vec<_>>());
    assert_eq!(read_all(&server.viewer(), "0", "", 13), all, "the pages together differ from the whole list");
    assert_eq!(read_all(&admin, "40", "", 100), all[40..]);
    let last = numbers.last().unwrap();
    assert_eq!(read_all(&admin, last, "", 100), [Value::Null; 0]);

    let of = |kinds: &[&str]| {
        let is_meant = |event: &&Value| kinds.iter().any(|kind| event["type"].as_str().unwrap().starts_with(kind));
        all.iter().filter(is_meant).cloned().collect::<Vec<_>>()
    };
    for (query, kinds) in [
        ("&types=account.*", &["account."][..]),
        ("&types=entry.posted,profile.created", &["entry.posted", "profile.created"]),
        ("&types=movement.*&types=reference.changed", &["movement.", "reference."]),
        ("&types=*", &[""]),
    ] {
        let found = read_all(&admin, "0", query, 7);
        assert!(!found.is_empty());
        assert_eq!(found, of(kinds), "{query}");
    }

    let opened = of(&["account.opened"])[0].clone();
    let account = admin.get(&format!("/accounts/{}", opened["objectId"].as_str().unwrap())).ok();
    assert_eq!((&opened["profileId"], &opened["data"]["id"]), (&account.json()["profileId"], &account.json()["id"]));
    assert_eq!((&opened["data"]["number"], &opened["actor"]["name"]), (&account.json()["number"], &json!("dev")));
    assert_eq!((&opened["recordedAt"], &opened["data"]["version"]), (&account.json()["createdAt"], &json!("1")));
    assert!(
        of(&["movement.changed"]).iter().any(|event| event["actor"]["name"] == "system"),
        "no expiry was recorded for the system"
    );
    let posted = of(&["entry.posted"]);
    assert!(posted[0]["data"]["movementId"].is_string() && posted[0]["data"]["balances"][0]["amount"] == 1000.1);
    let entries: BTreeSet<_> = posted.iter().map(|event| event["objectId"].as_str().unwrap()).collect();
    assert_eq!(entries.len() as u64, server.trace().0);
}

#[test]
fn the_first_event_of_each_type_has_every_field() {
    let server = Server::start("");
    everything(&server);
    // The very first event describes the reference data of a new database and is too long for a snapshot.
    let page = server.admin().get("/events?after=1&limit=1000").ok();
    let mut seen = BTreeSet::new();
    for (number, event) in page.json()["events"].as_array().unwrap().iter().enumerate() {
        let kind = event["type"].as_str().unwrap();
        if seen.insert(kind.to_owned()) {
            assert_shown(&format!("event_{}", kind.replace('.', "_")), &page.digits(&format!("events/{number}")));
        }
    }
    assert!(seen.len() > 12, "{seen:?}");
}

#[test]
fn a_request_for_events_that_makes_no_sense_is_refused() {
    let server = Server::start("");
    let admin = server.admin();
    admin.new_account("USD");
    for (query, reason, field) in [
        ("after=-1", "INVALID_FIELD", "after"),
        ("after=x", "INVALID_FIELD", "after"),
        ("after=1&after=2", "INVALID_FIELD", "after"),
        ("after=999", "OUT_OF_RANGE", "after"),
        ("after=99999999999999999999", "OUT_OF_RANGE", "after"),
        ("limit=0", "OUT_OF_RANGE", "limit"),
        ("limit=1001", "OUT_OF_RANGE", "limit"),
        ("limit=x", "INVALID_FIELD", "limit"),
        ("types=account", "INVALID_FIELD", "types"),
        ("types=account.*,nonsense.*", "INVALID_FIELD", "types"),
        ("types=%27%20OR%201=1", "INVALID_FIELD", "types"),
    ] {
        admin.get(&format!("/events?{query}")).refused(reason).naming(field);
    }
    for header in ["x", "-1", "1.0"] {
        admin.with("Last-Event-ID", header).get("/events").refused("INVALID_FIELD").naming("Last-Event-ID");
    }
    // The header takes precedence over the parameter.
    let page = admin.with("Last-Event-ID", "1").get("/events?after=999").ok();
    assert_eq!(page.text_at("events/0/seq"), "2");
    let checkpoint = |query: &str| admin.get(&format!("/events/checkpoint?{query}"));
    checkpoint("afterBook=x").refused("INVALID_FIELD").naming("afterBook");
    checkpoint("limit=1001").refused("OUT_OF_RANGE").naming("limit");
    let narrow = server.bearer(&server.add_token("dev", &["--scope", "accounts:read"]).1);
    narrow.get("/events").refused("RIGHT_MISSING");
    narrow.get("/events/checkpoint").refused("RIGHT_MISSING");
    server.bearer(&server.add_token("dev", &["--scope", "events:read"]).1).get("/events").ok();
}

#[test]
fn an_event_never_changes() {
    let server = Server::start("");
    let admin = server.admin();
    let (after, all) = (RefCell::new("0".to_owned()), RefCell::new(Vec::new()));
    // Reads the new events before their objects change again.
    let look = || {
        let found = read_all(&admin, &after.borrow(), "", 100);
        after.replace(found.last().unwrap()["seq"].as_str().unwrap().to_owned());
        all.borrow_mut().extend(found);
    };
    let did = |path: &str, body: &Value| {
        let reply = admin.post(path, body).ok();
        look();
        reply
    };
    let changed = |path: &str, body: &Value| {
        admin.put(path, body).ok();
        look();
    };
    server.set_rules("deposit_hold_days = 3");
    let labels = json!({"tags": ["vip"], "reference": "c-1", "category": "gold", "company": "Acme"});
    let (one, two) = (admin.new_profile_with(&labels), admin.new_profile());
    let (from, to) = (admin.new_account_of(&one, "USD"), admin.new_account_of(&two, "USD"));
    look();
    let of = |path: &str| format!("/accounts/{from}{path}");
    did(&of("/deposit"), &json!({"amount": "100", "comment": "x"}));
    server.advance(4 * DAY);
    look();
    let deposit = did(&of("/deposits"), &json!({"amount": "7", "reference": "wire"})).text_at("id");
    let hold = did(&of("/holds"), &json!({"amount": "9"})).text_at("id");
    did(&format!("/deposits/{deposit}/settle"), &json!({}));
    did(&format!("/holds/{hold}/capture"), &json!({"amount": "4"}));
    let withdrawal = did(&of("/withdrawals"), &json!({"amount": "2"})).text_at("id");
    did(&format!("/withdrawals/{withdrawal}/approve"), &json!({}));
    did(&format!("/withdrawals/{withdrawal}/pay"), &json!({}));
    let sent = did("/transfers", &json!({"fromAccountId": from, "toAccountId": to, "amount": "5", "reference": "t"}));
    did(&format!("/entries/{}/reverse", sent.text_at("dealId")), &json!({}));
    server.set_rules("minimum_balance = \"-90\"");
    look();
    changed(&of(""), &json!({"minimumBalance": "-70", "maxLeverage": 9, "nop": "10", "reference": "a-1"}));
    server.set_rules("minimum_balance = \"-50\"");
    look();
    did(&of("/owners"), &json!({"profileId": two, "access": "FULL"}));
    did(&of("/lock"), &json!({"lock": "CREDITS_ONLY", "type": "SYS", "reason": "SUS"}));
    did(&of("/lock"), &json!({"lock": "FULL", "type": "CST", "reason": "ADM"}));
    did(&of("/unlock"), &json!({}));
    admin.delete(&of(&format!("/owners/{one}"))).ok();
    look();
    changed(&format!("/profiles/{one}"), &json!({"email": "new@example.com", "tags": ["other"], "reference": "c-2"}));
    did(&format!("/profiles/{one}/archive"), &json!({}));
    did(&of("/inactive"), &json!({}));
    did(&of("/activate"), &json!({}));
    server.advance(4 * DAY);
    look();
    did(&of("/close"), &json!({"sweepToAccountId": to}));
    server.advance(4 * DAY);
    assert_eq!(read_all(&admin, "0", "", 1000)[..all.borrow().len()], all.borrow()[..]);
    let kinds: BTreeSet<_> = all.borrow().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect();
    assert!(kinds.len() > 15, "{kinds:?}");
}

#[test]
fn a_deposit_leaves_few_bytes_of_events() {
    const DEPOSITS: usize = 1000;
    let server = Server::start("");
    let admin = server.admin();
    let account = admin.new_account("USD");
    let bytes = || {
        let stats = server.command(&["db", "stats"]);
        let tables = stats["tables"].as_array().unwrap();
        tables.iter().find(|table| table["name"] == "events").unwrap()["bytes"].as_u64().unwrap()
    };
    let before = bytes();
    let deposit = json!({"operation": "deposit", "accountId": account, "amount": "12.34", "comment": "wire"});
    admin.post("/batch", &json!({"atomic": true, "operations": vec![deposit; DEPOSITS]})).ok();
    // A quarter of the size of the former JSON events.
    let each = (bytes() - before) / DEPOSITS as u64;
    assert!((10..=143).contains(&each), "{each} bytes a deposit");
}

#[test]
fn events_obey_tags_as_they_are_now() {
    let server = Server::start("");
    let admin = server.admin();
    let (vip, retail) = (server.operator("viewer", &["vip"]), server.operator("viewer", &["retail"]));
    let profiles = ["vip", "retail"].map(|tag| admin.new_profile_with(&json!({"tags": [tag]})));
    let [rich, poor] = [0, 1].map(|number| admin.new_account_of(&profiles[number], "USD"));
    admin.deposit(&rich, "100");
    let body = json!({"fromAccountId": rich, "toAccountId": poor, "amount": "40", "comment": "secret"});
    let made = admin.post("/transfers", &body).ok().text_at("id");

    let seen = |caller: &Caller<'_>| read_all(caller, "0", "", 2);
    let names =
        |events: &[Value]| events.iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let (of_vip, of_retail) = (seen(&vip), seen(&retail));
    let both = ["profile.created", "account.opened", "entry.posted"];
    assert_eq!(names(&of_vip), [&both[..], &["entry.posted", "movement.requested"]].concat());
    assert_eq!(names(&of_retail), both);
    let text = |events: &[Value]| Value::from(events).to_string();
    assert!(!text(&of_vip).contains(&poor) && !text(&of_vip).contains(&profiles[1]), "{}", text(&of_vip));
    assert!(!text(&of_retail).contains(&rich) && !text(&of_retail).contains(&made), "{}", text(&of_retail));
    for events in [&of_vip, &of_retail] {
        assert!(!text(events).contains("bank"), "house accounts are shown to operators with tags: {}", text(events));
        let lines = events.iter().flat_map(|event| event["data"]["balances"].as_array().into_iter().flatten());
        assert!(lines.clone().count() >= 2 && lines.clone().all(|line| line["accountId"].is_string()));
    }
    assert_eq!(of_retail[2]["data"]["balances"][0]["balance"], 40.0);
    assert!(text(&seen(&admin)).contains("bank") && names(&seen(&admin)).contains(&"reference.changed".to_owned()));

    // The cursor advances even for a caller who sees nothing.
    let nothing = server.operator("viewer", &["nobody"]).get("/events").ok();
    let (list, next) = (nothing.json()["events"].clone(), nothing.text_at("nextAfter"));
    assert_eq!((list, next), (json!([]), seen(&admin).last().unwrap()["seq"].as_str().unwrap().to_owned()));
    vip.get("/events/checkpoint").refused("LIMITED_BY_TAGS");
    admin.get("/events/checkpoint").ok();

    // A client moved to other tags takes its events along.
    let moved = json!({"email": "moved@example.com", "tags": ["retail"]});
    admin.put(&format!("/profiles/{}", profiles[0]), &moved).ok();
    assert_eq!(seen(&vip), [Value::Null; 0]);
    let of_retail = seen(&retail);
    assert!(text(&of_retail).contains(&rich) && of_retail.len() == 9, "{:?}", names(&of_retail));
    let transfer = of_retail.iter().find(|event| event["objectId"] == *made).unwrap();
    assert_eq!(transfer["data"]["toAccountId"], *poor, "the caller now sees both sides");
}

#[test]
fn events_hold_no_secrets_and_nothing_that_may_have_to_be_erased() {
    let server = Server::start("");
    everything(&server);
    let admin = server.admin();
    let open = json!({"email": "a@b.example", "firstName": "Ada", "lastName": "L", "birthDate": "1815-12-10",
        "phone": "+44 1", "metaData": "tax 12345678901", "ipAddress": "192.0.2.7", "city": "Ockham",
        "password": PASSWORD});
    admin.new_profile_with(&open);
    let kinds: BTreeSet<_> =
        read_all(&admin, "0", "", 1000).iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect();
    assert!(kinds.len() >= 11, "{kinds:?}");
    let text = admin.get("/events?limit=1000").ok().text;
    let secrets = [
        "Zoë",
        "zoe@",
        "+49 30",
        "rent",
        "@example.com",
        "Ada",
        "1815",
        "+44",
        "12345678901",
        "192.0.2.7",
        "Ockham",
        "argon2",
        "assword\"",
        "comment",
        "reason\"",
        "bur_",
    ];
    for secret in secrets {
        assert!(!text.replace("profile.password_changed", "").contains(secret), "{secret}");
    }
}

#[test]
fn old_events_are_pruned_and_the_checkpoint_stands_for_them() {
    let server = Server::start("[events]\nretention_days = 30\n");
    everything(&server);
    let admin = server.admin();
    let file = server.data_dir().join("bursar.db");
    let before = read_all(&admin, "0", "", 1000);
    let first_day =
        before.iter().filter(|event| event["recordedAt"].as_str() < before[20]["recordedAt"].as_str()).count();
    assert!((20..before.len()).contains(&(first_day.max(20))));

    // First nobody is waiting for events; then a consumer has delivered up to the 20th.
    let consumer = rusqlite::Connection::open(&file).unwrap();
    consumer.execute("INSERT INTO event_consumers (name, delivered_seq) VALUES ('webhooks', 20)", []).unwrap();
    server.advance(40 * DAY);
    let refused = admin.get("/events").refused("EVENTS_PRUNED").naming("after");
    let oldest: usize = refused.text_at("details/0/metadata/oldest").parse().unwrap();
    assert!((2..=21).contains(&oldest), "{oldest}");
    assert!(refused.text_at("message").contains(&oldest.to_string()));
    admin.get(&format!("/events?after={}", oldest - 2)).refused("EVENTS_PRUNED");
    let kept = read_all(&admin, &(oldest - 1).to_string(), "", 1000);
    assert_eq!(kept[..before.len() + 1 - oldest], before[oldest - 1..]);
    assert_eq!(admin.get("/events/checkpoint").ok().text_at("seq"), (oldest - 1).to_string());
    assert_eq!(rebuilt(&admin), stored(&file));
    assert_eq!(server.command(&["audit"])["ok"], true);

    // Everything is delivered: all events old enough go, except the last, which carries the number on.
    consumer.execute("UPDATE event_consumers SET delivered_seq = 1000000", []).unwrap();
    server.advance(40 * DAY);
    let last = admin.get("/events").refused("EVENTS_PRUNED").text_at("details/0/metadata/oldest");
    let page = admin.get(&format!("/events?after={}", last.parse::<i64>().unwrap() - 1)).ok();
    assert_eq!((page.text_at("lastSeq"), page.json()["events"].as_array().unwrap().len()), (last.clone(), 1));
    assert_eq!(rebuilt(&admin), stored(&file));
    server.trace();
    let account = admin.new_account("USD");
    admin.deposit(&account, "1");
    assert_eq!(read_all(&admin, &last, "", 1000).len(), 4, "a client, an account, an entry and its uncleared part");
    assert_eq!(rebuilt(&admin), stored(&file));
    assert_eq!(server.command(&["audit"])["ok"], true);
    // A reset restarts the numbering.
    admin.step("/sandbox/reset").ok();
    admin.new_profile();
    assert_eq!(admin.get("/events").ok().text_at("events/0/seq"), "1");
    server.trace();
}
