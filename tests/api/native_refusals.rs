//! A refusal names only a field that the caller sent, and by the name the caller used.

use super::harness::Server;
use super::ladder::NOBODY;
use serde_json::json;

#[test]
fn a_field_is_named_only_if_it_was_sent() {
    let server = Server::shared();
    let admin = server.admin();
    let (profile, account) = (admin.new_profile(), admin.new_account("USD"));
    let group = admin.group("USD", false);
    // An id in the path has no field.
    admin.get(&format!("/accounts/{NOBODY}")).refused("NOT_FOUND").naming("");
    admin.post(&format!("/accounts/{NOBODY}/deposit"), &json!({"amount": "1"})).refused("NOT_FOUND").naming("");
    admin.get(&format!("/deposits?accountId={NOBODY}")).refused("NOT_FOUND").naming("accountId");
    let open = |profile: &str, group: &str| {
        admin.post("/accounts", &json!({"profileId": profile, "groupId": group, "currency": "USD"}))
    };
    open(&profile, NOBODY).refused("NOT_FOUND").naming("groupId");
    open(NOBODY, &group).refused("NOT_FOUND").naming("profileId");
    let transfer = |from: &str, to: &str| {
        admin.post("/transfers", &json!({"fromAccountId": from, "toAccountId": to, "amount": "1"}))
    };
    transfer(NOBODY, &account).refused("NOT_FOUND").naming("fromAccountId");
    transfer(&account, NOBODY).refused("NOT_FOUND").naming("toAccountId");
    let close = |body| admin.post(&format!("/accounts/{account}/close"), &body);
    close(json!({"sweepToAccountId": NOBODY})).refused("NOT_FOUND").naming("sweepToAccountId");
    // A missing required field is named although it was not sent.
    admin.post("/profiles", &json!({})).refused("INVALID_FIELD").naming("email");
}

#[test]
fn a_field_with_several_names_is_called_by_the_one_that_was_used() {
    let server = Server::shared();
    let admin = server.admin();
    let path = format!("/accounts/{}", admin.new_account("USD"));
    for name in ["nop", "maxNop"] {
        admin.put(&path, &json!({name: "-1"})).refused("OUT_OF_RANGE").naming(name);
    }
    for name in ["isSb", "spreadBetting"] {
        admin.put(&path, &json!({name: true})).refused("IMMUTABLE_FIELD").naming(name);
    }
    for name in ["reason", "comment"] {
        let body = json!({"amount": "1", name: "x".repeat(256)});
        admin.post(&format!("{path}/holds"), &body).refused("OUT_OF_RANGE").naming(name);
    }
    admin.put(&path, &json!({"version": 77})).refused("VERSION_MISMATCH").naming("version");
    admin.with("If-Match", "\"77\"").put(&path, &json!({})).refused("VERSION_MISMATCH").naming("If-Match");
}
