//! Account groups of Upvest, and their cash.

use super::harness::Server;
use super::upvest::{Investor, client, new_user, with_scopes};
use serde_json::{Value, json};

#[test]
fn an_account_group_is_created_listed_and_closed() {
    let server = Server::start("");
    let api = client(&server);
    let user = api.made("/users", &new_user());
    let body = json!({"user_id": user, "type": "LEGAL_ENTITY"});
    let made = api.key("k").post("/account_groups", &body).ok();
    let group = made.json();
    assert_eq!(group.as_object().unwrap().len(), 7, "{group}");
    let expected = (&json!("LEGAL_ENTITY"), &json!("ACTIVE"), &json!([{"id": user, "type": "OWNER"}]));
    assert_eq!((&group["type"], &group["status"], &group["users"]), expected);
    let number = made.text_at("securities_account_number");
    assert!(number.len() == 9 && number.bytes().all(|digit| digit.is_ascii_digit()), "{number}");
    let id = made.text_at("id");
    assert!(api.key("k").post("/account_groups", &body).ok().is_replayed());
    let second = api.key("l").post("/account_groups", &json!({"user_id": user, "type": "PERSONAL"})).ok();
    assert_ne!(second.text_at("securities_account_number"), number);

    assert_eq!(api.get(&format!("/account_groups/{id}")).ok().json(), group);
    for list in [format!("/users/{user}/account_groups"), "/account_groups".to_owned()] {
        let listed = api.get(&format!("{list}?sort=updated_at&order=DESC&limit=1")).ok().json();
        assert_eq!((&listed["meta"]["total_count"], &listed["meta"]["count"]), (&json!(2), &json!(1)), "{list}");
        assert_eq!(listed["data"][0]["id"], second.text_at("id"), "{list}");
    }
    api.delete(&format!("/account_groups/{id}")).accepted();
    assert_eq!(api.get(&format!("/account_groups/{id}")).ok().text_at("status"), "CLOSED");
    let before = server.trace();
    api.delete(&format!("/account_groups/{id}")).problem(409, "conflict");
    let opening = json!({"user_id": user, "account_group_id": id, "type": "TRADING"});
    api.key("m").post("/accounts", &opening).problem(409, "conflict");
    for (body, status, slug) in [
        (json!({"user_id": user}), 400, "bad_request"),
        (json!({"user_id": user, "type": "personal"}), 400, "bad_request"),
        (json!({"user_id": "5", "type": "PERSONAL"}), 400, "bad_request"),
        (json!({"user_id": "0198c1f0-0000-7000-8000-000000000000", "type": "PERSONAL"}), 404, "not_found"),
    ] {
        api.key("n").post("/account_groups", &body).problem(status, slug);
    }
    api.get("/account_groups/0198c1f0-0000-7000-8000-000000000000").problem(404, "not_found");
    api.post("/account_groups", &json!({"user_id": user, "type": "PERSONAL"})).problem(400, "missing_idempotency_key");
    assert_eq!(server.trace(), before);
}

#[test]
fn the_cash_of_a_group_is_the_sum_over_its_accounts() {
    let server = Server::start("");
    let investor = Investor::new(&server);
    let (api, native) = (&investor.api, server.admin());
    let opening = json!({"user_id": investor.user, "account_group_id": investor.group, "type": "PORTFOLIO"});
    let second = api.made("/accounts", &opening);
    native.deposit(&investor.account, "100.50");
    native.deposit(&second, "20");
    native.ask(&second, "holds", "5");
    native.ask(&second, "deposits", "7");
    let path = format!("{}/payments/cash_balance", investor.group_path());
    let cash = with_scopes(&server, "positions:read").get(&path).ok().json();
    let expected: Value = json!({
        "account_group_id": investor.group, "currency": "EUR", "balance": "120.50", "locked_for_trading": "0.00",
        "pending_settlement": "7.00", "available_for_withdrawal": "115.50", "available_for_trading": "115.50",
    });
    assert_eq!(cash, expected);
    // Each scope shows its own.
    with_scopes(&server, "accounts:admin").get(&path).problem(403, "forbidden");
    with_scopes(&server, "positions:read").get(&investor.group_path()).problem(403, "forbidden");
    api.get("/account_groups/0198c1f0-0000-7000-8000-000000000000/payments/cash_balance").problem(404, "not_found");
}
