//! Texts: what looks the same is the same, and what cannot be seen does not distinguish.

use super::harness::{Caller, PASSWORD, Reply, Server, unique};
use super::upgrade::turn_back;
use rusqlite::Connection;
use serde_json::{Value, json};

/// Every byte of a text, percent-encoded.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// The total of a list with this filter.
#[track_caller]
fn total(caller: &Caller<'_>, list: &str, name: &str, value: &str) -> String {
    caller.get(&format!("{list}?{}={}", encoded(name), encoded(value))).ok().text_at("total")
}

/// Tries to create a client with these fields.
fn create(caller: &Caller<'_>, fields: &Value) -> Reply {
    let mut body = json!({"email": format!("{}@example.com", unique("text"))});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    caller.post("/profiles", &body)
}

#[test]
fn texts_are_stored_and_found_in_one_form() {
    let server = Server::start("");
    let admin = server.admin();
    let (composed, decomposed) = ("Zo\u{eb}", "Zoe\u{308}");
    let fields = json!({
        "firstName": decomposed, "address": format!("{decomposed}\n1"), "reference": decomposed, "category": decomposed,
        "tags": [decomposed], "customFields": {decomposed: decomposed}, "metadata": {decomposed: decomposed},
    });
    let profile = create(&admin, &fields).ok();
    for member in ["firstName", "reference", "category", "tags/0"] {
        assert_eq!(profile.text_at(member), composed, "{member}");
    }
    assert_eq!(profile.text_at("address"), format!("{composed}\n1"));
    assert_eq!(profile.json()["customFields"], json!({composed: composed}));
    assert_eq!(profile.json()["metadata"], json!({composed: composed}));
    let account = admin.new_account_of(&profile.text_at("id"), "USD");
    let labels = json!({"name": decomposed, "alias": decomposed, "reference": decomposed});
    assert_eq!(admin.put(&format!("/accounts/{account}"), &labels).ok().text_at("alias"), composed);
    for typed in [composed, decomposed] {
        let custom = format!("customField.{typed}");
        let metadata = format!("metadata.{typed}");
        for (list, names) in [
            ("/profiles", &["reference", "category", "tag", &custom, &metadata, "search"][..]),
            ("/accounts", &["name", "alias", "reference", "tag", "search"]),
        ] {
            for name in names {
                assert_eq!(total(&admin, list, name, typed), "1", "{list} {name} {typed:?}");
            }
        }
        create(&admin, &json!({"reference": typed})).refused("DUPLICATE_REFERENCE");
    }
    // Operators see by tags, whichever form they were given.
    let operator = server.operator("viewer", &[decomposed]);
    assert_eq!(operator.get("/profiles").ok().text_at("total"), "1");
    let movement = admin.post(
        &format!("/accounts/{account}/deposits"),
        &json!({"amount": "1", "reason": decomposed, "reference": decomposed}),
    );
    assert_eq!((movement.text_at("reason"), movement.text_at("reference")), (composed.into(), composed.into()));
    create(&admin, &json!({"metadata": {composed: 1, decomposed: 2}})).refused("INVALID_FIELD").naming("metadata");
}

#[test]
fn invisible_characters_are_refused_where_texts_are_compared() {
    let server = Server::shared();
    let admin = server.admin();
    let account = admin.new_account("USD");
    let invisible = [
        '\0', '\t', '\n', '\u{85}', '\u{ad}', '\u{200b}', '\u{200d}', '\u{200f}', '\u{2028}', '\u{202e}', '\u{2060}',
        '\u{2066}', '\u{3164}', '\u{e000}', '\u{feff}',
    ];
    for c in invisible {
        let text = format!("a{c}b");
        for (field, value) in [
            ("email", json!(format!("{text}@example.com"))),
            ("email", json!(format!("a@ex{c}ample.com"))),
            ("firstName", json!(text)),
            ("lastName", json!(text)),
            ("company", json!(text)),
            ("phone", json!(text)),
            ("zipCode", json!(text)),
            ("reference", json!(text)),
            ("category", json!(text)),
            ("tags", json!([text])),
            ("customFields", json!({ text.as_str(): "x" })),
            ("metadata", json!({ text.as_str(): "x" })),
        ] {
            create(&admin, &json!({ field: value })).refused("INVALID_FIELD").naming(field);
        }
        for field in ["name", "alias", "reference"] {
            let change = json!({ field: text });
            admin.put(&format!("/accounts/{account}"), &change).refused("INVALID_FIELD").naming(field);
        }
        let deposit = json!({"amount": "1", "reference": text});
        admin.post(&format!("/accounts/{account}/deposits"), &deposit).refused("INVALID_FIELD").naming("reference");
        admin
            .get(&format!("/profiles?email={}", encoded(&format!("a{c}@b.c"))))
            .refused("INVALID_FIELD")
            .naming("email");
    }
    for blank in [' ', '\u{a0}', '\u{3000}'] {
        for text in [format!("{blank}a"), format!("a{blank}")] {
            create(&admin, &json!({"reference": text})).refused("INVALID_FIELD").naming("reference");
            let deposit = json!({"amount": "1", "reference": text});
            admin.post(&format!("/accounts/{account}/deposits"), &deposit).refused("INVALID_FIELD").naming("reference");
            let email = encoded(&format!("{text}@b.c"));
            admin.get(&format!("/profiles?email={email}")).refused("INVALID_FIELD").naming("email");
        }
    }
}

#[test]
fn names_of_all_scripts_and_notes_of_several_lines_are_kept() {
    let server = Server::shared();
    let admin = server.admin();
    let names = ["می\u{200c}خواهم", "ශ\u{dca}\u{200d}රී", "葛\u{e0100}飾 一朗", "Nguyễn Thị", "عمر", "🙂"];
    for name in names {
        assert_eq!(create(&admin, &json!({"firstName": name})).ok().text_at("firstName"), name);
    }
    let note = "first\r\n\tsecond 👩\u{200d}💻";
    let fields = json!({"metaData": note, "address": "c/o Doe\n1 Street", "metadata": {"k": note}});
    let profile = create(&admin, &fields).ok();
    assert_eq!((profile.text_at("metaData"), profile.text_at("metadata/k")), (note.into(), note.into()));
    let account = admin.new_account_of(&profile.text_at("id"), "USD");
    admin.post(&format!("/accounts/{account}/deposit"), &json!({"amount": "1", "comment": note})).ok();
    assert_eq!(admin.deals(&account)[0]["comment"], note);
    for bad in ["a\u{1b}[2J", "a\u{202e}b", "a\0"] {
        let deposit = json!({"amount": "1", "comment": bad});
        admin.post(&format!("/accounts/{account}/deposit"), &deposit).refused("INVALID_FIELD").naming("comment");
    }
}

#[test]
fn an_international_address_is_one_in_every_spelling() {
    let server = Server::start("");
    let admin = server.admin();
    let spellings = [
        "Jane@M\u{fc}nchen.example",
        "jane@mu\u{308}nchen.example",
        "jane@xn--mnchen-3ya.example",
        "JANE@XN--MNCHEN-3YA.EXAMPLE",
        "jane@m\u{fc}nchen\u{3002}example",
    ];
    let first = admin.post("/profiles", &json!({"email": spellings[0], "password": PASSWORD})).ok();
    assert_eq!(first.text_at("email"), spellings[0], "it is shown as it was given");
    for spelling in spellings {
        admin.post("/profiles", &json!({"email": spelling})).refused("DUPLICATE_EMAIL");
        assert_eq!(total(&admin, "/profiles", "email", spelling), "1", "{spelling}");
        assert_eq!(total(&admin, "/profiles", "search", spelling), "1", "{spelling}");
        let session = admin.post("/trade/login", &json!({"email": spelling, "password": PASSWORD})).ok();
        let told = admin.post("/trade/introspect", &json!({"token": session.text_at("accessToken")})).ok();
        assert_eq!(told.text_at("sub"), first.text_at("id"), "{spelling}");
    }
    for other in ["jane@munchen.example", "jane@muenchen.example"] {
        assert_eq!(total(&admin, "/profiles", "email", other), "0");
    }
    admin.post("/profiles", &json!({"email": "a@xn--a.example"})).refused("INVALID_FIELD").naming("email");
}

#[test]
fn addresses_of_an_older_database_are_compared_in_the_form_of_today() {
    let mut server = Server::start("");
    let make = |email: &str| server.admin().post("/profiles", &json!({"email": email})).ok().text_at("id");
    let (alone, one, other) = (make("alone@example.com"), make("one@example.com"), make("other@example.com"));
    server.restart_after(|file| {
        turn_back(file, 8);
        let database = Connection::open(file).unwrap();
        // As earlier versions stored them: in any form, folded by case only.
        for (old, email) in [
            ("alone@example.com", "zoe\u{308}@MU\u{308}nchen.example"),
            ("one@example.com", "jane@XN--mnchen-3ya.example"),
            ("other@example.com", "Jane@M\u{fc}nchen.example"),
        ] {
            let sql = "UPDATE profiles SET email = ?2, email_folded = ?3 WHERE email = ?1";
            assert_eq!(database.execute(sql, (old, email, email.to_lowercase())).unwrap(), 1);
        }
        let names = "UPDATE principals SET name = ?1, name_folded = ?1 WHERE name = 'dev'";
        assert_eq!(database.execute(names, ["zoe\u{308}"]).unwrap(), 1);
    });
    let admin = server.admin();
    let found = |email: &str| {
        let found = admin.get(&format!("/profiles?email={}", encoded(email))).ok();
        assert_eq!(found.text_at("total"), "1", "{email}");
        found.text_at("profiles/0/id")
    };
    assert_eq!(found("zo\u{eb}@m\u{fc}nchen.example"), alone);
    // The one whose address was in this form keeps it; the other client is there and can be given another address.
    assert_eq!(found("jane@m\u{fc}nchen.example"), one);
    server.await_log("e-mail address of another client", 1);
    let path = format!("/profiles/{other}");
    assert_eq!(admin.get(&path).ok().text_at("email"), "Jane@M\u{fc}nchen.example");
    admin.put(&path, &json!({"email": "Jane@M\u{fc}nchen.example"})).refused("DUPLICATE_EMAIL");
    admin.put(&path, &json!({"email": "jane2@m\u{fc}nchen.example"})).ok();
    assert_eq!(found("jane2@xn--mnchen-3ya.example"), other);
    admin.post("/profiles", &json!({"email": "zoe\u{308}@m\u{fc}nchen.example"})).refused("DUPLICATE_EMAIL");
    server.anyone().post("/user/login", &json!({"username": "ZO\u{cb}", "password": server.banner["password"]})).ok();
    assert_eq!(server.command(&["audit"])["ok"], true);
}
