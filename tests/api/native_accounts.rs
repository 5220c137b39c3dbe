//! Opening, changing, archiving and listing accounts.

use super::harness::{Caller, Reply, Server};
use serde_json::{Value, json};

/// An unused id.
const NOBODY: &str = "0198c1f0-0000-7000-8000-000000000000";

#[track_caller]
fn open(caller: &Caller<'_>, fields: &Value) -> Reply {
    let mut body = json!({
        "profileId": caller.new_profile(), "currency": "USD", "groupId": caller.group("USD", false),
    });
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    caller.post("/accounts", &body)
}

#[test]
fn an_account_is_opened_wrapped_and_read_bare() {
    let server = Server::shared();
    let admin = server.admin();
    let reply = open(&admin, &json!({})).ok().shows("account_opened");
    let account = reply.json()["account"].clone();
    assert!(account["number"].as_i64().unwrap() > 0);
    assert_eq!(account["createdAt"], account["updatedAt"]);
    let read = admin.get(&format!("/accounts/{}", account["id"].as_str().unwrap())).ok();
    assert_eq!(read.json(), account);
    assert_eq!((read.header("etag"), reply.header("etag")), (Some("\"1\""), Some("\"1\"")));
}

#[test]
fn every_setting_can_be_chosen_and_64_bit_numbers_come_as_text_or_number() {
    let server = Server::shared();
    let admin = server.admin();
    let chosen = json!({
        "positionMode": "POSITIONING_MODE_HEDGING", "status": 2, "nop": "1234.565", "maxLeverage": "25", "isSb": true,
        "spreadBetting": true, "isDemo": false, "dailyStatement": true, "balance": "0.00",
        "marginCalcTypeOverride": "MARGIN_CALC_TYPE_NET",
    });
    open(&admin, &chosen).ok().shows("account_with_every_setting");
    assert_eq!(open(&admin, &json!({"maxLeverage": 25})).ok().text_at("account/maxLeverage"), "25");
    assert_eq!(
        open(&admin, &json!({"status": "TRADE_STATUS_UNSPECIFIED"})).ok().text_at("account/status"),
        "TRADE_STATUS_FULL"
    );
}

#[test]
fn balances_have_the_decimals_of_their_currency() {
    let server = Server::shared();
    for (currency, zero) in [("USD", "0.00"), ("JPY", "0"), ("KWD", "0.000"), ("BTC", "0.00000000")] {
        let account = server.admin().new_account(currency);
        assert_eq!(server.admin().balance(&account), zero, "{currency}");
    }
}

#[test]
fn an_id_of_the_callers_choice_is_kept_and_used_once() {
    let server = Server::shared();
    let id = json!({"id": "0198c1f2-1111-7000-8000-00000000abcd"});
    assert_eq!(open(&server.admin(), &id).ok().text_at("account/id"), id["id"]);
    open(&server.admin(), &id).refused("DUPLICATE_ID");
}

#[test]
fn a_client_may_hold_several_accounts_in_one_currency_and_group() {
    let server = Server::shared();
    let admin = server.admin();
    let profile = admin.new_profile();
    let (one, two) = (admin.new_account_of(&profile, "USD"), admin.new_account_of(&profile, "USD"));
    assert_ne!(one, two);
    let listed = admin.get(&format!("/accounts?profileId={profile}&currency=USD")).ok();
    assert_eq!(listed.text_at("total"), "2");
    let number = |id: &str| admin.get(&format!("/accounts/{id}")).ok().json()["number"].as_i64().unwrap();
    assert!(number(&one) < number(&two));
}

#[test]
fn a_refused_account_leaves_no_trace() {
    let server = Server::start("");
    let admin = server.admin();
    let (profile, group, wallet) = (admin.new_profile(), admin.group("USD", false), admin.group("BTC", false));
    let good = json!({"profileId": profile, "currency": "USD", "groupId": group});
    let before = server.trace();
    for (change, reason, field) in [
        (json!({"profileId": null}), "INVALID_FIELD", "profileId"),
        (json!({"profileId": "x"}), "INVALID_FIELD", "profileId"),
        (json!({"profileId": NOBODY}), "NOT_FOUND", "profileId"),
        (json!({"groupId": ""}), "INVALID_FIELD", "groupId"),
        (json!({"groupId": NOBODY}), "NOT_FOUND", "groupId"),
        (json!({"currency": ""}), "INVALID_FIELD", "currency"),
        (json!({"currency": "XXQ"}), "UNKNOWN_CURRENCY", "currency"),
        (json!({"currency": "BTC"}), "GROUP_WITHOUT_CURRENCY", "currency"),
        (json!({"currency": "AFN", "groupId": wallet}), "UNKNOWN_CURRENCY", "currency"),
        (json!({"isSb": true, "spreadBetting": false}), "INVALID_FIELD", "spreadBetting"),
        (json!({"isDemo": true}), "INVALID_FIELD", "isDemo"),
        (json!({"balance": 1}), "INVALID_FIELD", "balance"),
        (json!({"maxLeverage": 0}), "OUT_OF_RANGE", "maxLeverage"),
        (json!({"maxLeverage": "10001"}), "OUT_OF_RANGE", "maxLeverage"),
        (json!({"maxLeverage": "18446744073709551616"}), "OUT_OF_RANGE", "maxLeverage"),
        (json!({"maxLeverage": 1.5}), "INVALID_FIELD", "maxLeverage"),
        (json!({"maxLeverage": true}), "INVALID_FIELD", "maxLeverage"),
        (json!({"nop": -1}), "OUT_OF_RANGE", "nop"),
        (json!({"nop": "1000000000000000.01"}), "OUT_OF_RANGE", "nop"),
        (json!({"status": "TRADE_STATUS_OFF"}), "INVALID_FIELD", "status"),
        (json!({"positionMode": 3}), "INVALID_FIELD", "positionMode"),
        (json!({"isSb": "yes"}), "INVALID_FIELD", "isSb"),
    ] {
        let mut body = good.clone();
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        admin.post("/accounts", &body).refused(reason).naming(field);
    }
    assert_eq!(server.trace(), before);
    admin.post("/accounts", &good).ok();
}

#[test]
fn changes_touch_only_what_is_sent_and_raise_the_version() {
    let server = Server::shared();
    let admin = server.admin();
    let id = open(&admin, &json!({"maxLeverage": 20, "nop": 5})).ok().text_at("account/id");
    let path = format!("/accounts/{id}");
    let pro = admin.get("/account-groups?name=Professional&currency=USDT").ok().text_at("groups/0/id");
    let changed = admin.put(&path, &json!({"dailyStatement": true, "maxNop": "10.5", "groupId": pro})).ok();
    let body = changed.json();
    assert_eq!((&body["version"], &body["dailyStatement"]), (&"2".into(), &true.into()));
    assert_eq!((&body["maxLeverage"], &body["groupId"]), (&"20".into(), &pro.clone().into()));
    assert_eq!(changed.digits("nop"), "10.50");
    assert_eq!(changed.header("etag"), Some("\"2\""));
    let again = admin.put(&path, &json!({"groupId": pro, "version": 2})).ok();
    assert_eq!(again.text_at("version"), "2", "nothing changed, so the version stays");
    admin.deposit(&id, "5");
    assert_eq!(admin.get(&path).ok().text_at("version"), "2", "money does not raise the version");
    assert_eq!(admin.put(&path, &json!({"status": "TRADE_STATUS_DISABLED"})).ok().text_at("version"), "3");
}

#[test]
fn an_old_version_is_refused() {
    let server = Server::shared();
    let admin = server.admin();
    let path = format!("/accounts/{}", admin.new_account("USD"));
    admin.put(&path, &json!({"maxLeverage": 10, "version": "1"})).ok();
    admin.put(&path, &json!({"maxLeverage": 11, "version": "1"})).refused("VERSION_MISMATCH");
    admin.with("If-Match", "\"1\"").put(&path, &json!({"maxLeverage": 11})).refused("VERSION_MISMATCH");
    admin.with("If-Match", "\"2\"").put(&path, &json!({"maxLeverage": 11, "version": 1})).refused("INVALID_FIELD");
    assert_eq!(admin.get(&path).ok().text_at("maxLeverage"), "10");
    admin.with("If-Match", "\"2\"").put(&path, &json!({"maxLeverage": 11})).ok();
}

#[test]
fn fields_fixed_at_creation_cannot_change() {
    let server = Server::start("");
    let admin = server.admin();
    let account = open(&admin, &json!({})).ok().json()["account"].clone();
    let path = format!("/accounts/{}", account["id"].as_str().unwrap());
    let before = server.trace();
    for (field, value) in [
        ("id", Value::from(NOBODY)),
        ("currency", "EUR".into()),
        ("isSb", true.into()),
        ("spreadBetting", true.into()),
        ("profileId", NOBODY.into()),
        ("positionMode", "POSITIONING_MODE_NETTING".into()),
        ("isDemo", true.into()),
        ("marginCalcTypeOverride", "MARGIN_CALC_TYPE_MAX".into()),
    ] {
        admin.put(&path, &json!({field: value, "maxLeverage": 3})).refused("IMMUTABLE_FIELD").naming(field);
    }
    assert_eq!(server.trace(), before);
    let empty = json!({"currency": "", "profileId": "", "id": "", "groupId": ""});
    assert_eq!(admin.put(&path, &empty).ok().text_at("version"), "1", "an empty text must count as omitted");
    let mut same = json!({"maxLeverage": 3, "marginCalcTypeOverride": "MARGIN_CALC_TYPE_SUM"});
    for field in ["id", "currency", "isSb", "spreadBetting", "profileId", "positionMode", "isDemo"] {
        same[field] = account[field].clone();
    }
    assert_eq!(admin.put(&path, &same).ok().text_at("maxLeverage"), "3");
}

#[test]
fn refused_changes_leave_no_trace() {
    let server = Server::start("");
    let admin = server.admin();
    let account = admin.new_account("EUR");
    let path = format!("/accounts/{account}");
    let demo = admin.group("EUR", true);
    let tether = admin.get("/account-groups?name=Wallet&currency=BTC").ok().text_at("groups/0/id");
    let chf_less = admin.get("/account-groups?name=Swap-free").ok().text_at("groups/0/id");
    let franc = admin.new_account("CHF");
    let before = server.trace();
    admin.put(&path, &json!({"groupId": demo})).refused("GROUP_MODE_DIFFERS");
    admin.put(&path, &json!({"groupId": NOBODY})).refused("NOT_FOUND");
    admin.put(&format!("/accounts/{franc}"), &json!({"groupId": chf_less})).refused("GROUP_WITHOUT_CURRENCY");
    admin.put(&path, &json!({"maxLeverage": 0})).refused("OUT_OF_RANGE");
    admin.put(&path, &json!({"maxNop": -1})).refused("OUT_OF_RANGE");
    admin.put(&path, &json!({"maxNop": 1, "nop": 2})).refused("INVALID_FIELD");
    admin.put(&format!("/accounts/{NOBODY}"), &json!({"maxLeverage": 2})).refused("NOT_FOUND");
    assert_eq!(server.trace(), before);
    admin.put(&path, &json!({"groupId": tether})).ok();
}

#[test]
fn archiving_needs_a_balance_of_zero_and_is_final() {
    let server = Server::start("");
    let admin = server.admin();
    let profile = admin.new_profile();
    let account = admin.new_account_of(&profile, "USD");
    let path = format!("/accounts/{account}");
    admin.deposit(&account, "0.01");
    let before = server.trace();
    admin.delete(&path).refused("BALANCE_NOT_ZERO");
    admin.delete(&format!("/accounts/{NOBODY}")).refused("NOT_FOUND");
    assert_eq!(server.trace(), before);
    admin.post(&format!("{path}/withdraw"), &json!({"amount": "0.01"})).ok();
    admin.with("If-Match", "\"9\"").delete(&path).refused("VERSION_MISMATCH");
    assert_eq!(admin.delete(&path).ok().text, "{}");
    let after = server.trace();
    assert_eq!(admin.delete(&path).ok().text, "{}", "a second time changes nothing");
    assert_eq!(server.trace(), after);
    assert!(admin.get(&path).ok().json()["archivedAt"].is_string());
    admin.put(&path, &json!({"maxLeverage": 5})).refused("ACCOUNT_ARCHIVED");
    for way in ["deposit", "withdraw", "balance"] {
        admin.post(&format!("{path}/{way}"), &json!({"amount": 1})).refused("ACCOUNT_ARCHIVED");
    }
    assert_eq!(admin.deals(&account).len(), 2, "deals stay readable");
    assert_eq!(admin.get(&format!("/accounts?profileId={profile}")).ok().text_at("total"), "0");
    assert_eq!(admin.get(&format!("/accounts?profileId={profile}&archived=true")).ok().text_at("total"), "1");
    assert_eq!(admin.get(&format!("/profiles/{profile}/accounts")).ok().text, r#"{"accounts":[],"next":null}"#);
}

#[test]
fn lists_are_filtered_and_paged() {
    let server = Server::start("");
    let admin = server.admin();
    let profile = admin.new_profile();
    let usd: Vec<String> = (0..3).map(|_| admin.new_account_of(&profile, "USD")).collect();
    let eur = admin.new_account("EUR");
    admin.put(&format!("/accounts/{}", usd[1]), &json!({"status": "TRADE_STATUS_LONG_ONLY"})).ok();
    let ids = |query: &str| -> Vec<String> {
        let body = admin.get(&format!("/accounts?{query}")).ok().json();
        let rows = body["accounts"].as_array().unwrap();
        rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    let all = [usd.clone(), vec![eur.clone()]].concat();
    assert_eq!(ids(""), all);
    assert_eq!(ids("status=0"), all);
    assert_eq!(ids(&format!("id={eur}&id={}", usd[2])), [usd[2].clone(), eur.clone()]);
    assert_eq!(ids("currency=EUR"), [eur.as_str()]);
    assert_eq!(ids(&format!("profileId={profile}")), usd);
    assert_eq!(ids("status=TRADE_STATUS_LONG_ONLY"), [usd[1].clone()]);
    assert_eq!(ids("status=4"), [usd[1].clone()]);
    assert_eq!(ids(&format!("groupId={}", admin.group("USD", false))), all);
    assert_eq!(ids(&format!("groupId={}", admin.group("USD", true))), Vec::<String>::new());
    assert_eq!(ids("perPage=3&page=2"), [eur]);
    assert_eq!(ids(&format!("profileId={NOBODY}")), Vec::<String>::new());
    let page = admin.get("/accounts?perPage=3&page=2").ok().json();
    assert_eq!((&page["page"], &page["perPage"], &page["total"]), (&"2".into(), &"3".into(), &"4".into()));
    for query in ["id=1", "status=5", "archived=yes", "profileId=1", "groupId=1", "currency=%00"] {
        admin.get(&format!("/accounts?{query}")).refused("INVALID_FIELD");
    }
}

#[test]
fn demo_and_live_follow_from_the_group() {
    let server = Server::shared();
    let admin = server.admin();
    let group = admin.group("USD", true);
    let demo = open(&admin, &json!({"groupId": group})).ok().json();
    assert_eq!(demo["account"]["isDemo"], true);
    open(&admin, &json!({"groupId": group, "isDemo": true})).ok();
    open(&admin, &json!({"groupId": group, "isDemo": false})).refused("INVALID_FIELD");
}
