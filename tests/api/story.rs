//! The onboarding example of the contract ("Accounts & Funding": end-to-end example), followed by emptying and
//! archiving.

use super::harness::{PASSWORD, Server};
use super::native_sessions::verify;
use super::tls;
use serde_json::json;

#[test]
fn a_client_is_onboarded_over_plain_http() {
    tell(&Server::start(""));
}

#[test]
fn a_client_is_onboarded_over_tls() {
    let (certificate, key) = tls::pair();
    tell(&tls::serve(&certificate, &key));
}

fn tell(server: &Server) {
    // 1. Log in.
    let login = json!({"username": server.banner["username"], "password": server.banner["password"]});
    let token = server.anyone().post("/user/login", &login).ok().text_at("token");
    let admin = server.bearer(&token);

    // 2. Reference data: the first group that is not for demo accounts.
    let currencies = admin.get("/options/currencies").ok().json();
    assert!(currencies["currencies"].as_array().unwrap().iter().any(|currency| currency["code"] == "USD"));
    let groups = admin.get("/account-groups").ok().json();
    let live = groups["groups"].as_array().unwrap().iter().find(|group| group["isDemo"] == false).unwrap();

    // 3. The client.
    let jane = json!({"email": "jane.doe@example.com", "firstName": "Jane", "lastName": "Doe"});
    let profile = admin.post("/profiles", &jane).ok().text_at("id");

    // 4. The account.
    let open = json!({"profileId": profile, "currency": "USD", "groupId": live["id"]});
    let account = admin.post("/accounts", &open).ok().text_at("account/id");
    let path = format!("/accounts/{account}");

    // 5. The opening deposit.
    let deposit = json!({"amount": "10000", "comment": "Opening deposit"});
    let opening = admin.post(&format!("{path}/deposit"), &deposit).ok().text_at("dealId");
    assert_eq!(admin.get(&path).ok().digits("balance"), "10000.00");

    money_moves(server, &token, &account, &opening);
    a_session_begins_and_ends(server, &token, &profile, &account);

    // The account is emptied and archived.
    admin.delete(&path).refused("BALANCE_NOT_ZERO");
    let rest = admin.get(&path).ok().digits("balance");
    admin.post(&format!("{path}/withdraw"), &json!({"amount": rest})).ok();
    assert_eq!(admin.delete(&path).ok().text, "{}");
    admin.post(&format!("{path}/deposit"), &json!({"amount": "1"})).refused("ACCOUNT_ARCHIVED");
    assert_eq!(admin.get("/accounts").ok().text_at("total"), "0");
    assert_eq!(admin.deals(&account).len(), 4);
    let (entries, postings, ..) = server.trace();
    assert_eq!((entries, postings), (4, 8));
}

fn money_moves(server: &Server, token: &str, account: &str, opening: &str) {
    let admin = server.bearer(token);
    let path = format!("/accounts/{account}");
    admin.post(&format!("{path}/withdraw"), &json!({"amount": 20_000})).refused("INSUFFICIENT_FUNDS");
    admin.post(&format!("{path}/withdraw"), &json!({"amount": "2500.50"})).ok();
    let fee = json!({"amount": "-12.505", "action": "DEAL_ACTION_FEE", "comment": "wire fee"});
    admin.post(&format!("{path}/balance"), &fee).ok();
    assert_eq!(admin.balance(account), "7486.99");

    let page = admin.get(&format!("{path}/deals?limit=2")).ok();
    assert_eq!(
        (page.text_at("deals/0/action"), page.text_at("deals/1/action")),
        ("DEAL_ACTION_FEE".into(), "DEAL_ACTION_BALANCE".into())
    );
    assert_eq!((page.digits("deals/0/amount"), page.digits("deals/0/newBalance")), ("-12.51".into(), "7486.99".into()));
    assert_eq!(page.digits("hasMore"), "true");
    let rest = admin.get(&format!("{path}/deals?beforeId={}", page.text_at("deals/1/id"))).ok();
    assert_eq!((rest.text_at("deals/0/id"), rest.digits("hasMore")), (opening.to_owned(), "false".into()));
    let at = rest.text_at("deals/0/createdAt");
    let since = admin.get(&format!("{path}/deals?from={at}")).ok().json();
    assert_eq!(since["deals"].as_array().unwrap().len(), 3);
    assert_eq!(admin.get(&format!("{path}/deals?to={at}")).ok().text, r#"{"deals":[],"hasMore":false,"next":null}"#);
    assert_eq!(admin.get(&format!("/portfolios/{account}")).ok().digits("freeMargin"), "7486.99");
}

fn a_session_begins_and_ends(server: &Server, token: &str, profile: &str, account: &str) {
    let admin = server.bearer(token);
    let login = json!({"email": "jane.doe@example.com", "password": PASSWORD});
    admin.post("/trade/login", &login).refused("BAD_LOGIN");
    let password = |password: &str| {
        admin.put("/profiles/change-password", &json!({"id": profile, "newPassword": password})).ok();
    };
    password(PASSWORD);
    let session = admin.post("/trade/login", &login).ok();
    assert_eq!(session.text_at("accounts/0/id"), account);
    let jwt = session.text_at("accessToken");
    let claims = verify(&server.anyone(), &jwt);
    assert_eq!((claims["sub"].as_str(), &claims["accounts"]), (Some(profile), &json!([account])));
    let is_active = || admin.post("/trade/introspect", &json!({"token": jwt})).ok().json()["active"] == true;
    assert!(is_active());
    server.bearer(&jwt).get("/accounts").refused("END_USER_TOKEN");
    password("battery staple");
    assert!(!is_active());
    admin.post("/trade/login", &login).refused("BAD_LOGIN");
}
