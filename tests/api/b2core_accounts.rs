//! Accounts through the B2Core dialect.

use super::b2core_access::{admin, base, client_id, open as open_with_number, product_currency, twice};
use super::harness::{Caller, Reply, Server, assert_shown};
use super::native_positions::quote;
use super::platform_feed::{accept, at, fates, fill, with};
use serde_json::{Value, json};

/// A query string; the brackets of filters are encoded.
fn query(parameters: &[(&str, &str)]) -> String {
    let encoded = |text: &str| text.replace('[', "%5B").replace(']', "%5D").replace(' ', "%20");
    let pairs: Vec<_> =
        parameters.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    format!("/accounts?{}", pairs.join("&"))
}

#[track_caller]
fn list(caller: &Caller<'_>, parameters: &[(&str, &str)]) -> Vec<Value> {
    caller.get(&query(parameters)).ok().json().as_array().unwrap().clone()
}

fn ids(accounts: &[Value]) -> Vec<i64> {
    accounts.iter().map(|account| account["accountId"].as_i64().unwrap()).collect()
}

fn total(reply: &Reply) -> &str {
    reply.header("x-total-count").unwrap()
}

/// Opens an account in the group with this name; returns its public id.
fn open(server: &Server, profile: &str, group: &str) -> String {
    let native = server.admin();
    let groups = native.get("/account-groups").ok().json();
    let group = groups["groups"].as_array().unwrap().iter().find(|found| found["name"] == group).unwrap()["id"].clone();
    let body = json!({"profileId": profile, "currency": "EUR", "groupId": group});
    native.post("/accounts", &body).ok().text_at("account/id")
}

#[test]
fn an_account_carries_every_field_of_the_contract() {
    let server = Server::start("");
    let native = server.admin();
    let profile = native.new_profile();
    let (trading, wallet) = (open(&server, &profile, "Standard"), open(&server, &profile, "Wallet"));
    open(&server, &profile, "Demo Wallet");
    let demo = open(&server, &profile, "Demo Standard");
    for account in [&trading, &wallet] {
        native.deposit(account, "100.5");
        native.ask(account, "holds", "40");
    }
    native.put(&format!("/accounts/{demo}"), &json!({"name": "Practice", "allowDebits": false})).ok();
    let accounts = list(&admin(&server), &[("sort_order", "asc")]);
    let [trading, wallet, demo_wallet, demo] = &accounts[..] else { panic!("{accounts:?}") };
    let at = trading["createTime"].as_str().unwrap();
    assert!(at.len() == 25 && at.ends_with("+00:00"), "{at}");
    let changed = trading["statement"]["updateTime"].as_str().unwrap();
    assert!(changed >= at && changed.len() == 25, "{changed}");
    assert_eq!(trading["accountNumber"], "2100000001");
    assert_shown("b2core_trading_account", &trading.to_string());
    assert_shown("b2core_wallet", &wallet.to_string());
    assert_eq!(
        (&demo_wallet["type"], &demo["type"], &demo["caption"]),
        (&json!("personal"), &json!("demo"), &json!("Practice"))
    );
    assert!(!demo["permissions"].as_array().unwrap().contains(&json!("withdrawal")));
    assert_eq!(demo["permissions"].as_array().unwrap().len(), 7);
}

#[test]
fn a_list_is_an_array_with_the_total_in_a_header_newest_first() {
    let server = Server::start("");
    let profile = server.admin().new_profile();
    for _ in 0..12 {
        server.admin().new_account_of(&profile, "EUR");
    }
    let caller = admin(&server);
    let reply = caller.get("/accounts").ok();
    assert_eq!((total(&reply), ids(reply.json().as_array().unwrap())), ("12", (3..=12).rev().collect()));
    let part = [("limit", "4"), ("offset", "10"), ("sort_by", "createTime"), ("sort_order", "asc")];
    let reply = caller.get(&query(&part)).ok();
    assert_eq!((total(&reply), ids(reply.json().as_array().unwrap())), ("12", vec![11, 12]));
    assert_eq!(ids(&list(&caller, &[("limit", "500"), ("sort_order", "desc")])), (1..=12).rev().collect::<Vec<_>>());
    assert!(list(&caller, &[("offset", "12")]).is_empty());
}

#[test]
fn filters_hold_together_and_take_several_ids() {
    let server = Server::start("");
    let native = server.admin();
    let (one, other) = (native.new_profile(), native.new_profile());
    open(&server, &one, "Standard");
    open(&server, &one, "Wallet");
    open(&server, &other, "Professional");
    let archived = open(&server, &other, "Standard");
    native.delete(&format!("/accounts/{archived}")).ok();
    let caller = admin(&server);
    let found = |parameters: &[(&str, &str)]| {
        let mut found = ids(&list(&caller, parameters));
        found.sort_unstable();
        found
    };
    assert_eq!(found(&[]), [1, 2, 3]);
    assert_eq!(found(&[("filter[archived]", "all")]), [1, 2, 3, 4]);
    assert_eq!(found(&[("filter[archived]", "true")]), [4]);
    assert_eq!(found(&[("filter[archived]", "false"), ("filter[clientId]", "2")]), [3]);
    assert_eq!(found(&[("filter[clientId]", "1, 2,99")]), [1, 2, 3]);
    assert_eq!(found(&[("filter[platformId]", "2")]), [1, 3]);
    assert_eq!(found(&[("filter[productId]", "1,2")]), [1, 3]);
    assert_eq!(found(&[("filter[productId]", "2"), ("filter[clientId]", "1")]), [0i64; 0]);
    let archived = list(&caller, &[("filter[archived]", "true")]);
    assert_eq!(archived[0]["archiveTime"].as_str().unwrap().len(), 25);
}

#[test]
fn accounts_of_hidden_clients_are_not_listed() {
    let server = Server::start("");
    let native = server.admin();
    let seen = native.new_profile_with(&json!({"tags": ["vip"]}));
    let hidden = native.new_profile_with(&json!({"tags": ["retail"]}));
    open(&server, &hidden, "Standard");
    open(&server, &seen, "Wallet");
    let caller = server.operator("viewer", &["vip"]).at(&base(&server));
    let reply = caller.get("/accounts").ok();
    assert_eq!((total(&reply), ids(reply.json().as_array().unwrap())), ("1", vec![2]));
    let reply = caller.get(&query(&[("filter[clientId]", "2")])).ok();
    assert_eq!((total(&reply), reply.text.as_str()), ("0", "[]"));
}

#[test]
fn bad_parameters_are_named() {
    let server = Server::shared();
    let caller = admin(&server);
    for (name, value) in [
        ("limit", "0"),
        ("limit", "501"),
        ("limit", "ten"),
        ("offset", "-1"),
        ("offset", "4294967296"),
        ("sort_by", "balance"),
        ("sort_order", "up"),
        ("filter[clientId]", "one"),
        ("filter[clientId]", "1,"),
        ("filter[productId]", "9223372036854775808"),
        ("filter[archived]", "yes"),
        ("filter[archived]", ""),
        ("filter[clientId]", ""),
        ("filter[platformId]", ""),
        ("limit", ""),
        ("sort_by", ""),
        ("filter[clientID]", "1"),
        ("filter[currency]", "EUR"),
        ("sort", "createTime"),
    ] {
        let reply = caller.get(&query(&[(name, value)])).refused_as(400, "validation_failed");
        assert_eq!(reply.fields(), [name], "{}", reply.text);
    }
    for (name, value, message) in [
        ("sort_by", "balance", "sort_by: must be createTime"),
        ("filter[clientId]", "1,", "filter[clientId]: a value is missing beside a comma"),
    ] {
        let reply = caller.get(&query(&[(name, value)])).refused_as(400, "validation_failed");
        assert_eq!(reply.text_at("message"), message);
    }
}

/// The body of a new account.
fn new_account(server: &Server, client: i64, product: &str, more: &Value) -> Value {
    let mut body = json!({"productCurrencyId": product_currency(server, product, "EUR"), "clientId": client});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

#[test]
fn an_account_is_created_in_the_currency_of_a_product() {
    let server = Server::start("");
    let (caller, native) = (admin(&server), server.admin());
    let client = client_id(&server, &native.new_profile());
    let create = |product: &str, more: &Value| caller.post("/accounts", &new_account(&server, client, product, more));
    let pro = create("Professional", &json!({})).status_is(201).json();
    assert_eq!((&pro["name"], &pro["caption"]), (&json!("Professional EUR"), &json!("EUR")));
    assert_eq!((&pro["accountNumber"], &pro["type"]), (&json!("2100000001"), &json!("trade")));
    assert_eq!(pro["permissions"].as_array().unwrap().len(), 8);
    assert_eq!(pro, caller.get("/accounts/1").ok().json());
    let leverage = |id: i64| caller.get(&format!("/accounts/{id}/preferences")).ok().json()["leverage"].clone();
    assert_eq!(leverage(1), 500);
    // A number that is not asked for is ignored; a leverage counts.
    let more = json!({"alreadyExistingPlatformAccount": false, "leverage": 50, "accountNumber": "77", "unknown": {}});
    assert_eq!(create("Professional", &more).status_is(201).text_at("accountNumber"), "2100000002");
    assert_eq!(leverage(2), 50);
    let wallet = create("Wallet", &json!({})).status_is(201).json();
    assert_eq!((&wallet["type"], &wallet["platform"]), (&json!("personal"), &json!({"id": 1, "name": "Wallets"})));
    assert_eq!(leverage(3), 1);
    let refused = create("Wallet", &json!({"leverage": 2})).refused_as(400, "validation_failed");
    assert_eq!(refused.text_at("message"), "leverage: 1");
    // The same object in the native API.
    let shown = native.get("/accounts?number=1").ok().json();
    assert_eq!(shown["accounts"][0]["accountNumber"], "2100000001");
}

#[test]
fn an_account_that_exists_at_a_platform_keeps_its_number_and_its_feed_finds_it() {
    let server = Server::start("");
    let (caller, native) = (admin(&server), server.admin());
    let client = client_id(&server, &native.new_profile());
    let import = |number: &str, leverage: u32| {
        let more = json!({"alreadyExistingPlatformAccount": true, "accountNumber": number, "leverage": leverage});
        caller.post("/accounts", &new_account(&server, client, "Standard", &more))
    };
    let account = import("MT-500123", 0).status_is(201).json();
    assert_eq!(account["accountNumber"], "MT-500123");
    assert_eq!(account["statement"]["currentBalance"], "0.000000000000000000");
    assert_eq!(caller.get("/accounts/1/preferences").ok().text, r#"{"leverage":0}"#);
    let filled = with(fill("MT-500123", "1", 1, ("BUY", "0.01", "1.1")), json!({"platform": "trading"}));
    accept(&native, &[quote("1.1", "1.1", &at(0)), filled]);
    assert!(caller.post("/accounts/1/archive", &json!({})).refused_as(400, "account_in_use").fields().is_empty());
    // It is linked to the platform of its group, too.
    let file = rusqlite::Connection::open(server.data_dir().join("bursar.db")).unwrap();
    let linked = "SELECT p.code || ' ' || l.number FROM platform_accounts l JOIN platforms p ON p.id = l.platform_id";
    assert_eq!(file.query_row(linked, [], |row| row.get::<_, String>(0)).unwrap(), "trading MT-500123");
    // The next numbers skip those that were brought in.
    assert_eq!(import("2100000003", 100).status_is(201).text_at("accountNumber"), "2100000003");
    let next = caller.post("/accounts", &new_account(&server, client, "Standard", &json!({}))).status_is(201);
    assert_eq!(next.text_at("accountNumber"), "2100000004");
    let before = server.trace();
    let taken = import("MT-500123", 1).refused_as(409, "conflict");
    assert_eq!(taken.text_at("message"), "accountNumber: already in use");
    import("2100000004", 1).refused_as(409, "conflict");
    for (more, field) in [
        (json!({"leverage": 1}), "accountNumber"),
        (json!({"accountNumber": "", "leverage": 1}), "accountNumber"),
        (json!({"accountNumber": "1".repeat(51), "leverage": 1}), "accountNumber"),
        (json!({"accountNumber": " 1", "leverage": 1}), "accountNumber"),
        (json!({"accountNumber": 1, "leverage": 1}), "accountNumber"),
        (json!({"accountNumber": 1e3, "leverage": 1}), "accountNumber"),
        (json!({"accountNumber": "1"}), "leverage"),
        (json!({"accountNumber": "1", "leverage": -1}), "leverage"),
        (json!({"accountNumber": "1", "leverage": 10001}), "leverage"),
    ] {
        let mut body = new_account(&server, client, "Standard", &more);
        body["alreadyExistingPlatformAccount"] = json!(true);
        let reply = caller.post("/accounts", &body).refused_as(400, "validation_failed");
        assert_eq!(reply.fields(), [field], "{more}");
    }
    let more = json!({"alreadyExistingPlatformAccount": true, "accountNumber": "9", "leverage": 1});
    let reply = caller.post("/accounts", &new_account(&server, client, "Wallet", &more));
    assert_eq!(reply.refused_as(400, "validation_failed").fields(), ["alreadyExistingPlatformAccount"]);
    assert_eq!(server.trace(), before);
}

#[test]
fn a_number_that_a_platform_has_brought_means_nothing_at_another() {
    let server = Server::start("");
    let (caller, native) = (admin(&server), server.admin());
    let client = client_id(&server, &native.new_profile());
    let import = |number: &str| {
        let more = json!({"alreadyExistingPlatformAccount": true, "accountNumber": number, "leverage": 1});
        caller.post("/accounts", &new_account(&server, client, "Standard", &more))
    };
    let (brought, other) = (import("700100").status_is(201).json(), native.new_account("EUR"));
    let charge = |platform: &str, amount: &str| {
        json!({"kind": "balance", "platform": platform, "eventId": format!("{platform}-{amount}"), "account": "700100",
               "at": at(0), "operation": "deposit", "amount": amount})
    };
    assert_eq!(fates(&native, &[charge("trading", "5"), charge("mt5", "3")]), ["accepted", "parked: unknown_account"]);
    let balance = format!("/accounts/{}/balance", brought["accountId"]);
    assert_eq!(caller.get(&balance).ok().text_at("balance"), "5.00");

    let link = format!("/accounts/{other}/platform-accounts/mt5");
    native.put(&link, &json!({"number": "700100"})).refused("DUPLICATE_REFERENCE");
    native.put(&link, &json!({"number": other})).refused("INVALID_FIELD").naming("number");
    native.put(&link, &json!({"number": "700200"})).ok();
    let before = server.trace();
    import("700200").refused_as(409, "conflict");
    assert_eq!(import(&other).refused_as(400, "validation_failed").fields(), ["accountNumber"]);
    assert_eq!(server.trace(), before);
}

#[test]
fn refused_accounts_leave_no_trace() {
    let server = Server::start("");
    let caller = admin(&server);
    let client = client_id(&server, &server.admin().new_profile_with(&json!({"tags": ["vip"]})));
    let retail = server.operator("operator", &["retail"]).at(&base(&server));
    let good = new_account(&server, client, "Standard", &json!({}));
    let before = server.trace();
    for (field, value) in [
        ("productCurrencyId", Value::Null),
        ("productCurrencyId", json!(99_999)),
        ("productCurrencyId", json!("1")),
        ("productCurrencyId", json!(1.5)),
        ("clientId", Value::Null),
        ("clientId", json!(99)),
        ("leverage", json!(0)),
        ("leverage", json!(31)),
        ("alreadyExistingPlatformAccount", json!("yes")),
    ] {
        let mut body = good.clone();
        body[field] = value.clone();
        let reply = caller.post("/accounts", &body).refused_as(400, "validation_failed");
        assert_eq!(reply.fields(), [field], "{value}");
    }
    // A hidden client is no client.
    assert_eq!(retail.post("/accounts", &good).refused_as(400, "validation_failed").fields(), ["clientId"]);
    server.viewer().at(&base(&server)).post("/accounts", &good).refused_as(403, "forbidden");
    let broken = caller.send("POST", "/accounts", None, Some(b"{\"clientId\":"));
    assert!(broken.refused_as(400, "validation_failed").fields().is_empty());
    assert_eq!(server.trace(), before);
}

#[test]
fn only_caption_and_permissions_change_and_only_if_sent() {
    let server = Server::start("");
    let (caller, native) = (admin(&server), server.admin());
    let profile = native.new_profile();
    let (account, id) = open_with_number(&server, &profile, "Standard", "EUR");
    let path = format!("/accounts/{account}");
    let offer = product_currency(&server, "Standard", "EUR");
    let version = || native.get(&format!("/accounts/{id}")).ok().text_at("version");
    let before = server.trace();
    for body in
        [json!({}), json!({"leverage": 1, "currency": "USD"}), json!({"clientId": 1, "productCurrencyId": offer})]
    {
        assert_eq!(caller.patch(&path, &body).ok().json()["caption"], "EUR");
    }
    caller.send("PUT", &path, None, None).ok();
    assert_eq!((server.trace(), version()), (before, "1".into()));
    let changed = caller.patch(&path, &json!({"caption": "Zoë", "permissions": ["visible", "visible"]})).ok().json();
    assert_eq!((&changed["caption"], &changed["permissions"]), (&json!("Zoë"), &json!(["visible"])));
    assert_eq!(version(), "2");
    let kept = caller.put(&path, &json!({"caption": "x".repeat(100)})).ok().json();
    assert_eq!(kept["permissions"], json!(["visible"]));
    let before = server.trace();
    for (field, value) in [
        ("caption", json!("")),
        ("caption", json!("x".repeat(101))),
        ("caption", json!(5)),
        ("caption", json!("a\u{202e}b")),
        ("permissions", json!(["all"])),
        ("permissions", json!("deposit")),
        ("clientId", json!(2)),
        ("productCurrencyId", json!(offer + 1)),
    ] {
        let mut body = json!({});
        body[field] = value.clone();
        let reply = caller.patch(&path, &body).refused_as(400, "validation_failed");
        assert_eq!(reply.fields(), [field], "{value}");
    }
    let refused = caller.patch(&path, &json!({"clientId": "1"})).refused_as(400, "validation_failed");
    assert_eq!(refused.text_at("message"), "clientId: expected a whole number");
    for wrong in ["99", "x", "01", "+1"] {
        caller.put(&format!("/accounts/{wrong}"), &json!({"caption": "x"})).refused_as(404, "not_found");
    }
    assert_eq!(server.trace(), before);
    native.delete(&format!("/accounts/{id}")).ok();
    caller.put(&path, &json!({"caption": "x"})).refused_as(409, "account_archived");
}

#[test]
fn a_trading_account_is_archived_once_it_is_empty() {
    let server = Server::start("");
    let (caller, native) = (admin(&server), server.admin());
    let profile = native.new_profile();
    let (account, id) = open_with_number(&server, &profile, "Standard", "USD");
    let (wallet, _) = open_with_number(&server, &profile, "Wallet", "USD");
    let archive = |account: i64| caller.send("POST", &format!("/accounts/{account}/archive"), None, None);
    native.deposit(&id, "3.10");
    let before = server.trace();
    archive(wallet).refused_as(400, "not_a_trading_account");
    let left = archive(account).refused_as(400, "balance_not_zero");
    assert_eq!(left.text_at("message"), "the balance is 3.10 USD, and must be zero");
    archive(99).refused_as(404, "not_found");
    assert_eq!(server.trace(), before);
    native.post(&format!("/accounts/{id}/withdraw"), &json!({"amount": "3.10"})).ok();
    let waits = native.ask(&id, "deposits", "1");
    archive(account).refused_as(400, "account_in_use");
    native.step(&format!("/deposits/{waits}/return")).ok();
    accept(&native, &[quote("1.1", "1.1", &at(0)), fill(&id, "1", 1, ("BUY", "0.01", "1.1"))]);
    archive(account).refused_as(400, "account_in_use");
    accept(&native, &[fill(&id, "2", 2, ("SELL", "0.01", "1.1"))]);
    assert_eq!(archive(account).status_is(204).text, "");
    let after = server.trace();
    archive(account).status_is(204);
    assert_eq!(server.trace(), after, "archiving twice changes nothing");
    assert!(caller.get(&format!("/accounts/{account}")).ok().json()["archiveTime"].is_string());
    // Every other write is refused for that.
    let path = format!("/accounts/{account}");
    caller.patch(&path, &json!({"caption": "x"})).refused_as(409, "account_archived");
    caller.patch(&format!("{path}/balance"), &json!({"amount": 1})).refused_as(409, "account_archived");
    let deposit = json!({"accountId": account, "methodId": 1, "amount": 1});
    caller.post("/deposits", &deposit).refused_as(409, "account_archived");
    assert_eq!(server.trace(), after);
    assert_eq!(caller.get(&format!("/accounts/{account}/balance")).ok().text, r#"{"balance":"0.00"}"#);
    assert_eq!(native.get(&format!("/accounts/{id}")).ok().text_at("lifecycle"), "CLOSED");
}

#[test]
fn the_statement_has_the_figures_of_open_positions() {
    let server = Server::start("");
    let (caller, native) = (admin(&server), server.admin());
    let profile = native.new_profile();
    let (account, id) = open_with_number(&server, &profile, "Standard", "USD");
    native.deposit(&id, "1000");
    let now = server.advance(0).to_string();
    accept(&native, &[fill(&id, "1", 1, ("BUY", "0.1", "1.1")), quote("1.09", "1.1", &now)]);
    let native_figures = native.get(&format!("/portfolios/{id}")).ok();
    let account = caller.get(&format!("/accounts/{account}")).ok();
    let figure = |name: &str| {
        let text = account.text_at(&format!("statement/{name}"));
        assert_eq!(text.split_once('.').unwrap().1.len(), 18, "{name}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    for (name, native_name) in
        [("equity", "equity"), ("margin", "usedMargin"), ("freeMargin", "freeMargin"), ("pnl", "unrealizedPnl")]
    {
        let digits = native_figures.digits(native_name);
        assert_eq!(figure(name), digits.trim_end_matches('0').trim_end_matches('.'), "{name}");
    }
    assert_eq!(figure("pnl"), "-100");
    assert!(figure("marginLevel").parse::<rust_decimal::Decimal>().unwrap() > rust_decimal::Decimal::ZERO);
    let free = native.get(&format!("/accounts/{id}")).ok().digits("availableBalance");
    assert_eq!(figure("availableBalance"), free.trim_end_matches('0').trim_end_matches('.'));
    // The list says the same.
    assert_eq!(list(&caller, &[])[0], account.json());
}

#[test]
fn writes_of_accounts_are_replayed() {
    let server = Server::start("");
    let caller = admin(&server);
    let client = client_id(&server, &server.admin().new_profile());
    let body = new_account(&server, client, "Standard", &json!({}));
    let twice = |key: &str, method: &str, path: &str, body: &Value| twice(&server, key, method, path, body);
    assert_eq!(twice("a", "POST", "/accounts", &body), 201);
    assert_eq!(twice("b", "PUT", "/accounts/1", &json!({"caption": "x"})), 200);
    assert_eq!(twice("c", "PATCH", "/accounts/1", &json!({"caption": "y"})), 200);
    // The first answer, not that of today.
    let again = caller.key("a").post("/accounts", &body).status_is(201);
    assert_eq!((again.text_at("caption"), again.is_replayed()), ("EUR".into(), true));
    assert_eq!(twice("d", "POST", "/accounts/1/archive", &json!({})), 204);
    caller.key("d").post("/accounts/1/archive", &json!({"other": 1})).refused_as(409, "idempotency_conflict");
}

#[test]
fn a_retry_gets_the_first_answer_whatever_has_changed_since() {
    let server = Server::start("");
    let (caller, native) = (admin(&server), server.admin());
    let (first, second) = (native.new_profile(), native.new_profile());
    let plain = new_account(&server, 1, "Standard", &json!({}));
    let geared = new_account(&server, 1, "Standard", &json!({"leverage": 30}));
    let change = json!({"caption": "C", "clientId": 1, "productCurrencyId": plain["productCurrencyId"]});
    let (open, open_geared) = (
        || caller.key("a").post("/accounts", &plain).status_is(201),
        || caller.key("b").post("/accounts", &geared).status_is(201),
    );
    let rename = || caller.key("c").patch("/accounts/1", &change).ok();
    let answers = [open().text, open_geared().text, rename().text];
    #[track_caller]
    fn again(reply: Reply, first: &str) {
        assert!(reply.is_replayed() && reply.text == first, "{}", reply.text);
    }

    let reference = include_str!("../../packaging/reference.toml");
    let stricter = reference.replace("max_leverage = 30", "max_leverage = 20");
    server.apply_reference(&stricter);
    caller.post("/accounts", &geared).refused_as(400, "validation_failed");
    again(open_geared(), &answers[1]);

    let group = "code = \"live-standard\"\n";
    server.apply_reference(&stricter.replace(group, &format!("{group}enabled = false\n")));
    caller.post("/accounts", &plain).refused_as(400, "validation_failed");
    again(open(), &answers[0]);

    let id = native.get("/accounts?number=1").ok().text_at("accounts/0/id");
    native.post(&format!("/accounts/{id}/owners"), &json!({"profileId": second, "access": "FULL"})).ok();
    native.delete(&format!("/accounts/{id}/owners/{first}")).ok();
    let refused = caller.patch("/accounts/1", &change).refused_as(400, "validation_failed");
    assert_eq!(refused.text_at("message"), "clientId: fixed at creation");
    again(rename(), &answers[2]);
}

#[test]
fn accounts_of_hidden_clients_are_not_found() {
    let server = Server::start("");
    let profile = server.admin().new_profile_with(&json!({"tags": ["vip"]}));
    let (account, _) = open_with_number(&server, &profile, "Standard", "EUR");
    let retail = server.operator("operator", &["retail"]).at(&base(&server));
    let before = server.trace();
    for reply in [
        retail.get(&format!("/accounts/{account}")),
        retail.put(&format!("/accounts/{account}"), &json!({"caption": "x"})),
        retail.patch(&format!("/accounts/{account}"), &json!({"clientId": 99})),
        retail.get(&format!("/accounts/{account}/preferences")),
        retail.get(&format!("/accounts/{account}/balance")),
        retail.put(&format!("/accounts/{account}/balance"), &json!({"amount": 1})),
        retail.post(&format!("/accounts/{account}/archive"), &json!({})),
    ] {
        reply.refused_as(404, "not_found");
    }
    // A number that a hidden account has cannot be used, and the refusal does not say whose it is.
    let own = retail_client(&server);
    let number = "2100000001";
    let more = json!({"alreadyExistingPlatformAccount": true, "accountNumber": number, "leverage": 1});
    let reply = retail.post("/accounts", &new_account(&server, own, "Standard", &more));
    let reply = reply.refused_as(400, "validation_failed");
    assert_eq!(
        (reply.fields(), reply.text_at("message")),
        (vec!["accountNumber".into()], "accountNumber: cannot be used".into())
    );
    assert_ne!(server.trace(), before, "only the client was added");
    server.operator("operator", &["vip"]).at(&base(&server)).get(&format!("/accounts/{account}")).ok();
}

/// A client of the operator with the tag `retail`.
fn retail_client(server: &Server) -> i64 {
    client_id(server, &server.operator("operator", &["retail"]).new_profile())
}
