//! Operators who see only clients with their tags: hidden objects look like missing ones.

use super::harness::{Caller, PASSWORD, Server};
use serde_json::json;

/// A client with this tag and a password, and its account with 10 USD.
fn client(admin: &Caller<'_>, tag: &str) -> (String, String) {
    let profile = admin.new_profile_with(&json!({"tags": [tag], "password": PASSWORD}));
    let account = admin.new_account_of(&profile, "USD");
    admin.deposit(&account, "10");
    (profile, account)
}

#[test]
fn hidden_objects_are_not_found_by_any_route() {
    let server = Server::start("");
    let admin = server.admin();
    let (profile, account) = client(&admin, "vip");
    let empty = admin.new_account_of(&profile, "USD");
    let deposit = admin.ask(&account, "deposits", "1");
    let withdrawal = admin.ask(&account, "withdrawals", "1");
    let hold = admin.ask(&account, "holds", "1");
    let body = json!({"fromAccountId": account, "toAccountId": empty, "amount": "1"});
    let made = admin.post("/transfers", &body).ok();
    let (transfer, deal) = (made.text_at("id"), made.text_at("dealId"));
    admin.post("/transfers", &json!({"fromAccountId": empty, "toAccountId": account, "amount": "1"})).ok();
    let retail = server.operator("operator", &["retail"]);
    server.command(&["operator", "update", "operator-retail", "--grant", "passwords:set"]);
    let group = admin.group("USD", false);
    let before = server.trace();
    let amount = json!({"amount": 1});
    for reply in [
        retail.get(&format!("/profiles/{profile}")),
        retail.put(&format!("/profiles/{profile}"), &json!({"email": "mine@example.com"})),
        retail.put("/profiles/change-password", &json!({"id": profile, "newPassword": PASSWORD})),
        retail.get(&format!("/profiles/{profile}/accounts")),
        retail.post("/accounts", &json!({"profileId": profile, "currency": "USD", "groupId": group})),
        retail.get(&format!("/accounts/{account}")),
        retail.put(&format!("/accounts/{account}"), &json!({"maxLeverage": 5})),
        retail.delete(&format!("/accounts/{empty}")),
        retail.post(&format!("/accounts/{account}/deposit"), &amount),
        retail.post(&format!("/accounts/{account}/withdraw"), &amount),
        retail.post(&format!("/accounts/{account}/balance"), &amount),
        retail.post(&format!("/accounts/{account}/deposits"), &amount),
        retail.get(&format!("/accounts/{account}/deposits")),
        retail.get(&format!("/deposits/{deposit}")),
        retail.step(&format!("/deposits/{deposit}/settle")),
        retail.step(&format!("/deposits/{deposit}/return")),
        retail.post(&format!("/accounts/{account}/withdrawals"), &amount),
        retail.get(&format!("/accounts/{account}/withdrawals")),
        retail.get(&format!("/withdrawals/{withdrawal}")),
        retail.step(&format!("/withdrawals/{withdrawal}/approve")),
        retail.step(&format!("/withdrawals/{withdrawal}/pay")),
        retail.step(&format!("/withdrawals/{withdrawal}/reject")),
        retail.step(&format!("/withdrawals/{withdrawal}/cancel")),
        retail.post(&format!("/accounts/{account}/holds"), &amount),
        retail.get(&format!("/accounts/{account}/holds")),
        retail.get(&format!("/holds/{hold}")),
        retail.step(&format!("/holds/{hold}/capture")),
        retail.step(&format!("/holds/{hold}/release")),
        retail.post("/transfers", &body),
        retail.get(&format!("/transfers/{transfer}")),
        retail.step(&format!("/entries/{deal}/reverse")),
        retail.get(&format!("/accounts/{account}/deals")),
        retail.get(&format!("/accounts/{account}/balance")),
        retail.get(&format!("/accounts/{account}/statement")),
        retail.get(&format!("/accounts/{account}/positions")),
        retail.get(&format!("/accounts/{account}/orders")),
        retail.get(&format!("/accounts/{account}/history/positions")),
        retail.get(&format!("/portfolios/{account}")),
    ] {
        reply.refused("NOT_FOUND");
    }
    assert_eq!(server.trace(), before);
    let vip = server.operator("operator", &["vip", "other"]);
    vip.get(&format!("/profiles/{profile}")).ok();
    vip.post(&format!("/accounts/{account}/deposit"), &amount).ok();
}

#[test]
fn lists_and_their_totals_omit_hidden_objects() {
    let server = Server::start("");
    let admin = server.admin();
    let (vip, vip_account) = client(&admin, "vip");
    let (retail, retail_account) = client(&admin, "retail");
    admin.new_profile();
    let caller = server.operator("operator", &["retail"]);
    let profiles = caller.get("/profiles").ok();
    assert_eq!((profiles.text_at("total"), profiles.text_at("profiles/0/id")), ("1".into(), retail.clone()));
    let accounts = caller.get("/accounts").ok();
    assert_eq!((accounts.text_at("total"), accounts.text_at("accounts/0/id")), ("1".into(), retail_account.clone()));
    let email = admin.get(&format!("/profiles/{vip}")).ok().text_at("email");
    for query in [
        format!("/profiles?email={email}"),
        format!("/accounts?id={vip_account}"),
        format!("/accounts?profileId={vip}"),
    ] {
        assert_eq!(caller.get(&query).ok().text_at("total"), "0", "{query}");
    }
    for account in [&vip_account, &retail_account] {
        admin.ask(account, "withdrawals", "1");
        let other = admin.new_account_of(if account == &vip_account { &vip } else { &retail }, "USD");
        admin.post("/transfers", &json!({"fromAccountId": account, "toAccountId": other, "amount": "1"})).ok();
    }
    for path in ["/deposits", "/withdrawals", "/transfers"] {
        let list = caller.get(path).ok();
        assert_eq!(
            (list.text_at("total"), list.text_at("movements/0/accountId")),
            ("1".into(), retail_account.clone())
        );
        assert_eq!(admin.get(path).ok().text_at("total"), "2");
        caller.get(&format!("{path}?accountId={vip_account}")).refused("NOT_FOUND");
    }
    let both = server.operator("viewer", &["retail", "vip"]);
    assert_eq!(both.get("/profiles").ok().text_at("total"), "2");
    assert_eq!(admin.get("/profiles").ok().text_at("total"), "3");
}

#[test]
fn sessions_of_hidden_clients_can_neither_begin_nor_be_introspected() {
    let server = Server::start("");
    let admin = server.admin();
    let (profile, _) = client(&admin, "vip");
    let email = admin.get(&format!("/profiles/{profile}")).ok().text_at("email");
    let login = json!({"email": email, "password": PASSWORD});
    let token = admin.post("/trade/login", &login).ok().text_at("accessToken");
    let retail = server.operator("service", &["retail"]);
    retail.post("/trade/login", &login).refused("BAD_LOGIN");
    let introspected = retail.post("/trade/introspect", &json!({"token": token})).ok();
    assert_eq!(introspected.text, r#"{"active":false}"#);
    assert_eq!(admin.post("/trade/introspect", &json!({"token": token})).ok().json()["active"], true);
}

#[test]
fn objects_carry_the_tags_of_the_operator_who_created_them() {
    let server = Server::start("");
    let retail = server.operator("operator", &["retail", "north"]);
    let made = retail.post("/profiles", &json!({"email": "a@example.com"})).ok();
    assert_eq!(made.json()["tags"], json!(["north", "retail"]));
    let one = retail.post("/profiles", &json!({"email": "b@example.com", "tags": ["north"]})).ok();
    assert_eq!(one.json()["tags"], json!(["north"]));
    for tags in [json!([]), json!(["vip"]), json!(["north", "vip"])] {
        let reply = retail.post("/profiles", &json!({"email": "c@example.com", "tags": tags}));
        reply.refused("INVALID_FIELD").naming("tags");
    }
    let path = format!("/profiles/{}", one.text_at("id"));
    let moved = retail.put(&path, &json!({"email": "b@example.com", "tags": ["vip"]}));
    moved.refused("INVALID_FIELD").naming("tags");
    retail.put(&path, &json!({"email": "b@example.com", "tags": ["retail"]})).ok();
    server.admin().put(&path, &json!({"email": "b@example.com", "tags": ["vip"]})).ok();
    retail.get(&path).refused("NOT_FOUND");
}

#[test]
fn an_address_or_id_of_a_hidden_client_cannot_be_used_and_is_not_revealed() {
    let server = Server::start("");
    let admin = server.admin();
    let (profile, account) = client(&admin, "vip");
    let email = admin.get(&format!("/profiles/{profile}")).ok().text_at("email");
    let retail = server.operator("operator", &["retail"]);
    let own = retail.new_profile();
    for reply in [
        retail.post("/profiles", &json!({"email": email})).refused("INVALID_FIELD"),
        retail.put(&format!("/profiles/{own}"), &json!({"email": email})).refused("INVALID_FIELD"),
        retail.post("/profiles", &json!({"email": "n@example.com", "id": profile})).refused("INVALID_FIELD"),
        retail
            .post(
                "/accounts",
                &json!({
                    "profileId": own, "currency": "USD", "groupId": admin.group("USD", false), "id": account,
                }),
            )
            .refused("INVALID_FIELD"),
    ] {
        for secret in [&profile, &account, &email, "vip"] {
            assert!(!reply.text.contains(secret), "{}", reply.text);
        }
    }
}

#[test]
fn a_reference_of_a_hidden_client_cannot_be_used_and_is_not_revealed() {
    let server = Server::start("");
    let admin = server.admin();
    let (profile, account) = client(&admin, "vip");
    let empty = admin.new_account_of(&profile, "USD");
    let retail = server.operator("operator", &["retail"]);
    let (own, other) = (retail.new_account("USD"), retail.new_account("USD"));
    retail.deposit(&own, "10");
    let asked = |caller: &Caller<'_>, way: &str, from: &str, to: &str| {
        let mut body = json!({"amount": 1, "reference": "theirs"});
        if way == "/transfers" {
            (body["fromAccountId"], body["toAccountId"]) = (from.into(), to.into());
        }
        caller.post(&way.replace("{id}", from), &body)
    };
    for way in ["/accounts/{id}/deposits", "/accounts/{id}/withdrawals", "/accounts/{id}/holds", "/transfers"] {
        asked(&admin, way, &account, &empty).ok();
        let before = server.trace();
        let reply = asked(&retail, way, &own, &other).refused("INVALID_FIELD").naming("reference");
        assert_eq!(reply.text_at("message"), "reference: cannot be used");
        asked(&admin, way, &own, &other).refused("DUPLICATE_REFERENCE");
        assert_eq!(server.trace(), before);
    }
}

#[test]
fn a_replayed_call_reveals_nothing_that_its_token_does_not_see() {
    let server = Server::start("");
    let admin = server.admin();
    let body = json!({"email": "vip@example.com", "tags": ["vip"]});
    let first = admin.key("k").post("/profiles", &body).ok();
    let narrowed = server.bearer(&server.add_token("dev", &["--tag", "retail"]).1);
    let reply = narrowed.key("k").post("/profiles", &body).refused("IDEMPOTENCY_CONFLICT");
    assert!(!reply.text.contains(&first.text_at("id")), "{}", reply.text);
    let other = server.bearer(&server.add_token("dev", &["--tag", "vip"]).1);
    assert_eq!(other.key("k").post("/profiles", &body).ok().text, first.text);
}

#[test]
fn an_operator_with_tags_leaves_those_of_others_alone() {
    let server = Server::start("");
    let admin = server.admin();
    let body = json!({"email": "both@example.com", "tags": ["retail", "vip"]});
    let profile = admin.post("/profiles", &body).ok().text_at("id");
    let path = format!("/profiles/{profile}");
    let retail = server.operator("operator", &["retail", "north"]);
    let tags = |tags: &[&str]| json!({"email": "both@example.com", "tags": tags});
    let after = |reply: super::harness::Reply| reply.json()["tags"].clone();
    assert_eq!(after(retail.put(&path, &tags(&["north"])).ok()), json!(["north", "vip"]));
    assert_eq!(after(retail.put(&path, &tags(&["north", "retail", "vip"])).ok()), json!(["north", "retail", "vip"]));
    retail.put(&path, &tags(&["north", "gold"])).refused("INVALID_FIELD");
    retail.put(&path, &tags(&["vip"])).refused("INVALID_FIELD");
}

#[test]
fn the_tags_of_a_token_narrow_those_of_its_operator() {
    let server = Server::start("");
    let admin = server.admin();
    let ((vip, _), (retail, _)) = (client(&admin, "vip"), client(&admin, "retail"));
    server.add_operator("both", "operator", &["vip", "retail"]);
    let see = |limits: &[&str]| {
        let caller = server.bearer(&server.add_token("both", limits).1);
        (caller.get(&format!("/profiles/{vip}")).status, caller.get(&format!("/profiles/{retail}")).status)
    };
    assert_eq!(see(&[]), (200, 200));
    assert_eq!(see(&["--tag", "vip"]), (200, 404));
    assert_eq!(see(&["--tag", "north"]), (404, 404));
    let narrowed = server.bearer(&server.add_token("dev", &["--tag", "retail"]).1);
    narrowed.get(&format!("/profiles/{vip}")).refused("NOT_FOUND");
    narrowed.get(&format!("/profiles/{retail}")).ok();
}
