//! Bank products: their terms, their limits, and the programme.

use super::harness::{Caller, Server};
use super::home::Home;
use serde_json::json;

/// The id of a group of the shipped reference data.
pub(crate) fn product(admin: &Caller<'_>, name: &str) -> String {
    let groups = admin.get("/account-groups").ok().json();
    let mut groups = groups["groups"].as_array().unwrap().iter();
    let group = groups.find(|group| group["name"] == name).unwrap_or_else(|| panic!("no group {name}"));
    group["id"].as_str().unwrap().to_owned()
}

/// Opens an account of a product for this client; returns its id.
#[track_caller]
pub(crate) fn account_of(admin: &Caller<'_>, profile: &str, name: &str) -> String {
    let body = json!({"profileId": profile, "currency": "USD", "groupId": product(admin, name)});
    admin.post("/accounts", &body).ok().text_at("account/id")
}

/// Runs a command beside the server; returns its exit code, its output and its errors.
fn run(server: &Server, args: &[&str]) -> (Option<i32>, String, String) {
    let output = server.program_for_people(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn one_product_of_each_kind_is_shipped_and_shows_its_terms() {
    let server = Server::shared();
    let groups = server.admin().get("/account-groups").ok().json();
    let groups = groups["groups"].as_array().unwrap();
    let kinds: Vec<&str> = groups.iter().filter_map(|group| group["bank"]["kind"].as_str()).collect();
    assert_eq!(kinds, ["CHECKING", "SAVINGS", "PREPAID", "FOR_BENEFIT_OF"]);
    let savings = &groups.iter().find(|group| group["name"] == "Savings").unwrap()["bank"];
    let expected = json!({
        "kind": "SAVINGS", "category": "Savings", "routingNumber": "123456780", "showsNumbers": false,
        "maxAccounts": 20,
        "balance": {"minimum": null, "maximum": 250_000}, "deposit": {"minimum": 0.01, "maximum": 50_000},
        "withdrawal": {"minimum": 0.01, "maximum": 50_000},
        "withdrawalFee": {"freeWithdrawals": 6, "fee": 5.00}, "minimumContribution": 1.00
    });
    assert_eq!(*savings, expected);
    assert_eq!(groups[0]["bank"], json!(null), "a trading group is no bank product");
    let program = server.viewer().get("/program").ok().json();
    assert_eq!(program, json!({"name": "bursar", "timeZone": "UTC", "maxExternalAccounts": 10}));
    server.anyone().get("/program").refused("TOKEN_MISSING");
}

#[test]
fn the_programme_is_configured_and_a_wrong_zone_is_no_configuration() {
    let program = "[program]\nname = \"Goals\"\ntime_zone = \"America/New_York\"\nmax_external_accounts = 3\n";
    let server = Server::start(program);
    let shown = server.admin().get("/program").ok().json();
    assert_eq!(shown, json!({"name": "Goals", "timeZone": "America/New_York", "maxExternalAccounts": 3}));
    let home = Home::new();
    let wrong = home.file("wrong.toml", "[program]\ntime_zone = \"America/Springfield\"\n");
    let refused = home.run(&["config", "check", "--config", &wrong]);
    assert_eq!(refused.code, 3);
    assert!(refused.stderr.contains("America/Springfield"), "{}", refused.stderr);
}

#[test]
fn limits_of_the_product_hold_for_money_from_and_to_the_outside() {
    let server = Server::start("");
    let admin = server.admin();
    let profile = admin.new_profile();
    let (prepaid, other) = (account_of(&admin, &profile, "Prepaid"), account_of(&admin, &profile, "Checking"));
    let call =
        |route: &str, amount: &str| admin.post(&format!("/accounts/{prepaid}/{route}"), &json!({"amount": amount}));
    for _ in 0..3 {
        call("deposit", "2500").ok();
    }
    admin.step(&format!("/deposits/{}/settle", call("deposits", "2000").ok().text_at("id"))).ok();
    let before = server.trace();
    for (route, amount) in [
        ("deposit", "2500.01"),
        ("deposits", "2500.01"),
        ("deposit", "500.01"),
        ("withdraw", "2500.01"),
        ("withdrawals", "2500.01"),
    ] {
        call(route, amount).refused("OUT_OF_RANGE").naming("amount");
    }
    assert_eq!(server.trace(), before);
    // What is announced counts.
    let announced = call("deposits", "400").ok().text_at("id");
    call("deposit", "100.01").refused("OUT_OF_RANGE");
    call("deposit", "100").ok();
    admin.step(&format!("/deposits/{announced}/return")).ok();
    // Between accounts and for adjustments, there are no limits.
    let transfer = json!({"fromAccountId": prepaid, "toAccountId": other, "amount": "2600"});
    admin.post("/transfers", &transfer).ok();
    call("balance", "2600").ok();
    assert_eq!(admin.balance(&prepaid), "9600.00");
    // An account that is closing pays out whatever it has.
    admin.step(&format!("/accounts/{prepaid}/close")).ok();
    call("withdraw", "9600").ok();
    assert_eq!(admin.get(&format!("/accounts/{prepaid}")).ok().text_at("lifecycle"), "CLOSED");
}

#[test]
fn a_client_has_at_most_as_many_accounts_as_the_product_allows() {
    let server = Server::start("");
    let admin = server.admin();
    let (profile, savings) = (admin.new_profile(), product(&admin, "Savings"));
    let first = account_of(&admin, &profile, "Savings");
    for _ in 1..20 {
        account_of(&admin, &profile, "Savings");
    }
    let elsewhere = account_of(&admin, &profile, "Checking");
    let before = server.trace();
    let body = json!({"profileId": profile, "currency": "USD", "groupId": savings});
    admin.post("/accounts", &body).refused("TOO_MANY");
    admin.put(&format!("/accounts/{elsewhere}"), &json!({"groupId": savings})).refused("TOO_MANY");
    assert_eq!(server.trace(), before);
    account_of(&admin, &admin.new_profile(), "Savings");
    admin.delete(&format!("/accounts/{first}")).ok();
    account_of(&admin, &profile, "Savings");
}

#[test]
fn terms_go_through_show_diff_and_apply_unchanged_and_wrong_ones_are_refused() {
    let server = Server::start("");
    let file = server.home().join("reference.toml");
    let path = file.display().to_string();
    let shown = run(&server, &["reference", "show"]).1;
    std::fs::write(&file, &shown).unwrap();
    let changes = |command: &str| server.command(&["reference", command, &path])["changes"].clone();
    assert_eq!(changes("diff"), json!([]));
    std::fs::write(&file, shown.replacen("max_accounts = 20", "max_accounts = 2", 1)).unwrap();
    let expected = json!([{"action": "change", "kind": "group", "code": "bank-savings"}]);
    assert_eq!((changes("diff"), changes("apply"), changes("diff")), (expected.clone(), expected, json!([])));
    let groups = server.command(&["reference", "show"])["groups"].clone();
    let savings = groups.as_array().unwrap().iter().find(|group| group["code"] == "bank-savings").unwrap().clone();
    assert_eq!((&savings["bank"]["max_accounts"], &savings["bank"]["kind"]), (&json!(2), &json!("savings")));
    let edit = |from: &str, to: &str| {
        assert!(shown.contains(from), "{from} in {shown}");
        std::fs::write(&file, shown.replacen(from, to, 1)).unwrap();
        run(&server, &["reference", "apply", &path])
    };
    for (from, to, part) in [
        ("routing_number = \"123456780\"", "routing_number = \"12345678\"", "nine digits"),
        ("fee = \"5.00\"", "fee = \"0\"", "withdrawal_fee"),
        ("minimum_amount = \"1.00\"", "minimum_amount = \"-1\"", "minimum_amount"),
        ("maximum = \"250000\"", "minimum = \"2\"\nmaximum = \"1\"", "bank.balance"),
        ("kind = \"savings\"", "kind = \"checking\"", "withdrawal_fee"),
        ("max_accounts = 20", "max_acounts = 20", "max_acounts"),
    ] {
        let refused = edit(from, to);
        assert!(refused.0 != Some(0) && refused.2.contains(part), "{to}: {}", refused.2);
    }
    let refused = edit(
        "new_client_hold_days = 0\nrequires_approval = false\nminimum_balance = \"-500\"",
        "new_client_hold_days = 3\nrequires_approval = false\nminimum_balance = \"-500\"",
    );
    assert!(refused.2.contains("held back"), "{}", refused.2);
}
