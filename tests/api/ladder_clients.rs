//! Ladders of refusals for clients, accounts and their owners.

use super::harness::{Caller, Server};
use super::ladder::{Ladders, NOBODY, edit, require_approval, set_account, sql_id};
use super::native_positions::order;
use super::platform_feed::{accept, fill, with};
use serde_json::{Value, json};

pub(super) fn opening(ladders: &Ladders, server: &Server) {
    let admin = server.admin();
    let taken = admin.new_account("USD");
    let group = admin.group("USD", true);
    let mut body = json!({
        "id": taken, "profileId": NOBODY, "groupId": group, "currency": "XXX", "isDemo": false, "maxLeverage": "20000",
    });
    edit(server, &format!("UPDATE account_groups SET enabled = 0 WHERE uuid = {}", sql_id(&group)));
    edit(
        server,
        &format!(
            "UPDATE group_currencies SET enabled = 0 WHERE group_id = (SELECT id FROM account_groups WHERE uuid = {})",
            sql_id(&group)
        ),
    );
    let mut ladder = ladders.begin();
    let mut rung = |field: &str, value: Value, reason: &str, is_aside: bool| {
        let reply = admin.post("/accounts", &body);
        if is_aside {
            ladder.aside(&reply, reason)
        } else {
            ladder.rung(&reply, reason)
        }
        body[field] = value;
    };
    rung("maxLeverage", json!("10"), "OUT_OF_RANGE", false);
    rung("profileId", json!(admin.new_profile()), "NOT_FOUND", false);
    rung("isDemo", json!(true), "INVALID_FIELD", true);
    rung("currency", json!("USD"), "UNKNOWN_CURRENCY", false);
    rung("id", Value::Null, "DUPLICATE_ID", false);
    rung("id", Value::Null, "GROUP_DISABLED", false);
    edit(server, &format!("UPDATE account_groups SET enabled = 1 WHERE uuid = {}", sql_id(&group)));
    rung("id", Value::Null, "GROUP_WITHOUT_CURRENCY", false);
    edit(
        server,
        &format!(
            "UPDATE group_currencies SET enabled = 1 WHERE group_id = (SELECT id FROM account_groups WHERE uuid = {})",
            sql_id(&group)
        ),
    );
    let set_kind = |kind: &str| {
        edit(server, &format!("UPDATE account_groups SET kind = '{kind}' WHERE uuid = {}", sql_id(&group)))
    };
    body["accountNumber"] = json!("rung-1");
    set_kind("wallet");
    ladder.rung(&admin.post("/accounts", &body), "ACCOUNT_KIND");
    set_kind("trading");
    let client = sql_id(body["profileId"].as_str().unwrap());
    edit(server, &format!("UPDATE profiles SET blocked = 1 WHERE uuid = {client}"));
    ladder.rung(&admin.post("/accounts", &body), "PROFILE_BLOCKED");
    edit(server, &format!("UPDATE profiles SET blocked = NULL WHERE uuid = {client}"));
    admin.post("/accounts", &body).ok();
}

pub(super) fn profiles(ladders: &Ladders, server: &Server) {
    let admin = server.admin().with("If-Match", "\"7\"");
    let (one, other) = (admin.new_profile(), admin.new_profile());
    let email = admin.get(&format!("/profiles/{other}")).ok().text_at("email");
    let put = |id: &str, email: &str| admin.put(&format!("/profiles/{id}"), &json!({"email": email}));
    let mut ladder = ladders.begin();
    ladder.rung(&put(NOBODY, "nothing"), "INVALID_FIELD");
    ladder.rung(&put(NOBODY, &email), "NOT_FOUND");
    ladder.rung(&put(&one, &email), "DUPLICATE_EMAIL");
    ladder.rung(&put(&one, "ladder-one@example.com"), "VERSION_MISMATCH");
}

pub(super) fn changes(ladders: &Ladders, server: &Server) {
    let admin = server.admin();
    let operator = server.operator("operator", &[]);
    let account = admin.new_account("USD");
    let own = admin.get(&format!("/accounts/{account}")).ok().text_at("groupId");
    let group = admin.group("USD", true);
    require_approval(server, &own, true);
    let of_group = format!("(SELECT id FROM account_groups WHERE uuid = {})", sql_id(&group));
    edit(server, &format!("UPDATE account_groups SET enabled = 0 WHERE id = {of_group}"));
    edit(server, &format!("UPDATE group_currencies SET enabled = 0 WHERE group_id = {of_group}"));
    admin.delete(&format!("/accounts/{account}")).ok();
    let mut body = json!({
        "groupId": group, "maxLeverage": "20000", "minimumBalance": "-1", "version": "77", "currency": "EUR",
    });
    let put = |caller: &Caller<'_>, id: &str, body: &Value| caller.put(&format!("/accounts/{id}"), body);
    let mut ladder = ladders.begin();
    ladder.rung(&put(&operator, NOBODY, &body), "OUT_OF_RANGE");
    body["maxLeverage"] = json!("10");
    ladder.rung(&put(&operator, NOBODY, &body), "NOT_FOUND");
    ladder.aside(&put(&operator, &account, &body), "OUT_OF_RANGE");
    body["minimumBalance"] = Value::Null;
    ladder.rung(&put(&operator, &account, &body), "VERSION_MISMATCH");
    body["version"] = Value::Null;
    ladder.rung(&put(&operator, &account, &body), "IMMUTABLE_FIELD");
    body["currency"] = Value::Null;
    ladder.rung(&put(&operator, &account, &body), "NEEDS_APPROVAL");
    ladder.rung(&put(&admin, &account, &body), "GROUP_DISABLED");
    edit(server, &format!("UPDATE account_groups SET enabled = 1 WHERE id = {of_group}"));
    ladder.rung(&put(&admin, &account, &body), "GROUP_WITHOUT_CURRENCY");
    edit(server, &format!("UPDATE group_currencies SET enabled = 1 WHERE group_id = {of_group}"));
    ladder.rung(&put(&admin, &account, &body), "GROUP_MODE_DIFFERS");
    body["groupId"] = Value::Null;
    ladder.rung(&put(&admin, &account, &body), "ACCOUNT_ARCHIVED");
    require_approval(server, &own, false);
    let profile = admin.new_profile();
    let (one, other) = (admin.new_account_of(&profile, "USD"), admin.new_account_of(&profile, "USD"));
    put(&admin, &one, &json!({"alias": "rung"})).ok();
    let mut ladder = ladders.begin();
    ladder.rung(&put(&admin, &other, &json!({"alias": "rung", "version": "77"})), "DUPLICATE_ALIAS");
    ladder.rung(&put(&admin, &other, &json!({"alias": "free", "version": "77"})), "VERSION_MISMATCH");
}

pub(super) fn locks_and_archiving(ladders: &Ladders, server: &Server) {
    let (admin, operator) = (server.admin(), server.operator("operator", &[]));
    let (account, gone) = (admin.new_account("USD"), admin.new_account("USD"));
    let lock = |caller: &Caller<'_>, id: &str, kind: &str| {
        caller.post(&format!("/accounts/{id}/lock"), &json!({"type": kind}))
    };
    lock(&admin, &account, "SYS").ok();
    admin.delete(&format!("/accounts/{gone}")).ok();
    let mut ladder = ladders.begin();
    ladder.rung(&lock(&operator, NOBODY, "SYS"), "RIGHT_MISSING");
    ladder.rung(&lock(&operator, NOBODY, "XYZ"), "INVALID_FIELD");
    ladder.rung(&lock(&operator, NOBODY, "CST"), "NOT_FOUND");
    ladder.rung(&lock(&operator, &gone, "CST"), "ACCOUNT_ARCHIVED");
    ladder.rung(&lock(&operator, &account, "CST"), "LOCK_KEPT");
    admin.step(&format!("/accounts/{account}/unlock")).ok();
    admin.deposit(&account, "5");
    let hold = admin.ask(&account, "holds", "5");
    let announced = admin.ask(&account, "deposits", "5");
    let archive = |caller: &Caller<'_>, id: &str| caller.delete(&format!("/accounts/{id}"));
    let mut ladder = ladders.begin();
    ladder.rung(&archive(&admin, NOBODY), "NOT_FOUND");
    ladder.rung(&archive(&admin.with("If-Match", "\"77\""), &account), "VERSION_MISMATCH");
    ladder.rung(&archive(&admin, &account), "BALANCE_NOT_ZERO");
    let fee = json!({"amount": "-5", "action": "DEAL_ACTION_FEE"});
    set_account(server, &account, "minimum_minor = -1000");
    edit(server, "UPDATE account_groups SET minimum_balance = '-500'");
    admin.post(&format!("/accounts/{account}/balance"), &fee).ok();
    ladder.rung(&archive(&admin, &account), "HOLDS_LEFT");
    admin.step(&format!("/holds/{hold}/release")).ok();
    ladder.rung(&archive(&admin, &account), "PENDING_LEFT");
    admin.step(&format!("/deposits/{announced}/return")).ok();
    let working = order(&account, "1", 0, ("BUY", "1", "1"));
    accept(&admin, &[fill(&account, "1", 0, ("BUY", "0.01", "1.1")), working]);
    ladder.rung(&archive(&admin, &account), "POSITIONS_OPEN");
    accept(&admin, &[fill(&account, "2", 1, ("SELL", "0.01", "1.1"))]);
    ladder.rung(&archive(&admin, &account), "ORDERS_WORKING");
    accept(&admin, &[with(order(&account, "1", 2, ("BUY", "1", "1")), json!({"state": "cancelled"}))]);
    archive(&admin, &account).ok();
}

pub(super) fn owners(ladders: &Ladders, server: &Server) {
    let (admin, retail) = (server.admin(), server.operator("operator", &["retail"]));
    let mut ladder = ladders.begin();
    ladder.rung(&retail.get("/trial-balance?at=9000-01-01T00:00:00Z"), "LIMITED_BY_TAGS");
    ladder.rung(&admin.get("/trial-balance?at=9000-01-01T00:00:00Z"), "OUT_OF_RANGE");
    let (mine, hidden) = (retail.new_profile(), admin.new_profile());
    let account = retail.new_account_of(&mine, "USD");
    fn old<'a>(caller: &Caller<'a>) -> Caller<'a> {
        caller.with("If-Match", "\"77\"")
    }
    let add = |caller: &Caller<'_>, id: &str, profile: &str| {
        caller.post(&format!("/accounts/{id}/owners"), &json!({"profileId": profile, "access": "READ"}))
    };
    let remove = |caller: &Caller<'_>| caller.delete(&format!("/accounts/{account}/owners/{mine}"));
    let mut ladder = ladders.begin();
    ladder.rung(&add(&old(&admin), NOBODY, &mine), "NOT_FOUND");
    ladder.rung(&add(&old(&admin), &account, &mine), "DUPLICATE_OWNER");
    ladder.rung(&add(&old(&admin), &account, &hidden), "VERSION_MISMATCH");
    for status in ["pending", "denied", "deceased", "archived"] {
        edit(
            server,
            &format!(
                "UPDATE profiles SET status = '{status}', deceased_on = '2026-01-01' WHERE uuid = {}",
                sql_id(&hidden)
            ),
        );
        ladder.rung(&add(&admin, &account, &hidden), &format!("PROFILE_{}", status.to_uppercase()));
    }
    edit(
        server,
        &format!("UPDATE profiles SET status = 'verified', deceased_on = NULL WHERE uuid = {}", sql_id(&hidden)),
    );
    let step = |caller: &Caller<'_>, id: &str, way: &str| caller.step(&format!("/profiles/{id}/{way}"));
    for (way, reason) in [("deny", "PROFILE_VERIFIED"), ("archive", "ACCOUNTS_LEFT")] {
        let mut ladder = ladders.begin();
        ladder.rung(&step(&old(&admin), NOBODY, way), "NOT_FOUND");
        ladder.rung(&step(&old(&admin), &mine, way), "VERSION_MISMATCH");
        ladder.rung(&step(&admin, &mine, way), reason);
    }
    let mut ladder = ladders.begin();
    ladder.rung(&remove(&old(&retail)), "VERSION_MISMATCH");
    ladder.rung(&remove(&retail), "LAST_OWNER");
    add(&admin, &account, &hidden).ok();
    ladder.rung(&remove(&retail), "HEIR_HIDDEN");
}
