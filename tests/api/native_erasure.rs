//! Erasing the personal data of an archived client.

use super::harness::{Caller, PASSWORD, Server, unique};
use super::tampering::{audit, findings};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// Words that nothing but the client's data contains, in the case in which indexes fold them.
const WORDS: [&str; 7] =
    ["quuxlinda", "zyxwoman", "plughstreet", "xyzzyfree", "frobfield", "grundlabel", "bleemreason"];

struct Client {
    id: String,
    account: String,
    /// Another client's account that got money from it.
    other: String,
}

/// An archived client with something personal everywhere, and without accounts that are not archived.
fn archived(admin: &Caller<'_>) -> Client {
    let id = admin.key("made").post("/profiles", &personal()).ok().text_at("id");
    let mut opening = json!({"profileId": id, "currency": "USD", "groupId": admin.group("USD", false)});
    for (field, value) in [("name", "Grundlabel savings"), ("alias", "grundlabel"), ("reference", "wibblecrm-2")] {
        opening[field] = value.into();
    }
    opening["metadata"] = json!({"note": "frobfield"});
    let account = admin.post("/accounts", &opening).ok().text_at("account/id");
    let other = admin.new_account("USD");
    let paid = json!({"amount": "100", "comment": "from Quuxlinda"});
    admin.post(&format!("/accounts/{account}/deposit"), &paid).ok();
    let moved = json!({"fromAccountId": account, "toAccountId": other, "amount": "60", "reason": "bleemreason"});
    admin.post("/transfers", &moved).ok();
    let asked = json!({"amount": "40", "reason": "bleemreason again"});
    let withdrawal = admin.post(&format!("/accounts/{account}/withdrawals"), &asked).ok().text_at("id");
    for step in ["approve", "pay"] {
        admin.step(&format!("/withdrawals/{withdrawal}/{step}")).ok();
    }
    let renamed = json!({"email": "quuxlinda@example.com", "firstName": "Quuxlinda", "lastName": "Zyxwoman-Smith"});
    admin.put(&format!("/profiles/{id}"), &renamed).ok();
    admin.put(&format!("/profiles/{id}"), &personal()).ok();
    admin.delete(&format!("/accounts/{account}")).ok();
    admin.step(&format!("/profiles/{id}/archive")).ok();
    Client { id, account, other }
}

fn personal() -> Value {
    json!({
        "email": "quuxlinda@example.com", "firstName": "Quuxlinda", "lastName": "Zyxwoman", "address": "Plughstreet 7",
        "metaData": "xyzzyfree text", "reference": "wibblecrm-1", "category": "retail",
        "customFields": {"desk": "frobfield"}, "metadata": {"iban": "frobfield-iban"}, "password": PASSWORD,
    })
}

/// Salts of all clients and accounts.
fn salts(file: &Path) -> Vec<Vec<u8>> {
    let live = Connection::open(file).unwrap();
    let sql = "SELECT salt FROM profile_salts UNION ALL SELECT salt FROM account_salts";
    let mut statement = live.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn what_is_personal_about_an_archived_client_is_erased_and_the_audit_stays_clean() {
    let mut server = Server::start("");
    let admin = server.admin();
    let Client { id, account, other } = archived(&admin);
    let file = server.data_dir().join("bursar.db");
    let before = salts(&file);
    let version = admin.get(&format!("/profiles/{id}")).ok().header("etag").map(str::to_owned);
    let reply = admin.step(&format!("/profiles/{id}/erase")).ok();
    assert_ne!(reply.header("etag").map(str::to_owned), version);
    let erased = reply.json();
    assert_eq!((&erased["email"], &erased["status"]), (&json!(format!("erased-{id}@invalid")), &json!("ARCHIVED")));
    for field in ["firstName", "lastName", "address", "metaData", "reference", "category"] {
        assert_eq!(erased[field], "", "{field}");
    }
    assert_eq!((&erased["customFields"], &erased["metadata"]), (&json!({}), &json!({})));
    assert_eq!(admin.get(&format!("/profiles/{id}")).ok().json(), erased);
    let shown = admin.get(&format!("/accounts/{account}")).ok().json();
    assert_eq!((&shown["name"], &shown["reference"], &shown["metadata"]), (&json!(""), &json!(""), &json!({})));
    for account in [&account, &other] {
        for deal in admin.deals(account) {
            assert!(deal["comment"].is_null() || deal["comment"] == "", "{deal}");
        }
    }
    for word in ["quuxlinda", "zyxwoman", "wibblecrm"] {
        for list in ["profiles?", "accounts?archived=true&"] {
            assert_eq!(admin.get(&format!("/{list}search={word}")).ok().text_at("total"), "0", "{word}");
        }
    }
    // The first outcome told her details; that it was made is still known.
    admin.key("made").post("/profiles", &personal()).refused("IDEMPOTENCY_CONFLICT");
    let rows = admin.get("/audit-log?action=profile.erase").ok().json();
    assert_eq!((&rows["rows"][0]["objectId"], rows["rows"].as_array().unwrap().len()), (&json!(id), 1), "{rows}");
    let events = admin.get("/events?types=profile.erased").ok().json();
    assert!(events.to_string().contains(&id), "{events}");
    // Twice is no harm.
    admin.step(&format!("/profiles/{id}/erase")).ok();
    server.trace();

    server.stop();
    let output = audit(&file);
    assert_eq!(findings(&output), [""; 0]);
    let after = salts(&file);
    assert_eq!(before.iter().filter(|salt| !after.contains(salt)).count(), 2, "of the client and its account");
    let bytes = fs::read(&file).unwrap().to_ascii_lowercase();
    let left: Vec<_> =
        WORDS.iter().filter(|word| bytes.windows(word.len()).any(|found| found == word.as_bytes())).collect();
    assert_eq!(left, [&""; 0], "words are left in the file");
    let bytes = fs::read(&file).unwrap();
    let gone = before.iter().filter(|salt| !after.contains(salt));
    for salt in gone {
        assert!(!bytes.windows(salt.len()).any(|found| found == salt), "a salt is left in the file");
    }
}

#[test]
fn an_erasure_by_hand_is_found() {
    let server = Server::start("");
    let admin = server.admin();
    let Client { id, .. } = archived(&admin);
    admin.step(&format!("/profiles/{id}/erase")).ok();
    // Address and reference may be used again.
    admin.post("/profiles", &personal()).ok();
    let clean = server.home().join("clean.db");
    let live = Connection::open(server.data_dir().join("bursar.db")).unwrap();
    live.execute("VACUUM INTO ?1", [clean.display().to_string()]).unwrap();
    assert_eq!(findings(&audit(&clean)), [""; 0]);
    for sql in [
        "UPDATE profiles SET first_name = 'Quuxlinda' WHERE first_name = ''",
        "UPDATE profile_salts SET salt = randomblob(16)",
        "UPDATE movements SET reason = 'bleemreason' WHERE kind = 'transfer'",
        "DELETE FROM audit_log WHERE action = 'profile.erase'",
    ] {
        assert!(!findings(&audit(&super::tampering::tampered(&clean, sql))).is_empty(), "{sql}");
    }
}

#[test]
fn an_erasure_is_replayed() {
    let server = Server::start("");
    let admin = server.admin();
    let Client { id, .. } = archived(&admin);
    let keyed = admin.key("erase");
    let path = format!("/profiles/{id}/erase");
    let (first, again) = (keyed.step(&path).ok(), keyed.step(&path).ok());
    assert!(!first.is_replayed() && again.is_replayed() && first.text == again.text);
    server.trace();
}

#[test]
fn refused_erasures_leave_no_trace() {
    let server = Server::start("");
    let admin = server.admin();
    let profile = admin.new_profile_with(&json!({"tags": ["vip"], "email": format!("{}@example.com", unique("kept"))}));
    let Client { id, .. } = archived(&admin);
    let narrowed = server.operator("admin", &["retail"]);
    let nobody = "01a21c3d-dc20-7729-a734-18b19efa2fca";
    let before = server.trace();
    admin.step(&format!("/profiles/{profile}/erase")).refused("PROFILE_VERIFIED");
    admin.step(&format!("/profiles/{nobody}/erase")).refused("NOT_FOUND");
    admin.step("/profiles/x/erase").refused("INVALID_FIELD");
    admin.with("If-Match", "\"99\"").step(&format!("/profiles/{id}/erase")).refused("VERSION_MISMATCH");
    for role in ["viewer", "operator"] {
        server.operator(role, &[]).step(&format!("/profiles/{id}/erase")).refused("RIGHT_MISSING");
    }
    for hidden in [&profile, &id] {
        narrowed.step(&format!("/profiles/{hidden}/erase")).refused("NOT_FOUND");
    }
    assert_eq!(server.trace(), before);
    assert_eq!(admin.get(&format!("/profiles/{id}")).ok().text_at("firstName"), "Quuxlinda");
}
