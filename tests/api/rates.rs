//! Reference rates: how they are declared, and which transfers across currencies they let through at once.

use super::harness::{Caller, Reply, Server};
use serde_json::{Value, json};

/// The reference data that is shipped, with these rates.
fn with_rates(rates: &[(&str, &str, &str, Option<String>)]) -> String {
    let entry = |(from, to, rate, as_of): &(&str, &str, &str, Option<String>)| {
        let as_of = as_of.as_ref().map_or(String::new(), |at| format!("as_of = \"{at}\"\n"));
        format!("[[rates]]\nfrom = \"{from}\"\nto = \"{to}\"\nrate = \"{rate}\"\n{as_of}\n")
    };
    let rates: String = rates.iter().map(entry).collect();
    let file = include_str!("../../packaging/reference.toml");
    if rates.is_empty() { format!("rates = []\n{file}") } else { format!("{file}\n{rates}") }
}

/// Two accounts of the same operator, the first with money in it.
fn accounts(admin: &Caller<'_>, from: &str, to: &str) -> (String, String) {
    let accounts = (admin.new_account(from), admin.new_account(to));
    admin.deposit(&accounts.0, "10000");
    accounts
}

fn send(caller: &Caller<'_>, (from, to): &(String, String), amount: &str, field: &str, value: &str) -> Reply {
    let mut body = json!({"fromAccountId": from, "toAccountId": to, "amount": amount});
    body[field] = value.into();
    caller.post("/transfers", &body)
}

#[track_caller]
fn cause(reply: Reply) -> String {
    reply.waits().text_at("cause")
}

#[test]
fn a_rate_within_the_band_goes_through_at_once_and_any_other_waits() {
    let server = Server::start("");
    let admin = server.admin();
    server.apply_reference(&with_rates(&[("USD", "EUR", "0.8", None)]));
    let (there, back) = (accounts(&admin, "USD", "EUR"), accounts(&admin, "EUR", "USD"));
    // 5 % around 0.8, and around its inverse, 1.25.
    for (pair, field, value, is_within) in [
        (&there, "rate", "0.76", true),
        (&there, "rate", "0.84", true),
        (&there, "rate", "0.759999999999", false),
        (&there, "rate", "0.840000000001", false),
        (&there, "toAmount", "76.00", true),
        (&there, "toAmount", "84.00", true),
        (&there, "toAmount", "75.99", false),
        (&there, "toAmount", "84.01", false),
        (&back, "rate", "1.1875", true),
        (&back, "rate", "1.3125", true),
        (&back, "rate", "1.18749", false),
        (&back, "rate", "1.31251", false),
        (&back, "toAmount", "118.75", true),
        (&back, "toAmount", "131.26", false),
    ] {
        let reply = send(&admin, pair, "100", field, value);
        if is_within {
            assert_eq!(reply.ok().text_at("state"), "POSTED", "{field} {value}");
        } else {
            assert_eq!(cause(reply), "RATE_OUTSIDE_BAND", "{field} {value}");
        }
    }
    server.trace();
}

#[test]
fn the_width_of_the_band_is_configured() {
    let server = Server::start("[approvals]\nrate_band_percent = \"0.5\"\n");
    let admin = server.admin();
    server.apply_reference(&with_rates(&[("USD", "EUR", "0.8", None)]));
    let pair = accounts(&admin, "USD", "EUR");
    send(&admin, &pair, "100", "rate", "0.804").ok();
    send(&admin, &pair, "100", "rate", "0.80401").waits();
}

#[test]
fn without_a_fresh_rate_every_rate_waits() {
    let server = Server::start("[approvals]\nrate_max_age_hours = 2\n");
    let admin = server.admin();
    let now = server.advance(0);
    let file = with_rates(&[("USD", "EUR", "0.8", Some(now.to_string()))]);
    server.apply_reference(&file);
    let (pair, unknown) = (accounts(&admin, "USD", "EUR"), accounts(&admin, "USD", "GBP"));
    send(&admin, &pair, "100", "rate", "0.8").ok();
    assert_eq!(cause(send(&admin, &unknown, "100", "rate", "0.79")), "NO_FRESH_RATE");
    server.advance(7100);
    send(&admin, &pair, "100", "rate", "0.8").ok();
    server.advance(200);
    let waiting = send(&admin, &pair, "100", "rate", "0.8").waits();
    assert_eq!(waiting.text_at("cause"), "NO_FRESH_RATE");
    let stated = ["from", "to", "rate"].map(|name| waiting.digits(&format!("transfer/referenceRate/{name}")));
    assert_eq!(stated, ["\"USD\"", "\"EUR\"", "0.8"]);
    // Applying the same file again does not make it younger; a newer time does.
    server.apply_reference(&file);
    send(&admin, &pair, "100", "rate", "0.8").waits();
    server.apply_reference(&file.replace(&now.to_string(), &server.advance(0).to_string()));
    send(&admin, &pair, "100", "rate", "0.8").ok();
    // A file without rates leaves them, and an empty list removes them.
    server.apply_reference(include_str!("../../packaging/reference.toml"));
    send(&admin, &pair, "100", "rate", "0.8").ok();
    server.apply_reference(&with_rates(&[]));
    assert_eq!(cause(send(&admin, &pair, "100", "rate", "0.8")), "NO_FRESH_RATE");
}

#[test]
fn a_rehearsal_says_that_a_transfer_would_wait() {
    let server = Server::start("");
    let admin = server.admin();
    let (from, to) = accounts(&admin, "USD", "EUR");
    let body = |rate: &str| json!({"fromAccountId": from, "toAccountId": to, "amount": "100", "rate": rate});
    let before = server.trace();
    let rehearsed = admin.post("/transfers?dryRun=true", &body("2")).waits();
    assert_eq!(rehearsed.text_at("cause"), "RATE_OUTSIDE_BAND");
    admin.post("/transfers?dryRun=true", &body("0.92")).ok();
    assert_eq!(server.trace(), before);
    admin.get(&format!("/approvals/{}", rehearsed.text_at("id"))).refused("NOT_FOUND");
    assert_eq!(admin.available(&from), "10000.00");
}

#[test]
fn rates_are_shown_compared_and_refused_as_the_rest_of_the_reference_data() {
    let server = Server::start("");
    let home = server.home().to_owned();
    let changes = |file: &str| -> Vec<Value> {
        std::fs::write(home.join("diff.toml"), file).unwrap();
        let shown = server.command(&["reference", "diff", &home.join("diff.toml").display().to_string()]);
        shown["changes"].as_array().unwrap().clone()
    };
    // A sandbox begins with sample rates, which have no time.
    let shown = server.command(&["reference", "show"]);
    let samples = shown["rates"].as_array().unwrap();
    assert!(samples.len() > 20 && samples.iter().all(|rate| rate["as_of"].is_null()), "{shown}");
    let as_of = "2026-03-02T08:15:00.000Z".to_owned();
    let file = with_rates(&[("USD", "EUR", "0.93", Some(as_of.clone()))]);
    assert_eq!(changes(&file).len(), samples.len());
    server.apply_reference(&file);
    assert_eq!(changes(&file), [json!(null); 0]);
    let shown = server.command(&["reference", "show"]);
    assert_eq!(shown["rates"], json!([{"from": "USD", "to": "EUR", "rate": "0.93", "as_of": as_of}]));
    assert_eq!(
        changes(&with_rates(&[("EUR", "USD", "1.07", None)])),
        [
            json!({"action": "remove", "kind": "rate", "code": "USD/EUR"}),
            json!({"action": "create", "kind": "rate", "code": "EUR/USD"})
        ]
    );
    let event = server.admin().get("/events?types=reference.changed&limit=1000").ok().json();
    let last = event["events"].as_array().unwrap().last().unwrap()["data"]["changes"].clone();
    assert!(
        last.as_array().unwrap().contains(&json!({"action": "change", "kind": "rate", "code": "USD/EUR"})),
        "{last}"
    );
    // A rate of the future would stay fresh until then.
    let refused = |file: &str| {
        std::fs::write(home.join("refused.toml"), file).unwrap();
        let output = server.program(&["reference", "apply", "refused.toml"]).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let tomorrow = server.advance(0).plus_s(86_400).to_string();
    let error = refused(&with_rates(&[("USD", "EUR", "0.93", Some(tomorrow))]));
    assert!(error.contains("USD/EUR is in the future"), "{error}");
}

#[test]
fn a_production_database_has_no_rates_and_takes_none_without_a_time() {
    let server = Server::production();
    let shown = server.command(&["reference", "show"]);
    assert!(shown["rates"].is_null(), "{shown}");
    let home = server.home().to_owned();
    std::fs::write(home.join("timeless.toml"), with_rates(&[("USD", "EUR", "0.93", None)])).unwrap();
    let output = server.program(&["reference", "apply", "timeless.toml"]).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && error.contains("USD/EUR needs as_of"), "{error}");
    let (_, token) = server.add_token("dev", &[]);
    let admin = server.bearer(&token);
    let pair = accounts(&admin, "USD", "EUR");
    assert_eq!(cause(send(&admin, &pair, "100", "rate", "0.92")), "NO_FRESH_RATE");
}
