//! Accounts of clients at other banks: added, verified by two deposits, changed, archived, erased.

use super::harness::{Caller, Server, unique};
use serde_json::{Value, json};

const NUMBER: &str = "000987654321";

/// Adds an external account of a person at the bank for tests; returns its id.
#[track_caller]
pub(crate) fn add(caller: &Caller<'_>, profile: &str, fields: &Value) -> String {
    let mut body = json!({
        "kind": "CHECKING", "routingNumber": "123456789", "number": NUMBER, "firstName": "Jane", "lastName": "Doe"
    });
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    caller.post(&format!("/profiles/{profile}/external-accounts"), &body).ok().text_at("id")
}

/// A verified one; returns its id.
#[track_caller]
pub(crate) fn add_verified(caller: &Caller<'_>, profile: &str) -> String {
    add(caller, profile, &json!({"verified": true}))
}

/// The body of a verification.
fn told(amounts: [&str; 2]) -> Value {
    json!({"firstAmount": amounts[0], "secondAmount": amounts[1]})
}

#[test]
fn an_external_account_is_masked_and_verified_by_two_deposits() {
    let server = Server::shared();
    let admin = server.admin();
    let (profile, reference) = (admin.new_profile(), unique("tag"));
    let fields = json!({"nickname": "Salary", "reference": reference, "customFields": {"desk": "zrh"}});
    let id = add(&admin, &profile, &fields);
    let path = format!("/external-accounts/{id}");
    let shown = admin.get(&path).ok().json();
    for (member, value) in [
        ("profileId", json!(profile)),
        ("kind", json!("CHECKING")),
        ("routingNumberMasked", json!("*****6789")),
        ("numberMasked", json!("********4321")),
        ("bank", json!("COREPRO SANDBOX BANK")),
        ("firstName", json!("Jane")),
        ("company", json!("")),
        ("nickname", json!("Salary")),
        ("reference", json!(reference)),
        ("customFields", json!({"desk": "zrh"})),
        ("status", json!("UNVERIFIED")),
        ("tries", json!(0)),
    ] {
        assert_eq!(shown[member], value, "{member}");
    }
    let listed = admin.get(&format!("/external-accounts?profileId={profile}")).ok().json();
    assert_eq!(listed["externalAccounts"], json!([shown]));
    let none = admin.get(&format!("/external-accounts?profileId={profile}&status=VERIFIED")).ok().json();
    assert_eq!(none["externalAccounts"], json!([]));
    let details = admin.get(&format!("{path}/payment-details")).ok();
    assert_eq!((details.text_at("routingNumber"), details.text_at("fullNumber")), ("123456789".into(), NUMBER.into()));
    assert_eq!(
        (details.text_at("holder"), details.json()["amounts"].clone()),
        ("Jane Doe".into(), json!([0.18, 0.28]))
    );
    server.viewer().get(&path).ok();
    server.viewer().get(&format!("{path}/payment-details")).refused("RIGHT_MISSING");
    admin.post(&format!("{path}/verify"), &told(["0.28", "0.18"])).ok();
    assert_eq!(admin.get(&path).ok().text_at("status"), "VERIFIED");
    assert_eq!(admin.get(&format!("{path}/payment-details")).ok().json()["amounts"], Value::Null);
    admin.post(&format!("{path}/verify"), &told(["0.28", "0.18"])).refused("EXTERNAL_ACCOUNT_STATE");
}

#[test]
fn three_wrong_tries_lock_it_and_a_repeated_call_is_no_try() {
    let server = Server::start("");
    let admin = server.admin();
    let profile = admin.new_profile();
    let id = add(&admin, &profile, &json!({}));
    let path = format!("/external-accounts/{id}");
    let keyed = admin.key("try-1");
    let first = keyed.post(&format!("{path}/verify"), &told(["0.18", "0.27"])).refused("AMOUNTS_WRONG");
    assert!(first.text_at("message").ends_with("tries left: 2"), "{}", first.text);
    keyed.post(&format!("{path}/verify"), &told(["0.18", "0.27"])).refused("AMOUNTS_WRONG");
    assert_eq!(admin.get(&path).ok().json()["tries"], 1);
    let before = server.trace();
    admin.post(&format!("{path}/verify"), &told(["0.18", "1.00"])).refused("OUT_OF_RANGE").naming("secondAmount");
    admin.post(&format!("{path}/verify"), &told(["0", "0.28"])).refused("OUT_OF_RANGE").naming("firstAmount");
    assert_eq!(server.trace(), before, "what is no amount is no try");
    admin.post(&format!("{path}/verify"), &told(["0.18", "0.18"])).refused("AMOUNTS_WRONG");
    admin.post(&format!("{path}/verify"), &told(["0.01", "0.02"])).refused("AMOUNTS_WRONG");
    assert_eq!(admin.get(&path).ok().text_at("status"), "VERIFY_LOCKED");
    admin.post(&format!("{path}/verify"), &told(["0.18", "0.28"])).refused("EXTERNAL_ACCOUNT_STATE");
    let events = admin.get("/events?types=external_account.*").ok().json();
    let seen: Vec<(String, String)> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            (text(&event["type"]), text(&event["data"]["status"]))
        })
        .collect();
    let expected = [
        ("external_account.added", "UNVERIFIED"),
        ("external_account.changed", "UNVERIFIED"),
        ("external_account.changed", "UNVERIFIED"),
        ("external_account.changed", "VERIFY_LOCKED"),
    ];
    assert_eq!(seen, expected.map(|(kind, status)| (kind.to_owned(), status.to_owned())));
}

#[test]
fn amounts_of_other_banks_are_drawn() {
    let server = Server::shared();
    let admin = server.admin();
    let amounts: Vec<Value> = (0..4)
        .map(|_| {
            let id = add(&admin, &admin.new_profile(), &json!({"routingNumber": "021000021"}));
            admin.get(&format!("/external-accounts/{id}/payment-details")).ok().json()["amounts"].clone()
        })
        .collect();
    assert!(amounts.iter().any(|drawn| *drawn != amounts[0]), "{amounts:?}");
    assert!(amounts.iter().all(|drawn| drawn[0] != drawn[1]), "{amounts:?}");
}

#[test]
fn refused_external_accounts_leave_no_trace() {
    let server = Server::start("[program]\nmax_external_accounts = 2\n");
    let admin = server.admin();
    let (profile, archived) = (admin.new_profile(), admin.new_profile());
    admin.post(&format!("/profiles/{archived}/archive"), &json!({})).ok();
    add(&admin, &profile, &json!({"reference": "taken"}));
    let path = format!("/profiles/{profile}/external-accounts");
    let whole = json!({
        "kind": "SAVINGS", "routingNumber": "021000021", "number": "12345678", "company": "ACME"
    });
    let with = |member: &str, value: Value| {
        let mut body = whole.clone();
        body[member] = value;
        body
    };
    let before = server.trace();
    for (body, reason, field) in [
        (with("kind", json!("LOAN")), "INVALID_FIELD", "kind"),
        (with("kind", Value::Null), "INVALID_FIELD", "kind"),
        (with("routingNumber", json!("02100002")), "INVALID_FIELD", "routingNumber"),
        (with("routingNumber", json!("")), "INVALID_FIELD", "routingNumber"),
        (with("number", json!("123456789012345678")), "INVALID_FIELD", "number"),
        (with("number", json!("12 34")), "INVALID_FIELD", "number"),
        (with("company", json!("")), "INVALID_FIELD", "firstName"),
        (with("firstName", json!("Jane")), "INVALID_FIELD", "company"),
        (with("reference", json!("taken")), "DUPLICATE_REFERENCE", "reference"),
        (with("nickname", json!("x".repeat(51))), "OUT_OF_RANGE", "nickname"),
    ] {
        admin.post(&path, &body).refused(reason).naming(field);
    }
    admin.post(&format!("/profiles/{archived}/external-accounts"), &whole).refused("PROFILE_ARCHIVED");
    server.viewer().post(&path, &whole).refused("RIGHT_MISSING");
    server.operator("operator", &[]).post(&path, &with("verified", json!(true))).refused("RIGHT_MISSING");
    server.operator("operator", &["other"]).post(&path, &whole).refused("NOT_FOUND");
    assert_eq!(server.trace(), before);
    let second = admin.post(&path, &whole).ok().text_at("id");
    admin.post(&path, &whole).refused("TOO_MANY");
    let gone = admin.post(&format!("/external-accounts/{second}/archive"), &json!({})).ok();
    assert_eq!(gone.text_at("status"), "ARCHIVED");
    admin.post(&path, &whole).ok();
    let before = server.trace();
    let change = json!({"nickname": "late"});
    admin.put(&format!("/external-accounts/{second}"), &change).refused("EXTERNAL_ACCOUNT_STATE");
    assert_eq!(server.trace(), before);
}

#[test]
fn labels_change_one_by_one_and_calls_are_replayed() {
    let server = Server::shared();
    let admin = server.admin();
    let profile = admin.new_profile();
    let keyed = admin.key(&unique("key"));
    let id = add(&keyed, &profile, &json!({"customFields": {"a": "1", "b": "2"}}));
    assert_eq!(add(&keyed, &profile, &json!({"customFields": {"a": "1", "b": "2"}})), id);
    let path = format!("/external-accounts/{id}");
    let changed = admin.put(&path, &json!({"nickname": "Rent", "customFields": {"a": null, "c": "3"}})).ok().json();
    assert_eq!((&changed["nickname"], &changed["customFields"]), (&json!("Rent"), &json!({"b": "2", "c": "3"})));
    let same = admin.put(&path, &json!({})).ok().json();
    assert_eq!(same, changed, "nothing changed");
    let other = server.operator("operator", &["other"]);
    other.get(&path).refused("NOT_FOUND");
    other.put(&path, &json!({})).refused("NOT_FOUND");
    other.get(&format!("{path}/payment-details")).refused("NOT_FOUND");
    other.post(&format!("{path}/archive"), &json!({})).refused("NOT_FOUND");
    other.post(&format!("{path}/verify"), &told(["0.18", "0.28"])).refused("NOT_FOUND");
    let hidden = other.get("/external-accounts").ok().json();
    assert_eq!(hidden["externalAccounts"], json!([]));
}

#[test]
fn numbers_stay_out_of_events_logs_and_what_is_left_of_an_erased_client() {
    let server = Server::start("");
    let admin = server.admin();
    let profile = admin.new_profile();
    let secret = "77001122334455";
    let fields = json!({"number": secret, "routingNumber": "021000021", "nickname": "Zanzibar"});
    let id = add(&admin, &profile, &fields);
    for path in ["/events?limit=1000", "/audit-log?limit=1000", "/external-accounts"] {
        let text = admin.get(path).ok().text;
        assert!(!text.contains(secret) && !text.contains("021000021"), "{path}: {text}");
    }
    assert_eq!(server.logged(secret), 0);
    admin.post(&format!("/profiles/{profile}/archive"), &json!({})).ok();
    admin.post(&format!("/profiles/{profile}/erase"), &json!({})).ok();
    let shown = admin.get(&format!("/external-accounts/{id}")).ok().json();
    for (member, value) in [("numberMasked", ""), ("firstName", ""), ("nickname", ""), ("status", "ARCHIVED")] {
        assert_eq!(shown[member], value, "{member}");
    }
    server.trace();
    drop(admin);
    let database = server.data_dir().join("bursar.db");
    let mut server = server;
    server.stop();
    let bytes = std::fs::read(database).unwrap();
    for erased in [secret, "Zanzibar"] {
        let is_there = bytes.windows(erased.len()).any(|window| window == erased.as_bytes());
        assert!(!is_there, "{erased} is still in the file");
    }
}
