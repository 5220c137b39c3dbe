//! Currencies and account groups.

use super::harness::{Server, assert_shown};
use serde_json::Value;

#[test]
fn currencies_say_how_many_decimals_they_have() {
    let server = Server::shared();
    let currencies = server.admin().get("/options/currencies").ok().json();
    let find = |code: &str| currencies["currencies"].as_array().unwrap().iter().find(|c| c["code"] == code).cloned();
    assert_shown("currency", &find("USD").unwrap().to_string());
    assert_eq!(find("JPY").unwrap()["decimals"], 0);
    assert_eq!(find("KWD").unwrap()["decimals"], 3);
    let btc = find("BTC").unwrap();
    assert_eq!((&btc["decimals"], &btc["numericCode"], &btc["isCrypto"]), (&8.into(), &Value::Null, &true.into()));
}

#[test]
fn groups_carry_every_field_of_the_contract() {
    let server = Server::shared();
    server.admin().get("/account-groups?name=STANDARD&currency=USD").ok().shows("account_groups");
}

#[test]
fn groups_are_filtered_and_paged() {
    let server = Server::shared();
    let admin = server.admin();
    let names = |query: &str| -> Vec<String> {
        let body = admin.get(&format!("/account-groups{query}")).ok().json();
        let groups = body["groups"].as_array().unwrap();
        groups.iter().map(|group| group["name"].as_str().unwrap().to_owned()).collect()
    };
    let all = names("");
    assert_eq!(all.len(), 7);
    let body = admin.get("/account-groups").ok().json();
    let id = |n: usize| body["groups"][n]["id"].as_str().unwrap().to_owned();
    assert_eq!(names(&format!("?id={}&id={}", id(2), id(0))), [all[0].clone(), all[2].clone()]);
    assert_eq!(names("?currency=BTC"), ["Wallet", "Demo Wallet"]);
    assert_eq!(names("?status=TRADE_STATUS_FULL").len(), 7);
    assert_eq!(names("?status=3"), Vec::<String>::new());
    assert_eq!(names("?name=zzz"), Vec::<String>::new());
    assert_eq!(names("?perPage=3&page=2"), all[3..6]);
    assert_eq!(names("?perPage=3&page=9"), Vec::<String>::new());
    let paged = admin.get("/account-groups?perPage=3&page=9").ok().json();
    assert_eq!((&paged["page"], &paged["perPage"], &paged["total"]), (&"9".into(), &"3".into(), &"7".into()));
}

#[test]
fn filters_that_make_no_sense_are_refused() {
    let server = Server::shared();
    for (query, field) in
        [("id=1", "id"), ("status=9", "status"), ("status=full", "status"), ("currency=US%20D", "currency")]
    {
        server.admin().get(&format!("/account-groups?{query}")).refused("INVALID_FIELD").naming(field);
    }
}

#[test]
fn a_viewer_reads_groups_and_removed_groups_are_not_shown() {
    let server = Server::start("");
    server.viewer().get("/options/currencies").ok();
    let before = server.viewer().get("/account-groups").ok().json();
    let file = server.home().join("reference.toml");
    let shown = server.command(&["reference", "show"]);
    assert_eq!(shown["groups"].as_array().unwrap().len(), 7);
    std::fs::write(&file, "[[currencies]]\ncode = \"USD\"\nname = \"Dollar\"\ndecimals = 2\nnumeric_code = 840\n")
        .unwrap();
    server.command(&["reference", "apply", &file.display().to_string()]);
    let after = server.viewer().get("/account-groups").ok().json();
    assert_eq!((&before["total"], &after["total"]), (&"7".into(), &"0".into()));
    let currencies = server.viewer().get("/options/currencies").ok().json();
    assert_eq!(currencies["currencies"].as_array().unwrap().len(), 1);
}
