//! Searching for clients and accounts by what people type.

use super::harness::{Caller, Reply, Server};
use serde_json::{Value, json};

/// One member of each row of an answer, in order.
fn shown(reply: &Reply, rows: &str, member: &str) -> Vec<String> {
    let body = reply.json();
    let text = |row: &Value| row[member].as_str().unwrap().to_owned();
    body[rows].as_array().unwrap().iter().map(text).collect()
}

/// The URL of a search.
fn search(path: &str, text: &str) -> String {
    let text: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("{path}?search={text}")
}

/// The local parts of the e-mail addresses that a search for clients finds.
fn clients(caller: &Caller<'_>, text: &str) -> Vec<String> {
    let found = shown(&caller.get(&search("/profiles", text)).ok(), "profiles", "email");
    found.iter().map(|email| email.split('@').next().unwrap().to_owned()).collect()
}

/// The names of the accounts that a search finds.
fn accounts(caller: &Caller<'_>, text: &str) -> Vec<String> {
    shown(&caller.get(&search("/accounts", text)).ok(), "accounts", "name")
}

/// Creates a client; its e-mail address begins with this name.
fn client(caller: &Caller<'_>, name: &str, mut fields: Value) -> String {
    fields["email"] = format!("{name}@example.com").into();
    caller.post("/profiles", &fields).ok().text_at("id")
}

#[test]
fn clients_are_found_by_words_of_all_their_names_in_any_spelling() {
    let server = Server::start("");
    let admin = server.admin();
    client(&admin, "jm", json!({"firstName": "Jürgen", "lastName": "Müller-Łukasz", "company": "Straßenbau AG"}));
    client(&admin, "ob", json!({"firstName": "Séamus", "lastName": "O'Brien", "phone": "+49 (0)170 123-4567"}));
    client(&admin, "sz", json!({"firstName": "一朗", "lastName": "鈴木", "reference": "CRM-4711/x"}));
    for (text, found) in [
        ("jurgen", &["jm"][..]),
        ("JÜRGEN müll", &["jm"]),
        ("Lukasz", &["jm"]),
        ("strassen", &["jm"]),
        ("muller straßenbau", &["jm"]),
        ("jurgen obrien", &[]),
        ("O’Brien", &["ob"]),
        ("obri seam", &["ob"]),
        ("0170 1234567", &["ob"]),
        ("+49170123", &["ob"]),
        ("0049 (170) 123", &["ob"]),
        ("鈴", &["sz"]),
        ("crm-4711/X", &["sz"]),
        ("ob@example.com", &["ob"]),
        ("example.com", &["jm", "ob", "sz"]),
        ("urgen", &[]),
        ("\" OR jurgen", &[]),
        ("name:jurgen*", &[]),
    ] {
        assert_eq!(clients(&admin, text), found, "{text}");
    }
}

#[test]
fn the_best_match_comes_first_and_other_filters_still_count() {
    let server = Server::start("");
    let admin = server.admin();
    client(&admin, "begins", json!({"lastName": "Doering", "tags": ["vip"]}));
    client(&admin, "company", json!({"lastName": "Smith", "company": "Doe & Sons"}));
    client(&admin, "name", json!({"lastName": "Doe", "tags": ["vip"]}));
    client(&admin, "reference", json!({"lastName": "Roe", "reference": "Doe"}));
    let reply = admin.get(&search("/profiles", "Doe")).ok();
    assert_eq!(clients(&admin, "Doe"), ["reference", "name", "company", "begins"]);
    assert_eq!(reply.text_at("total"), "4");
    let vip = admin.get(&format!("{}&tag=vip&perPage=1&page=2", search("/profiles", "doe"))).ok();
    assert_eq!(
        (shown(&vip, "profiles", "email"), vip.text_at("total")),
        (vec!["begins@example.com".into()], "2".into())
    );
    assert_eq!(clients(&server.operator("viewer", &["vip"]), "doe"), ["name", "begins"]);
}

#[test]
fn the_index_follows_every_change() {
    let server = Server::start("");
    let admin = server.admin();
    let id = client(&admin, "jane", json!({"lastName": "Before", "reference": "r-before"}));
    let account = admin.new_account_of(&id, "EUR");
    let change = json!({"email": "joan@example.com", "lastName": "After", "reference": "r-after"});
    admin.put(&format!("/profiles/{id}"), &change).ok();
    admin.put(&format!("/profiles/{id}"), &json!({"email": "joan@example.com", "lastName": "Afterwards"})).ok();
    assert_eq!(clients(&admin, "afterwards").len(), 1, "the reference was lost");
    let settings = json!({"name": "Savings", "alias": "nest-egg", "reference": "a-1"});
    admin.put(&format!("/accounts/{account}"), &settings).ok();
    for (text, found) in [("before", 0), ("r-before", 0), ("jane", 0), ("afterwards", 1), ("r-after", 1), ("joan", 1)] {
        assert_eq!(clients(&admin, text).len(), found, "{text}");
        assert_eq!(accounts(&admin, text).len(), found, "{text}");
    }
    for text in ["saving", "nest", "a-1", "afterwards saving", "savings joan@example.com"] {
        assert_eq!(accounts(&admin, text), ["Savings"], "{text}");
    }
    assert_eq!(accounts(&admin, "before saving"), [""; 0]);
    admin.put(&format!("/accounts/{account}"), &json!({"name": "Holidays"})).ok();
    assert_eq!((accounts(&admin, "savings").len(), accounts(&admin, "holidays").len()), (0, 1));
    admin.post("/sandbox/reset", &json!({})).ok();
    assert_eq!(clients(&admin, "after"), [""; 0]);
    assert_eq!(accounts(&admin, "holidays"), [""; 0]);
}

#[test]
fn accounts_are_found_by_their_numbers_and_their_owners() {
    let server = Server::start("");
    let admin = server.admin();
    let (jane, paul) =
        (client(&admin, "jane", json!({"lastName": "Doe"})), client(&admin, "paul", json!({"tags": ["x"]})));
    let account = admin.new_account_of(&jane, "EUR");
    admin.put(&format!("/accounts/{account}"), &json!({"name": "Joint"})).ok();
    admin.new_account_of(&paul, "EUR");
    let one = admin.get(&format!("/accounts/{account}")).ok().json();
    let number = one["accountNumber"].as_str().unwrap();
    for by in [
        format!("number={}", one["number"]),
        format!("accountNumber={number}"),
        format!("search={number}"),
        format!("search={}", &number[..number.len()]),
        "search=jane+DOE".into(),
    ] {
        assert_eq!(
            shown(&admin.get(&format!("/accounts?{by}")).ok(), "accounts", "id"),
            std::slice::from_ref(&account),
            "{by}"
        );
    }
    assert_eq!(shown(&admin.get("/accounts?number=99999").ok(), "accounts", "id"), [""; 0]);
    admin.post(&format!("/accounts/{account}/owners"), &json!({"profileId": paul, "access": "FULL"})).ok();
    assert!(accounts(&admin, "paul").contains(&"Joint".into()), "the account is not found by its second owner");
    // A caller who sees the account but not its second owner learns nothing of that owner.
    admin
        .put(&format!("/profiles/{jane}"), &json!({"email": "jane@example.com", "lastName": "Doe", "tags": ["y"]}))
        .ok();
    let viewer = server.operator("viewer", &["y"]);
    assert_eq!((accounts(&viewer, "doe"), accounts(&viewer, "paul")), (vec!["Joint".to_owned()], vec![]));
}

#[test]
fn invalid_searches_are_refused() {
    let server = Server::shared();
    let admin = server.admin();
    for path in ["/profiles", "/accounts"] {
        for (text, reason) in
            [("--".to_owned(), "INVALID_FIELD"), ("a".repeat(101), "OUT_OF_RANGE"), ("a ".repeat(11), "OUT_OF_RANGE")]
        {
            admin.get(&search(path, &text)).refused(reason).naming("search");
        }
        admin.get(&format!("{path}?search=")).ok();
    }
    admin.get("/accounts?number=x").refused("INVALID_FIELD");
}
