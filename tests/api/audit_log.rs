//! `GET /audit-log`: filters, pages, CSV, and who may see what.

use super::harness::{Caller, PASSWORD, Server};
use serde_json::{Value, json};

/// The rows that a query selects, newest first.
fn rows(caller: &Caller<'_>, query: &str) -> Vec<Value> {
    caller.get(&format!("/audit-log?limit=1000&{query}")).ok().json()["rows"].as_array().unwrap().clone()
}

fn column(rows: &[Value], name: &str) -> Vec<String> {
    rows.iter().map(|row| row[name].as_str().unwrap_or("-").to_owned()).collect()
}

#[test]
fn every_action_is_found_by_each_filter() {
    let server = Server::start("");
    let admin = server.admin();
    let ada = server.operator("operator", &[]);
    let auditor = server.operator("auditor", &[]);
    let (profile, other) = (ada.new_profile(), admin.new_profile());
    let (from, to) = (ada.new_account_of(&profile, "USD"), admin.new_account_of(&other, "USD"));
    let before = auditor.get("/audit-log?limit=1").ok().text_at("rows/0/recordedAt");
    server.advance(60);
    let deposited = ada.post(&format!("/accounts/{from}/deposit"), &json!({"amount": "5"}));
    let deal = deposited.text_at("dealId");
    let request = deposited.header("x-request-id").unwrap().to_owned();
    let made = admin.post("/transfers", &json!({"fromAccountId": from, "toAccountId": to, "amount": "2"})).ok();
    server.anyone().post("/user/login", &json!({"username": "nobody", "password": PASSWORD})).refused("BAD_LOGIN");

    let found = rows(&auditor, &format!("requestId={request}"));
    assert_eq!(found.len(), 1);
    let row = &found[0];
    let name = row["actor"]["name"].as_str().unwrap();
    assert!(name.starts_with("operator"), "{row}");
    for (member, expected) in [
        ("action", "funds.post"),
        ("objectKind", "ENTRY"),
        ("objectId", deal.as_str()),
        ("profileId", profile.as_str()),
        ("requestId", request.as_str()),
        ("address", "127.0.0.1"),
    ] {
        assert_eq!(row[member], expected, "{member}");
    }
    assert_eq!((&row["dealIds"], &row["machineUser"], &row["attempts"]), (&json!([deal]), &Value::Null, &Value::Null));
    let event = row["firstEvent"].as_str().unwrap().parse::<i64>().unwrap() - 1;
    let events = admin.get(&format!("/events?after={event}&limit=1")).ok();
    assert_eq!(
        (events.text_at("events/0/objectId"), events.text_at("events/0/recordedAt")),
        (deal.clone(), row["recordedAt"].as_str().unwrap().to_owned())
    );

    let all = rows(&auditor, "");
    let is_of = |test: &dyn Fn(&Value) -> bool| all.iter().filter(|row| test(row)).cloned().collect::<Vec<_>>();
    let (actor, token) = (row["actor"]["id"].as_str().unwrap(), row["tokenId"].as_str().unwrap());
    let machine = column(&all, "machineUser").into_iter().find(|user| user != "-").unwrap();
    for (query, expected) in [
        (format!("actorId={actor}"), is_of(&|row| row["actor"]["id"] == actor)),
        (format!("tokenId={token}"), is_of(&|row| row["tokenId"] == token)),
        ("action=account.open".into(), is_of(&|row| row["action"] == "account.open")),
        ("action=operator.*".into(), is_of(&|row| row["action"].as_str().unwrap().starts_with("operator."))),
        (format!("objectId={from}"), is_of(&|row| row["objectId"] == from.as_str())),
        (format!("machineUser={}", machine.replace(' ', "%20")), is_of(&|row| row["machineUser"] == machine.as_str())),
        ("address=127.0.0.1".into(), is_of(&|row| row["address"] == "127.0.0.1")),
        (format!("to={before}"), is_of(&|row| row["recordedAt"].as_str().unwrap() < before.as_str())),
        (format!("from={before}"), is_of(&|row| row["recordedAt"].as_str().unwrap() >= before.as_str())),
        (format!("actorId={actor}&action=funds.post"), vec![row.clone()]),
    ] {
        assert!(!expected.is_empty(), "{query} selects nothing");
        assert_eq!(rows(&auditor, &query), expected, "{query}");
    }
    // The receiver of a transfer is concerned, although the row is about the payer.
    let received = rows(&auditor, &format!("profileId={other}&action=transfer"));
    assert_eq!(
        (column(&received, "objectId"), &received[0]["profileId"]),
        (vec![made.text_at("dealId")], &profile.into())
    );
    for nothing in ["address=10.9.9.9", "action=no.such", &format!("objectId={request}")] {
        assert_eq!(rows(&auditor, nothing), [Value::Null; 0], "{nothing}");
    }
    let failed = rows(&auditor, "action=login.failed");
    assert_eq!((failed.len(), &failed[0]["attempts"]), (1, &json!(1)));
    assert_eq!(failed[0]["nameHash"].as_str().unwrap().len(), 32);
}

#[test]
fn pages_and_the_table_show_the_same_rows() {
    let server = Server::start("");
    let admin = server.admin();
    let account = admin.new_account("USD");
    for _ in 0..5 {
        admin.deposit(&account, "1");
    }
    let all = column(&rows(&admin, ""), "id");
    let (mut paged, mut after) = (Vec::new(), String::new());
    loop {
        let page = admin.get(&format!("/audit-log?limit=2{after}")).ok().json();
        paged.extend(column(page["rows"].as_array().unwrap(), "id"));
        let Some(next) = page["next"].as_str() else { break };
        // A row that is added in the meantime does not shift the others.
        admin.deposit(&account, "1");
        after = format!("&after={next}");
    }
    assert_eq!(paged, all);
    let filtered = admin.get("/audit-log?limit=2&action=funds.post").ok().text_at("next");
    admin.get(&format!("/audit-log?limit=2&action=login&after={filtered}")).refused("INVALID_FIELD").naming("after");
    admin.get("/audit-log?action=No!").refused("INVALID_FIELD").naming("action");
    admin.get("/audit-log?address=home").refused("INVALID_FIELD").naming("address");
    admin.get("/audit-log?from=2030-01-02T00:00:00Z&to=2030-01-01T00:00:00Z").refused("INVALID_FIELD").naming("from");
    admin.get("/audit-log?format=csv&limit=2").refused("INVALID_FIELD").naming("limit");

    let listed = rows(&admin, "");
    let table = admin.get("/audit-log?format=csv");
    assert!(table.header("content-disposition").unwrap().contains("audit-log.csv"));
    let lines: Vec<_> = table.text.lines().collect();
    assert_eq!(lines[0].split(',').next(), Some("id"));
    let ids: Vec<_> = lines[1..].iter().map(|line| line.split(',').next().unwrap().to_owned()).collect();
    assert_eq!(ids, column(&listed, "id"));
    let posted = lines[1..].iter().find(|line| line.contains("funds.post")).unwrap();
    assert!(posted.contains(listed[0]["dealIds"][0].as_str().unwrap()), "{posted}");
}

#[test]
fn administrators_and_auditors_read_the_log_and_others_do_not() {
    let server = Server::start("");
    for role in ["operator", "service", "viewer"] {
        server.operator(role, &[]).get("/audit-log").refused("RIGHT_MISSING");
    }
    server.anyone().get("/audit-log").refused("TOKEN_MISSING");
    server.operator("auditor", &[]).get("/audit-log").ok();
    let name = server.banner["username"].as_str().unwrap();
    let (_, token) = server.add_token(name, &["--scope", "events:read"]);
    server.bearer(&token).get("/audit-log").refused("RIGHT_MISSING");
    let (_, token) = server.add_token(name, &["--scope", "audit:read"]);
    server.bearer(&token).get("/audit-log").ok();
}

#[test]
fn tags_limit_the_rows() {
    let server = Server::start("");
    let admin = server.admin();
    let client = |tag: &str| {
        let profile = admin.new_profile_with(&json!({"tags": [tag], "password": PASSWORD}));
        let account = admin.new_account_of(&profile, "USD");
        admin.deposit(&account, "10");
        (profile, account)
    };
    let ((a, from), (b, to)) = (client("a"), client("b"));
    admin.post("/transfers", &json!({"fromAccountId": from, "toAccountId": to, "amount": "2"})).ok();
    admin.post(&format!("/accounts/{to}/deposit?dryRun=true"), &json!({"amount": "5"})).ok();
    let email = admin.get(&format!("/profiles/{b}")).ok().text_at("email");
    admin.post("/trade/login", &json!({"email": email, "password": "wrong password"})).refused("BAD_LOGIN");
    let auditor = server.operator("auditor", &["a"]);
    let seen = auditor.get("/audit-log?limit=1000").ok().json()["rows"].as_array().unwrap().clone();
    let text = serde_json::to_string(&seen).unwrap();
    for hidden in [&b, &to] {
        assert!(!text.contains(hidden.as_str()), "{hidden} shows in {text}");
    }
    assert!(text.contains(&a) && text.contains(&from) && column(&seen, "action").contains(&"transfer".to_owned()));
    assert!(column(&seen, "action").contains(&"token.create".to_owned()), "rows about no client are for all");
    assert!(seen.iter().all(|row| row["profileId"] == a.as_str() || row["profileId"].is_null()));
    assert_eq!(rows(&auditor, "action=login.failed"), [Value::Null; 0]);
    assert_eq!(rows(&auditor, "action=funds.post.rehearse"), [Value::Null; 0], "whose it was is not known");
    // The filter does not tell that the payment went to a hidden client.
    assert_eq!(rows(&auditor, &format!("profileId={b}")), [Value::Null; 0]);
    assert_eq!(rows(&server.operator("auditor", &[]), "action=login.failed").len(), 1);
}

/// The changes of the newest row of an action: kind, field, old and new value.
fn changes(caller: &Caller<'_>, action: &str) -> Vec<[String; 4]> {
    let row = rows(caller, &format!("action={action}")).swap_remove(0);
    let value = |change: &Value, name: &str| change[name].as_str().unwrap_or("-").to_owned();
    let members = ["objectKind", "field", "oldValue", "newValue"];
    row["changes"].as_array().unwrap().iter().map(|change| members.map(|name| value(change, name))).collect()
}

#[test]
fn old_and_new_values_are_shown_and_personal_data_only_as_hashes() {
    let server = Server::start("");
    let admin = server.admin();
    let own = |fields: [&str; 4]| fields.map(str::to_owned);
    let profile = admin.new_profile_with(&json!({"email": "jane@example.com", "tags": ["a"]}));
    let replaced = json!({"email": "jane@example.com", "lastName": "Roe", "tags": ["b"]});
    admin.put(&format!("/profiles/{profile}"), &replaced).ok();
    let found = changes(&admin, "profile.replace");
    for expected in [own(["CLIENT", "tag", "a", "-"]), own(["CLIENT", "tag", "-", "b"])] {
        assert!(found.contains(&expected), "{found:?}");
    }
    let name = found.iter().find(|change| change[1] == "last_name").unwrap();
    assert_eq!((&name[3][..7], name[3].len()), ("sha256:", 71));
    assert!(!format!("{found:?}").contains("Roe"));

    server.add_operator("ada", "operator", &[]);
    server.command(&["operator", "update", "ada", "--grant", "passwords:set"]);
    let granted = own(["OPERATOR", "rights", "-", "[\"passwords:set\"]"]);
    assert_eq!(changes(&admin, "operator.update"), [granted]);
    server.set_rules("requires_approval = true");
    assert!(changes(&admin, "reference.apply").contains(&own(["ACCOUNT_GROUP", "requires_approval", "0", "1"])));

    let account = admin.new_account_of(&profile, "USD");
    let heir = admin.new_profile_with(&json!({"tags": ["c"]}));
    admin.post(&format!("/accounts/{account}/owners"), &json!({"profileId": heir, "access": "READ"})).ok();
    let owner = own(["ACCOUNT", &format!("owner.{heir}"), "-", "2, read"]);
    assert_eq!(changes(&admin, "account.add_owner"), [owner]);
    let table = admin.get("/audit-log?format=csv&action=account.add_owner").text;
    assert!(table.contains(&format!("ACCOUNT owner.{heir}: - > ")), "{table}");
    // Who sees the account, but not the new owner, is not told of it.
    let auditor = server.operator("auditor", &["b"]);
    assert!(changes(&auditor, "account.add_owner").is_empty());
    assert!(changes(&auditor, "profile.replace").contains(&own(["CLIENT", "tag", "-", "b"])));
}
