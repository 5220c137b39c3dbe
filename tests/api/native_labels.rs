//! Labels of clients and accounts: references, categories, names, aliases, custom fields, metadata.

use super::harness::{Caller, Reply, Server, unique};
use serde_json::{Value, json};
use std::sync::Barrier;
use std::thread;

/// The body to open an account of this client with these fields.
fn opening(admin: &Caller<'_>, profile: &str, fields: &Value) -> Value {
    let mut body = json!({"profileId": profile, "currency": "USD", "groupId": admin.group("USD", false)});
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn open(admin: &Caller<'_>, profile: &str, fields: &Value) -> Reply {
    admin.post("/accounts", &opening(admin, profile, fields))
}

/// Opens an account of a new client with these fields; returns its id.
#[track_caller]
fn account_with(admin: &Caller<'_>, fields: &Value) -> String {
    open(admin, &admin.new_profile(), fields).ok().text_at("account/id")
}

/// Creates a client with these fields; returns the reply.
fn create(admin: &Caller<'_>, fields: &Value) -> Reply {
    let mut body = json!({"email": format!("{}@example.com", unique("labels"))});
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    admin.post("/profiles", &body)
}

#[test]
fn labels_come_back_as_they_were_sent() {
    let server = Server::shared();
    let admin = server.admin();
    let reference = unique("Kunde-鈴木");
    let text = format!(
        r#"{{"email":"{}@example.com","metaData":"free text","reference":"{reference}","category":"Ærlig",
            "customFields":{{"شعبة":"الأول","desk":"zrh\n2","gone":null}},
            "metadata":{{"score":1.10,"exp":-2E+05,"big":123456789012345678901234567890,"vip":true,"poor":false,
                         "note":"Žofie 🙂","empty":"","gone":null}}}}"#,
        unique("text")
    );
    let made = admin.post_text("/profiles", &text).ok();
    let read = admin.get(&format!("/profiles/{}", made.text_at("id"))).ok();
    assert_eq!(read.text, made.text);
    let json = read.json();
    assert_eq!((&json["reference"], &json["category"]), (&json!(reference), &json!("Ærlig")));
    assert_eq!(json["customFields"], json!({"desk": "zrh\n2", "شعبة": "الأول"}));
    assert_eq!(json["metaData"], "free text");
    for (key, digits) in [
        ("score", "1.10"),
        ("exp", "-2E+05"),
        ("big", "123456789012345678901234567890"),
        ("vip", "true"),
        ("poor", "false"),
        ("empty", "\"\""),
        ("note", "\"Žofie 🙂\""),
    ] {
        assert_eq!(read.digits(&format!("metadata/{key}")), digits);
    }
    assert_eq!(json["metadata"].as_object().unwrap().len(), 7);

    let fields = json!({"name": "Réserve", "alias": "rainy-day", "reference": reference, "category": "savings",
                        "customFields": {"customField1": "x"}, "metadata": {"desk": "zrh"}});
    let opened = open(&admin, &made.text_at("id"), &fields).ok();
    let account = admin.get(&format!("/accounts/{}", opened.text_at("account/id"))).ok().json();
    for (name, value) in fields.as_object().unwrap() {
        assert_eq!(&account[name], value, "{name}");
    }
    assert_eq!(opened.json()["account"], account);

    let bare = admin.new_account("USD");
    let bare = admin.get(&format!("/accounts/{bare}")).ok().json();
    for name in ["name", "alias", "reference", "category"] {
        assert_eq!(bare[name], "", "{name}");
    }
    assert_eq!((&bare["customFields"], &bare["metadata"]), (&json!({}), &json!({})));
}

#[test]
fn omitted_labels_stay_and_null_or_empty_removes_them() {
    let server = Server::shared();
    let admin = server.admin();
    let labels = || {
        let custom = json!({"a": "1", "b": "2"});
        json!({"reference": unique("ref"), "category": "c", "customFields": custom, "metadata": {"k": 1}})
    };
    let first = create(&admin, &labels()).ok().json();
    let path = format!("/profiles/{}", first["id"].as_str().unwrap());
    let put = |fields: Value| {
        let mut body = json!({"email": first["email"]});
        for (name, value) in fields.as_object().unwrap() {
            body[name] = value.clone();
        }
        admin.put(&path, &body).ok().json()
    };
    let kept = put(json!({"city": "Oslo"}));
    let names = ["reference", "category", "customFields", "metadata"];
    for name in names {
        assert_eq!(kept[name], first[name], "{name}");
    }
    let replaced = put(json!({"customFields": {"b": "3"}, "metadata": {"l": true}}));
    assert_eq!((&replaced["customFields"], &replaced["metadata"]), (&json!({"b": "3"}), &json!({"l": true})));
    for empty in [json!(null), json!("")] {
        put(labels());
        let removed =
            put(json!({"reference": empty, "category": empty, "customFields": {"a": empty}, "metadata": null}));
        assert_eq!(names.map(|name| removed[name].clone()), [json!(""), json!(""), json!({}), json!({})]);
    }
    put(labels());
    assert_eq!(put(json!({"customFields": {}, "metadata": {}}))["customFields"], json!({}));
    assert_eq!(put(json!({"reference": first["reference"]}))["reference"], first["reference"]);

    let account = account_with(&admin, &json!({"name": "n", "alias": "a", "metadata": {"k": "v"}}));
    let path = format!("/accounts/{account}");
    let changed = admin.put(&path, &json!({"alias": null, "category": "new"})).ok();
    assert_eq!((changed.header("etag"), changed.text_at("version")), (Some("\"2\""), "2".into()));
    let changed = changed.json();
    assert_eq!((&changed["name"], &changed["alias"], &changed["category"]), (&json!("n"), &json!(""), &json!("new")));
    assert_eq!(changed["metadata"], json!({"k": "v"}));
    let same = admin.put(&path, &json!({"name": "n", "category": "new", "metadata": {"k": "v"}})).ok();
    assert_eq!(same.text_at("version"), "2", "the version rose without a change");
    admin.put(&path, &json!({"name": "m", "version": 1})).refused("VERSION_MISMATCH");
    admin.with("If-Match", "\"2\"").put(&path, &json!({"name": ""})).ok();
    assert_eq!(admin.get(&path).ok().json()["name"], "");
}

/// An object with this many members.
fn members(count: usize, value: &str) -> Value {
    (0..count).map(|n| (format!("k{n}"), json!(value))).collect::<serde_json::Map<_, _>>().into()
}

#[test]
fn each_limit_names_its_field_and_leaves_no_trace() {
    let server = Server::start("");
    let admin = server.admin();
    let profile = admin.new_profile();
    let account = admin.new_account_of(&profile, "USD");
    let email = admin.get(&format!("/profiles/{profile}")).ok().text_at("email");
    let x = |count: usize| "é".repeat(count);
    let (long_key, long_name) = (x(101), x(51));
    let (out, bad) = ("OUT_OF_RANGE", "INVALID_FIELD");
    let common = [
        (json!({"reference": x(101)}), out, "reference"),
        (json!({"reference": "a\u{0}b"}), bad, "reference"),
        (json!({"reference": "a\nb"}), bad, "reference"),
        (json!({"reference": " a"}), bad, "reference"),
        (json!({"reference": 5}), bad, "reference"),
        (json!({"category": x(257)}), out, "category"),
        (json!({"category": "a\u{85}"}), bad, "category"),
        (json!({"customFields": members(21, "v")}), out, "customFields"),
        (json!({"customFields": {long_name: "v"}}), out, "customFields"),
        (json!({"customFields": {"": "v"}}), out, "customFields"),
        (json!({"customFields": {"a\tb": "v"}}), bad, "customFields"),
        (json!({"customFields": {"a": x(256)}}), out, "customFields.a"),
        (json!({"customFields": {"a": "\u{1b}"}}), bad, "customFields.a"),
        (json!({"customFields": {"a": 5}}), bad, "customFields.a"),
        (json!({"customFields": []}), bad, "customFields"),
        (json!({"metadata": members(101, "v")}), out, "metadata"),
        (json!({"metadata": {long_key: "v"}}), out, "metadata"),
        (json!({"metadata": {" a": "v"}}), bad, "metadata"),
        (json!({"metadata": {"a": x(1001)}}), out, "metadata.a"),
        (json!({"metadata": {"a": "\u{7}"}}), bad, "metadata.a"),
        (json!({"metadata": {"a": {"b": 1}}}), bad, "metadata.a"),
        (json!({"metadata": {"a": [1]}}), bad, "metadata.a"),
        (json!({"metadata": members(21, &x(1000))}), out, "metadata"),
        (json!({"metadata": "text"}), bad, "metadata"),
    ];
    let of_accounts = [
        (json!({"name": x(257)}), out, "name"),
        (json!({"name": "a\rb"}), bad, "name"),
        (json!({"alias": x(257)}), out, "alias"),
        (json!({"alias": "a "}), bad, "alias"),
    ];
    let before = server.trace();
    for (fields, reason, field) in common.iter().chain(&of_accounts) {
        let mut profile_body = fields.clone();
        profile_body["email"] = json!(email);
        let mut replies = vec![open(&admin, &profile, fields), admin.put(&format!("/accounts/{account}"), fields)];
        if !["name", "alias"].contains(field) {
            replies.push(create(&admin, fields));
            replies.push(admin.put(&format!("/profiles/{profile}"), &profile_body));
        }
        for reply in replies {
            reply.refused(reason).naming(field);
        }
    }
    let twice = format!(r#"{{"email":"{email}","metadata":{{"a":1,"a":2}}}}"#);
    admin.post_text("/profiles", &twice).refused("INVALID_FIELD").naming("metadata");
    let digits = format!(r#"{{"email":"x@example.com","metadata":{{"a":{}}}}}"#, "1".repeat(101));
    admin.post_text("/profiles", &digits).refused("OUT_OF_RANGE").naming("metadata.a");
    assert_eq!(server.trace(), before);

    // Everything at its maximum.
    let full = json!({"reference": x(100), "category": x(256), "customFields": members(20, &x(255)),
                      "metadata": members(100, &x(100))});
    create(&admin, &full).ok();
    open(&admin, &profile, &full).ok();
}

/// The ids of a list, oldest first, and its total.
#[track_caller]
fn listed(caller: &Caller<'_>, noun: &str, query: &str) -> (Vec<String>, String) {
    let reply = caller.get(&format!("/{noun}?{query}")).ok();
    let ids = reply.json()[noun].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    (ids, reply.text_at("total"))
}

#[test]
fn lists_are_filtered_by_every_label_and_by_several_at_once() {
    let server = Server::start("");
    let admin = server.admin();
    let mut profiles = Vec::new();
    let mut accounts = Vec::new();
    for n in 0..6 {
        let tag = if n % 2 == 0 { "even" } else { "odd" };
        let labels = json!({
            "reference": format!("r&{n}"), "category": if n < 4 { "low" } else { "high" },
            "customFields": {"desk": format!("d{}", n % 3), "a.b": "x"},
            "metadata": {"n": n, "third": n % 3 == 0, "word": format!("w{}", n % 3), "desk": "none"},
        });
        let mut of_profile = labels.clone();
        of_profile["tags"] = json!([tag]);
        let profile = create(&admin, &of_profile).ok().text_at("id");
        let mut of_account = labels;
        of_account["name"] = json!(format!("N {}", n % 2));
        of_account["alias"] = json!(format!("alias{}", n % 3));
        accounts.push(open(&admin, &profile, &of_account).ok().text_at("account/id"));
        profiles.push(profile);
    }
    let (bare, _) = (admin.new_profile(), admin.new_account("USD"));
    assert!(!profiles.contains(&bare));
    let even = server.operator("viewer", &["even"]);
    for (query, found) in [
        ("reference=r%263", &[3][..]),
        ("reference=R%263", &[]),
        ("reference=r%26", &[]),
        ("category=low", &[0, 1, 2, 3]),
        ("category=Low", &[]),
        ("tag=odd", &[1, 3, 5]),
        ("tag=none", &[]),
        ("customField.desk=d1", &[1, 4]),
        ("customField.a.b=x", &[0, 1, 2, 3, 4, 5]),
        ("customField.word=w1", &[]),
        ("metadata.desk=none", &[0, 1, 2, 3, 4, 5]),
        ("metadata.desk=d1", &[]),
        ("metadata.n=2", &[2]),
        ("metadata.n=2.0", &[]),
        ("metadata.third=true", &[0, 3]),
        ("metadata.word=w2", &[2, 5]),
        ("metadata.word=w2&category=high", &[5]),
        ("category=low&tag=odd&metadata.word=w0&customField.desk=d0&reference=r%263", &[3]),
        ("category=low&tag=odd&metadata.word=w0&customField.desk=d1", &[]),
        ("metadata.word=", &[0, 1, 2, 3, 4, 5, 6]),
    ] {
        for (noun, all) in [("profiles", &profiles), ("accounts", &accounts)] {
            let (ids, total) = listed(&admin, noun, query);
            let expected: Vec<_> = found.iter().filter_map(|n| all.get(*n)).cloned().collect();
            // Those without labels sort last.
            let bare = usize::from(found.contains(&6)) * (if noun == "profiles" { 2 } else { 1 });
            assert_eq!((&ids[..ids.len() - bare], ids.len()), (&expected[..], expected.len() + bare), "{noun}?{query}");
            assert_eq!(total, (expected.len() + bare).to_string(), "{noun}?{query}");
            let seen: Vec<_> = found.iter().filter(|n| **n % 2 == 0).filter_map(|n| all.get(*n)).cloned().collect();
            assert_eq!(listed(&even, noun, query), (seen.clone(), seen.len().to_string()), "{noun}?{query}");
        }
    }
    for (query, found) in [
        ("name=N%201", &[1, 3, 5][..]),
        ("name=N", &[]),
        ("alias=alias2", &[2, 5]),
        ("alias=alias2&name=N%201&currency=USD", &[5]),
        ("alias=alias2&currency=EUR", &[]),
    ] {
        let expected: Vec<_> = found.iter().map(|n| accounts[*n].clone()).collect();
        assert_eq!(listed(&admin, "accounts", query), (expected.clone(), expected.len().to_string()), "{query}");
    }
    let query = format!("profileId={}&category=low", profiles[1]);
    assert_eq!(listed(&admin, "accounts", &query), (vec![accounts[1].clone()], "1".into()));
    let query = format!("ownerId={}&category=low", profiles[1]);
    assert_eq!(listed(&admin, "accounts", &query), (vec![accounts[1].clone()], "1".into()));
    assert_eq!(listed(&even, "accounts", &query), (vec![], "0".into()));
    for (noun, all) in [("profiles", &profiles), ("accounts", &accounts)] {
        let page = |page: usize| listed(&admin, noun, &format!("category=low&perPage=3&page={page}"));
        assert_eq!(page(1), (all[..3].to_vec(), "4".into()));
        assert_eq!(page(2), (all[3..4].to_vec(), "4".into()));
        assert_eq!(page(3), (vec![], "4".into()));
        let page = |page: usize| listed(&even, noun, &format!("category=low&perPage=1&page={page}"));
        assert_eq!((page(1), page(2)), ((vec![all[0].clone()], "2".into()), (vec![all[2].clone()], "2".into())));
    }
    for noun in ["profiles", "accounts"] {
        for (query, field) in [
            ("metadata.=x", "metadata."),
            ("category=a&category=b", "category"),
            ("metadata.a=1&metadata.a=2", "metadata.a"),
        ] {
            admin.get(&format!("/{noun}?{query}")).refused("INVALID_FIELD").naming(field);
        }
        let many: Vec<_> = (0..11).map(|n| format!("metadata.k{n}=v")).collect();
        admin.get(&format!("/{noun}?{}", many.join("&"))).refused("OUT_OF_RANGE");
    }
}

#[test]
fn a_reference_belongs_to_one_object_of_its_kind() {
    let server = Server::start("");
    let admin = server.admin();
    let one = create(&admin, &json!({"reference": "r-1"})).ok().json();
    let two = create(&admin, &json!({"reference": "R-1"})).ok().json();
    let account = account_with(&admin, &json!({"reference": "r-1"}));
    let other = account_with(&admin, &json!({"reference": "r-2"}));
    let profile_path = |profile: &Value| format!("/profiles/{}", profile["id"].as_str().unwrap());
    let before = server.trace();
    for reply in [
        create(&admin, &json!({"reference": "r-1"})),
        admin.put(&profile_path(&two), &json!({"email": two["email"], "reference": "r-1"})),
        open(&admin, one["id"].as_str().unwrap(), &json!({"reference": "r-1"})),
        admin.put(&format!("/accounts/{other}"), &json!({"reference": "r-1", "version": 99})),
    ] {
        reply.refused("DUPLICATE_REFERENCE").naming("reference");
    }
    assert_eq!(server.trace(), before);
    admin.put(&profile_path(&one), &json!({"email": one["email"], "reference": "r-1"})).ok();
    // An archived account keeps its reference.
    admin.delete(&format!("/accounts/{account}")).ok();
    admin.put(&format!("/accounts/{other}"), &json!({"reference": "r-1"})).refused("DUPLICATE_REFERENCE");
    assert_eq!(listed(&admin, "accounts", "reference=r-1&archived=true").0[..], [account.as_str()]);
    assert_eq!(listed(&admin, "accounts", "reference=r-1").1, "0");
    admin.put(&format!("/accounts/{account}"), &json!({"reference": ""})).refused("ACCOUNT_ARCHIVED");
    // A reference that was given up can be used again.
    admin.put(&profile_path(&one), &json!({"email": one["email"], "reference": null})).ok();
    admin.put(&profile_path(&two), &json!({"email": two["email"], "reference": "r-1"})).ok();
    assert_eq!(listed(&admin, "profiles", "reference=r-1").0, [two["id"].as_str().unwrap().to_owned()]);
}

#[test]
fn a_reference_of_a_hidden_client_cannot_be_used_and_is_not_revealed() {
    let server = Server::start("");
    let admin = server.admin();
    let hidden = create(&admin, &json!({"reference": "theirs", "tags": ["vip"]})).ok().text_at("id");
    let hidden_account = open(&admin, &hidden, &json!({"reference": "theirs"})).ok().text_at("account/id");
    let retail = server.operator("operator", &["retail"]);
    let own = retail.new_profile();
    let email = retail.get(&format!("/profiles/{own}")).ok().text_at("email");
    let own_account = retail.new_account_of(&own, "USD");
    let before = server.trace();
    for reply in [
        create(&retail, &json!({"reference": "theirs"})),
        retail.put(&format!("/profiles/{own}"), &json!({"email": email, "reference": "theirs"})),
        open(&retail, &own, &json!({"reference": "theirs"})),
        retail.put(&format!("/accounts/{own_account}"), &json!({"reference": "theirs"})),
    ] {
        let reply = reply.refused("INVALID_FIELD").naming("reference");
        for secret in [&hidden, &hidden_account, "vip", "theirs"] {
            assert!(!reply.text.contains(secret), "{}", reply.text);
        }
    }
    assert_eq!(server.trace(), before);
    for noun in ["profiles", "accounts"] {
        assert_eq!(listed(&retail, noun, "reference=theirs"), (vec![], "0".into()));
    }
}

#[test]
fn an_alias_belongs_to_one_open_account_of_a_portfolio() {
    let server = Server::start("");
    let admin = server.admin();
    let profile = admin.new_profile();
    let first = open(&admin, &profile, &json!({"alias": "main", "name": "same"})).ok().text_at("account/id");
    let second = open(&admin, &profile, &json!({"alias": "Main", "name": "same"})).ok().text_at("account/id");
    let path = format!("/accounts/{second}");
    let before = server.trace();
    for reply in
        [open(&admin, &profile, &json!({"alias": "main"})), admin.put(&path, &json!({"alias": "main", "name": "x"}))]
    {
        reply.refused("DUPLICATE_ALIAS").naming("alias");
    }
    assert_eq!(server.trace(), before);
    let elsewhere = account_with(&admin, &json!({"alias": "main"}));
    admin.delete(&format!("/accounts/{first}")).ok();
    assert_eq!(admin.get(&format!("/accounts/{first}")).ok().text_at("alias"), "main");
    admin.put(&path, &json!({"alias": "main"})).ok();
    // The reason is that it is archived; its alias is already free.
    let archived = admin.put(&format!("/accounts/{first}"), &json!({"allowDebits": false}));
    archived.refused("ACCOUNT_ARCHIVED");
    assert_eq!(listed(&admin, "accounts", "alias=main").0, [second.clone(), elsewhere.clone()]);
    assert_eq!(listed(&admin, "accounts", "alias=main&archived=true").1, "3");
    // A close that ends in archiving frees the alias too.
    admin.step(&format!("{path}/close")).ok();
    let third = open(&admin, &profile, &json!({"alias": "main"})).ok().text_at("account/id");
    server.trace();

    // With a new primary owner, an account moves to another portfolio and keeps its alias.
    let heir = admin.get(&format!("/accounts/{elsewhere}")).ok().text_at("profileId");
    let owners = format!("/accounts/{third}/owners");
    admin.post(&owners, &json!({"profileId": heir, "access": "FULL"})).ok();
    let taken = admin.delete(&format!("{owners}/{profile}"));
    taken.refused("DUPLICATE_ALIAS").naming("");
    admin.put(&format!("/accounts/{elsewhere}"), &json!({"alias": "side"})).ok();
    admin.delete(&format!("{owners}/{profile}")).ok();
    server.trace();
    admin.put(&format!("/accounts/{elsewhere}"), &json!({"alias": "main"})).refused("DUPLICATE_ALIAS");
    open(&admin, &profile, &json!({"alias": "main"})).ok();
}

#[test]
fn one_of_many_concurrent_claims_to_a_reference_wins() {
    const CLIENTS: usize = 64;
    let server = Server::start("");
    let admin = server.admin();
    let profile = admin.new_profile();
    let group = admin.group("USD", false);
    for round in 0..5 {
        let barrier = Barrier::new(CLIENTS);
        let won: usize = thread::scope(|scope| {
            let race = |n: usize| {
                let (server, barrier, profile, group) = (&server, &barrier, &profile, &group);
                scope.spawn(move || {
                    let caller = server.admin();
                    let reference = format!("race-{round}");
                    barrier.wait();
                    let reply = match n % 2 {
                        0 => create(&caller, &json!({"reference": reference})),
                        _ => caller.post(
                            "/accounts",
                            &json!({"profileId": profile, "currency": "USD", "groupId": group, "reference": reference}),
                        ),
                    };
                    match reply.status {
                        200 => 1,
                        _ => {
                            reply.refused("DUPLICATE_REFERENCE");
                            0
                        }
                    }
                })
            };
            let threads: Vec<_> = (0..CLIENTS).map(race).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(won, 2, "one client and one account");
        for noun in ["profiles", "accounts"] {
            assert_eq!(listed(&admin, noun, &format!("reference=race-{round}")).1, "1");
        }
    }
    server.trace();
}

#[test]
fn labels_are_replayed_and_rehearsed_like_everything() {
    let server = Server::start("");
    let admin = server.admin();
    let body = json!({"email": "a@example.com", "reference": "once", "metadata": {"n": 1, "t": "x", "b": true}});
    let before = server.trace();
    let shown = admin.post("/profiles?dryRun=true", &body).ok();
    assert_eq!((shown.text_at("reference"), server.trace()), ("once".into(), before));
    let first = admin.key("p").post("/profiles", &body).ok();
    let again = admin.key("p").post("/profiles", &body).ok();
    assert!(again.is_replayed() && again.text == first.text);
    let fields = opening(&admin, &first.text_at("id"), &json!({"reference": "once", "alias": "a", "name": "n"}));
    let first = admin.key("a").post("/accounts", &fields).ok();
    let again = admin.key("a").post("/accounts", &fields).ok();
    assert!(again.is_replayed() && again.text == first.text);
    let path = format!("/accounts/{}", first.text_at("account/id"));
    let change = json!({"metadata": {"n": 1.50}});
    let first = admin.key("c").put(&path, &change).ok();
    admin.put(&path, &json!({"metadata": null})).ok();
    let again = admin.key("c").put(&path, &change).ok();
    assert!(again.is_replayed() && again.text == first.text);
    assert_eq!(admin.get(&path).ok().json()["metadata"], json!({}));
    admin.step("/sandbox/reset").ok();
    create(&admin, &json!({"reference": "once"})).ok();
    server.trace();
}

#[test]
fn the_audit_finds_labels_that_count_in_another_place() {
    for wrong in [
        "UPDATE account_labels SET alias_portfolio_id = NULL",
        "UPDATE account_labels SET ledger_id = 2",
        "UPDATE accounts SET lifecycle = 'closed', closed_at = 1",
    ] {
        let mut server = Server::start("");
        account_with(&server.admin(), &json!({"alias": "a", "reference": "r"}));
        server.restart_after(|file| {
            let file = rusqlite::Connection::open(file).unwrap();
            let other = "INSERT INTO ledgers (id, uuid, organization_id, name, created_at)
                         SELECT 2, randomblob(16), 1, 'Other', 0";
            file.execute(other, []).unwrap();
            file.execute(wrong, []).unwrap();
        });
        let proof = bursar::store::read_file(&server.data_dir().join("bursar.db"), |tx| tx.prove()).unwrap();
        let checks: Vec<_> = proof.findings.iter().map(|it| it.check).filter(|check| *check != "history").collect();
        assert_eq!(checks, ["labels"], "{wrong}: {:?}", proof.findings);
    }
}
