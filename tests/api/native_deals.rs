//! Deals: their fields, pages and filters.

use super::harness::Server;
use serde_json::Value;

fn ids(body: &Value) -> Vec<String> {
    body["deals"].as_array().unwrap().iter().map(|deal| deal["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_deal_carries_every_field_of_the_contract() {
    let server = Server::shared();
    let admin = server.admin();
    let profile = admin.new_profile();
    let account = admin.new_account_of(&profile, "USD");
    admin.deposit(&account, "1");
    let deals = admin.get(&format!("/accounts/{account}/deals")).ok().shows("deals");
    assert_eq!((deals.text_at("deals/0/accountId"), deals.text_at("deals/0/userId")), (account, profile));
    assert_eq!(deals.text_at("deals/0/createdAt"), deals.text_at("deals/0/updatedAt"));
}

#[test]
fn pages_of_deals_go_back_in_time_without_gap_or_repetition() {
    let server = Server::shared();
    let admin = server.admin();
    let account = admin.new_account("USD");
    let mut made: Vec<String> = (1..=7).map(|n| admin.deposit(&account, &n.to_string())).collect();
    made.reverse();
    let path = format!("/accounts/{account}/deals");
    let mut seen = Vec::new();
    let mut query = "limit=3".to_owned();
    loop {
        let body = admin.get(&format!("{path}?{query}")).ok().json();
        seen.extend(ids(&body));
        if body["hasMore"] == false {
            break;
        }
        query = format!("limit=3&beforeId={}", seen.last().unwrap());
    }
    assert_eq!(seen, made);
    let exact = admin.get(&format!("{path}?limit=7")).ok().json();
    assert_eq!((ids(&exact).len(), &exact["hasMore"]), (7, &false.into()));
    let short = admin.get(&format!("{path}?limit=6")).ok().json();
    assert_eq!((ids(&short).len(), &short["hasMore"]), (6, &true.into()));
    let first = made.last().unwrap();
    let none = admin.get(&format!("{path}?beforeId={first}")).ok().json();
    assert_eq!((ids(&none).len(), &none["hasMore"]), (0, &false.into()));
}

#[test]
fn from_is_inclusive_and_to_is_exclusive() {
    let server = Server::shared();
    let admin = server.admin();
    let account = admin.new_account("USD");
    for _ in 0..3 {
        admin.deposit(&account, "1");
    }
    let path = format!("/accounts/{account}/deals");
    let deals = admin.deals(&account);
    let at = deals[1]["createdAt"].as_str().unwrap();
    let find = |query: String| ids(&admin.get(&format!("{path}?{query}")).ok().json());
    let expected = |keep: &dyn Fn(&str) -> bool| -> Vec<String> {
        let kept = deals.iter().filter(|deal| keep(deal["createdAt"].as_str().unwrap()));
        kept.map(|deal| deal["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(find(format!("from={at}")), expected(&|time| time >= at));
    assert_eq!(find(format!("to={at}")), expected(&|time| time < at));
    assert_eq!(find(format!("from={at}&to={at}")), Vec::<String>::new());
    let offset = at.replace('Z', "%2B00:00");
    assert_eq!(find(format!("from={offset}")), expected(&|time| time >= at));
    assert_eq!(find("to=2001-01-01T00:00:00Z".into()), Vec::<String>::new());
    assert_eq!(find("from=2001-01-01T00:00:00Z".into()).len(), 3);
}

#[test]
fn queries_that_make_no_sense_are_refused() {
    let server = Server::shared();
    let admin = server.admin();
    let (account, other) = (admin.new_account("USD"), admin.new_account("USD"));
    let foreign = admin.deposit(&other, "1");
    let path = format!("/accounts/{account}/deals");
    for (query, reason) in [
        ("limit=0", "OUT_OF_RANGE"),
        ("limit=1001", "OUT_OF_RANGE"),
        ("limit=-1", "OUT_OF_RANGE"),
        ("limit=99999999999999999999", "OUT_OF_RANGE"),
        ("limit=ten", "INVALID_FIELD"),
        ("limit=1&limit=2", "INVALID_FIELD"),
        ("from=yesterday", "INVALID_FIELD"),
        ("to=1772439300", "INVALID_FIELD"),
        ("beforeId=x", "INVALID_FIELD"),
    ] {
        admin.get(&format!("{path}?{query}")).refused(reason);
    }
    admin.get(&format!("{path}?beforeId={foreign}")).refused("NOT_FOUND");
    admin.get(&format!("{path}?limit=1000")).ok();
}
