//! Currencies and account groups.

use super::harness::{Server, assert_shown};
use super::platform_feed::{accept, fill, trading_account};
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
    assert_eq!(all.len(), 11);
    let body = admin.get("/account-groups").ok().json();
    let id = |n: usize| body["groups"][n]["id"].as_str().unwrap().to_owned();
    assert_eq!(names(&format!("?id={}&id={}", id(2), id(0))), [all[0].clone(), all[2].clone()]);
    assert_eq!(names("?currency=BTC"), ["Wallet", "Demo Wallet"]);
    assert_eq!(names("?status=TRADE_STATUS_FULL").len(), 11);
    assert_eq!(names("?status=3"), Vec::<String>::new());
    assert_eq!(names("?name=zzz"), Vec::<String>::new());
    assert_eq!(names("?perPage=3&page=2"), all[3..6]);
    assert_eq!(names("?perPage=3&page=9"), Vec::<String>::new());
    let paged = admin.get("/account-groups?perPage=3&page=9").ok().json();
    assert_eq!((&paged["page"], &paged["perPage"], &paged["total"]), (&"9".into(), &"3".into(), &"11".into()));
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
    assert_eq!(shown["groups"].as_array().unwrap().len(), 11);
    std::fs::write(&file, "[[currencies]]\ncode = \"USD\"\nname = \"Dollar\"\ndecimals = 2\nnumeric_code = 840\n")
        .unwrap();
    server.command(&["reference", "apply", &file.display().to_string()]);
    let after = server.viewer().get("/account-groups").ok().json();
    assert_eq!((&before["total"], &after["total"]), (&"11".into(), &"0".into()));
    let currencies = server.viewer().get("/options/currencies").ok().json();
    assert_eq!(currencies["currencies"].as_array().unwrap().len(), 1);
}

/// The shipped file, with a group that lists two symbols and applies templates to one.
fn with_listed_symbols() -> String {
    let templates = "[[groups.templates]]\nsymbol = \"XAUUSD\"\nmargin_template = \"metals\"\nmarkup_bid = \"-0.05\"\n\
                     markup_ask = \"0.05\"\nmax_nop = \"50\"\n";
    let group = "[[groups]]\ncode = \"metals\"\nname = \"Metals\"\nplatform = \"mt5\"\nkind = \"trading\"\n\
                 demo = false\ncurrencies = [\"USD\"]\nmax_leverage = 20\nmargin_call_level = \"100\"\n\
                 stop_out_level = \"50\"\n\
                 negative_balance_protection = true\nswap_free = false\nmargin_basis = \"current\"\n\
                 protect_after = \"stop_out\"\nsymbols = [\"XAUUSD\", \"EURUSD\"]\nsymbol_profile = \"metals-a\"\n\
                 funding_profile = \"metals-f\"\nstatement_heading = \"Metals account\"\nexternal_gateway = \"lp-1\"\n";
    format!("{}\n{group}{templates}", include_str!("../../packaging/reference.toml"))
}

#[test]
fn a_group_shows_the_symbols_that_it_offers_and_what_is_applied_to_them() {
    let server = Server::start("");
    let file = with_listed_symbols();
    server.apply_reference(&file);
    server.admin().get("/account-groups?name=metals").ok().shows("group_with_symbols");
    let permissions = |query: &str| -> Vec<String> {
        let groups = server.admin().get(&format!("/account-groups?{query}")).ok().json();
        let permissions = groups["groups"][0]["permissions"].as_array().unwrap().clone();
        permissions.iter().map(|permission| permission["symbolName"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(permissions("name=professional").len(), 12, "a group that lists none offers all");
    assert_eq!(permissions("name=wallet"), [""; 0], "wallets trade nothing");
    let off = "code = \"GBPUSD\"\n";
    server.apply_reference(&file.replace(off, &format!("{off}enabled = false\n")));
    assert_eq!(permissions("name=professional").len(), 11);
    server.apply_reference(&file.replace("symbols = [\"XAUUSD\", \"EURUSD\"]", "symbols = [\"XAUUSD\", \"US500\"]"));
    assert_eq!(permissions("name=metals"), ["XAUUSD", "US500"]);
}

#[test]
fn reference_data_is_applied_once_and_shown_as_it_was_declared() {
    let server = Server::start("");
    let path = server.home().join("declared.toml").display().to_string();
    std::fs::write(&path, with_listed_symbols().replace("symbols = [\"XA", "symbols = [\"US500\", \"XA")).unwrap();
    let changes = |command: &[&str]| -> Vec<String> {
        let changes = server.command(&[command, &[&path]].concat())["changes"].clone();
        let text = |change: &Value| format!("{} {}", change["action"], change["code"]).replace('"', "");
        changes.as_array().unwrap().iter().map(text).collect()
    };
    assert_eq!(changes(&["reference", "diff"]), ["create metals"]);
    assert_eq!(changes(&["reference", "apply"]), ["create metals"]);
    assert_eq!(changes(&["reference", "apply"]), [""; 0]);
    let shown = server.command(&["reference", "show"]);
    let symbols = shown["symbols"].as_array().unwrap();
    let euro = symbols.iter().find(|symbol| symbol["code"] == "EURUSD").unwrap();
    assert_eq!((&euro["contract_size"], &euro["margin_currency"]), (&"100000".into(), &"EUR".into()));
    std::fs::write(&path, toml::to_string(&shown).unwrap()).unwrap();
    assert_eq!(changes(&["reference", "diff"]), [""; 0], "what is shown can be applied");
    let without = std::fs::read_to_string(&path).unwrap().replace("code = \"EURGBP\"", "code = \"NZDUSD\"");
    let without = without.lines().filter(|line| !line.starts_with("id = ")).collect::<Vec<_>>().join("\n");
    std::fs::write(&path, without).unwrap();
    assert_eq!(changes(&["reference", "apply"]), ["create NZDUSD", "switch_off EURGBP"]);
}

#[test]
fn a_running_server_takes_thousands_of_symbols() {
    let server = Server::start("");
    let symbol = |n: u32| {
        format!(
            "[[symbols]]\ncode = \"SHARE{n}\"\nname = \"Share {n} of a company with a name of some length\"\n\
             class = \"share\"\ncontract_size = \"1\"\nprice_decimals = 2\nquantity_decimals = 0\n\
             profit_currency = \"USD\"\n"
        )
    };
    let symbols: String = (0..6000).map(symbol).collect();
    server.apply_reference(&format!("{}\n{symbols}", include_str!("../../packaging/reference.toml")));
    assert_eq!(server.command(&["reference", "show"])["symbols"].as_array().unwrap().len(), 6012);
    let groups = server.admin().get("/account-groups?perPage=1").ok().json();
    assert_eq!(groups["groups"][0]["permissions"].as_array().unwrap().len(), 6012);
}

#[test]
fn what_a_symbol_was_traded_under_is_fixed() {
    let server = Server::start("");
    let admin = server.admin();
    let file = include_str!("../../packaging/reference.toml");
    let larger = file.replace("\"100000\"\nprice_decimals = 5", "\"10000\"\nprice_decimals = 5");
    server.apply_reference(&larger);
    server.apply_reference(file);
    let account = trading_account(&admin, "USD", "NETTING");
    accept(&admin, &[fill(&account, "1", 0, ("BUY", "1", "1.1"))]);
    let path = server.home().join("changed.toml");
    let refused = |text: &str, part: &str| {
        std::fs::write(&path, text).unwrap();
        for command in ["diff", "apply"] {
            let output = server.program(&["reference", command, &path.display().to_string()]).output().unwrap();
            let told = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
            assert!(!output.status.success() && told.contains(part), "{command}: {told}");
        }
    };
    refused(&larger, "EURUSD are fixed");
    refused(&file.replacen("\nmargin_currency = \"EUR\"", "", 1), "EURUSD are fixed");
    // A symbol that nobody traded can change, and so can the name of one that was.
    let index = file.replace("code = \"US500\"\n", "code = \"US500\"\nmargin_currency = \"EUR\"\n");
    server.apply_reference(&index.replace("Euro / US dollar", "Euro"));
}
