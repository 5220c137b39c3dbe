//! A database of an older version is upgraded without loss.

use super::harness::{PASSWORD, Server, write_private};
use bursar::store::InstallationKey;
use rusqlite::Connection;
use serde_json::json;
use std::path::Path;

/// The values of a text column.
fn texts(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Converts the present events to the form in which the first versions wrote them, as far as later versions read it.
pub(super) const OLD_EVENTS: &str = "
    SELECT e.seq, e.type, coalesce(n.uuid, m.uuid, a.uuid, p.uuid, i.uuid) AS object_uuid, e.profile_id, e.principal_id,
           e.recorded_at,
           json_object('group', lower(hex(g.uuid)),
                       'balances', json_object('minimum', coalesce(e.payload ->> 'minimum', 0))) AS payload
    FROM new.events e
    JOIN new.installation i
    LEFT JOIN new.entries n ON e.type = 'entry.posted' AND n.seq = e.subject_id
    LEFT JOIN new.movements m ON e.type LIKE 'movement.%' AND m.id = e.subject_id
    LEFT JOIN new.accounts a ON e.type LIKE 'account.%' AND a.id = e.subject_id
    LEFT JOIN new.profiles p ON e.type LIKE 'profile.%' AND p.id = e.subject_id
    LEFT JOIN new.account_groups g ON g.id = e.payload ->> 'group'";

/// A database of this schema version, empty except for the rows that migrations write.
pub(super) fn empty(file: &Path, version: i32) -> Connection {
    write_private(file, "");
    let mut connection = Connection::open(file).unwrap();
    let all = refinery::load_sql_migrations(Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/migrations")).unwrap();
    refinery::Runner::new(&all).set_target(refinery::Target::Version(version)).run(&mut connection).unwrap();
    connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    connection
}

/// Replaces one database file by another.
pub(super) fn replace(file: &Path, old: &Path, connection: Connection, application_id: i64) {
    let marks = format!("PRAGMA application_id = {application_id}; PRAGMA journal_mode = wal");
    connection.execute_batch(&marks).unwrap();
    connection.close().unwrap();
    for beside in ["db-wal", "db-shm"] {
        let _ = std::fs::remove_file(file.with_extension(beside));
    }
    std::fs::rename(old, file).unwrap();
    let_adopt(file.parent().unwrap());
}

/// Lets the installation key adopt a database of an earlier version, as one does that an upgrade has just made.
pub(super) fn let_adopt(data: &Path) {
    let file = data.join("installation.key");
    if let Ok(text) = std::fs::read_to_string(&file) {
        write_private(&file, &text.replace("INSTALLATION-KEY-2-", "INSTALLATION-KEY-1-"));
    }
}

/// Stores private keys as versions before 24 did.
fn unseal_keys(connection: &Connection, opener: &InstallationKey) {
    let sql = "SELECT kid, sealed_key FROM new.signing_keys WHERE sealed_key IS NOT NULL";
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    for (kid, sealed) in rows.map(Result::<(String, Vec<u8>), _>::unwrap) {
        let plain = opener.open(&format!("signing_keys/{kid}"), &sealed).unwrap();
        let sql = "UPDATE main.signing_keys SET private_key = ?2 WHERE kid = ?1";
        connection.execute(sql, (kid, plain)).unwrap();
    }
}

/// Rewrites a database as this schema version would have left it: its tables with the present rows.
pub(super) fn turn_back(file: &Path, version: i32) {
    let old = file.with_extension("old");
    let connection = empty(&old, version);
    connection.execute_batch(&format!("ATTACH '{}' AS new", file.display())).unwrap();
    let sql = "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'refinery%'";
    for table in texts(&connection, sql) {
        let columns = texts(&connection, &format!("SELECT name FROM pragma_table_info('{table}', 'main')")).join(", ");
        // Some migrations write rows as well.
        let rows = match (table.as_str(), version) {
            ("events", ..16) => OLD_EVENTS.to_owned(),
            // Then there were no API clients, of which a development server has some.
            ("principals", ..19) => format!("SELECT {columns} FROM new.{table} WHERE kind <> 'api_client'"),
            ("tokens", ..19) => format!(
                "SELECT {columns} FROM new.{table}
                 WHERE principal_id IN (SELECT id FROM new.principals WHERE kind <> 'api_client')"
            ),
            ("signing_keys", ..24) => format!("SELECT {} FROM new.{table}", columns.replace("private_key", "x''")),
            _ => format!("SELECT {columns} FROM new.{table}"),
        };
        let sql = format!("DELETE FROM main.{table}; INSERT INTO main.{table} ({columns}) {rows}");
        connection.execute_batch(&sql).unwrap();
    }
    if version < 24 {
        unseal_keys(&connection, &InstallationKey::load(&file.with_file_name("installation.key")).unwrap());
    }
    let id: i64 = connection.query_row("PRAGMA new.application_id", [], |row| row.get(0)).unwrap();
    connection.execute_batch("DETACH new").unwrap();
    replace(file, &old, connection, id);
}

#[test]
fn a_database_without_labels_gets_them() {
    let mut server = Server::start("");
    let admin = server.admin();
    let body = json!({"email": "old@example.com", "firstName": "Old", "tags": ["vip"]});
    let made = admin.key("p").post("/profiles", &body).ok();
    let profile = made.text_at("id");
    let opening = json!({"profileId": profile, "currency": "USD", "groupId": admin.group("USD", false)});
    let opened = admin.key("a").post("/accounts", &opening).ok();
    let account = opened.text_at("account/id");
    admin.deposit(&account, "12.34");
    let before = server.trace();
    server.restart_after(|database| {
        turn_back(database, 8);
        // Outcomes kept for retries did not contain labels either.
        let connection = Connection::open(database).unwrap();
        let kept: usize = (0..3)
            .map(|n| {
                let sql = format!(
                    "UPDATE idempotency_{n} SET outcome = json_remove(outcome, '$.o.labels')
                     WHERE outcome LIKE '%labels%'"
                );
                connection.execute(&sql, []).unwrap()
            })
            .sum();
        assert_eq!(kept, 2);
    });
    assert!(server.banner["schema_version"].as_i64().unwrap() >= 9, "{}", server.banner);
    assert_eq!(server.trace(), before);
    let admin = server.admin();
    assert_eq!(admin.balance(&account), "12.34");
    let again = admin.key("p").post("/profiles", &body).ok();
    assert!(again.is_replayed() && again.text == made.text, "{}", again.text);
    let again = admin.key("a").post("/accounts", &opening).ok();
    assert!(again.is_replayed() && again.text == opened.text, "{}", again.text);
    let labelled = admin.put(&format!("/accounts/{account}"), &json!({"reference": "new", "alias": "a"})).ok();
    assert_eq!((labelled.text_at("reference"), labelled.text_at("version")), ("new".into(), "2".into()));
    assert_eq!(admin.get("/accounts?reference=new&tag=vip").ok().text_at("total"), "1");
    server.trace();
}

#[test]
fn events_show_references_as_they_were_afterwards_and_keep_no_free_texts() {
    let server = Server::start("");
    let admin = server.admin();
    let account = admin.new_account("USD");
    let change = br#"{"reference":"seen","metadata":{"k":1.20}}"#;
    admin.send("PUT", &format!("/accounts/{account}"), None, Some(change)).ok();
    let connection = Connection::open(server.data_dir().join("bursar.db")).unwrap();
    let last = texts(&connection, "SELECT payload FROM events ORDER BY seq DESC LIMIT 1").remove(0);
    assert!(!last.contains("1.20"), "{last}");
    admin.put(&format!("/accounts/{account}"), &json!({"reference": "later"})).ok();
    let events = admin.get("/events?types=account.updated").ok();
    let references = [0, 1].map(|number| events.text_at(&format!("events/{number}/data/reference")));
    assert_eq!(references, ["seen", "later"]);
}

/// Opens a database of an earlier version after this change, and checks the result.
#[track_caller]
fn migrates(version: i32) {
    let mut server = Server::start("");
    let (account, archived, profile, token) = {
        let admin = server.admin();
        let profile = admin.new_profile();
        let (account, archived) = (admin.new_account_of(&profile, "USD"), admin.new_account_of(&profile, "EUR"));
        admin.deposit(&account, "12.34");
        admin.ask(&account, "holds", "2.34");
        admin.delete(&format!("/accounts/{archived}")).ok();
        (account, archived, profile, server.add_token("dev", &[]).1)
    };
    server.restart_after(|file| turn_back(file, version));
    let caller = server.bearer(&token);
    // The former sole owner owns it alone with full access, and is verified.
    for account in [&account, &archived] {
        let owners = caller.get(&format!("/accounts/{account}/owners")).ok().json();
        let rows = owners["owners"].as_array().unwrap();
        assert_eq!((rows.len(), &rows[0]["profileId"], &rows[0]["access"]), (1, &json!(profile), &json!("FULL")));
    }
    let client = caller.get(&format!("/profiles/{profile}")).ok().json();
    assert_eq!((&client["status"], &client["deceasedOn"]), (&json!("VERIFIED"), &json!(null)));
    assert_eq!((caller.balance(&account), caller.available(&account)), ("12.34".into(), "10.00".into()));
    let other = json!({"profileId": caller.new_profile(), "access": "FULL"});
    caller.post(&format!("/accounts/{account}/owners"), &other).ok();
    caller.step(&format!("/profiles/{profile}/deceased")).ok();
    caller.deposit(&account, "1");
    let audit = server.command(&["audit"]);
    assert_eq!(audit["ok"], true, "{audit}");
}

#[test]
fn accounts_from_before_there_were_owners_keep_theirs() {
    migrates(6);
}

#[test]
fn operators_from_before_there_were_single_rights_keep_their_work() {
    migrates(16);
    let mut server = Server::start("");
    server.add_operator("ada", "operator", &["vip"]);
    let (_, token) = server.add_token("ada", &["--scope", "profiles:read", "--scope", "sessions:issue"]);
    let login = json!({"email": "old@example.com", "password": PASSWORD});
    server.admin().new_profile_with(&json!({"email": "old@example.com", "password": PASSWORD, "tags": ["vip"]}));
    let jwt = server.admin().post("/trade/login", &login).ok().text_at("accessToken");
    server.restart_after(|file| turn_back(file, 16));
    let operator = server.bearer(&token);
    assert_eq!(operator.get("/profiles").ok().text_at("total"), "1");
    operator.post("/trade/login", &login).refused("RIGHT_MISSING");
    server.command(&["operator", "update", "ada", "--grant", "sessions:issue"]);
    operator.post("/trade/login", &login).ok();
    server.anyone().post("/user/login", &json!({"username": "ada", "password": PASSWORD})).ok();
    // The key that signed goes on.
    let (before, after) = (jwt, server.admin().post("/trade/login", &login).ok().text_at("accessToken"));
    let kid = |token: &str| jsonwebtoken::decode_header(token).unwrap().kid;
    assert_eq!(kid(&before), kid(&after));
    server.command(&["operator", "add", "platform", "--role", "service"]);
    let connection = Connection::open(server.data_dir().join("bursar.db")).unwrap();
    let orphan = "INSERT INTO principal_tags (principal_id, tag) VALUES (4711, 'x')";
    connection.execute_batch("PRAGMA foreign_keys = ON").unwrap();
    assert!(connection.execute(orphan, []).is_err(), "references lead to the new table");
}

#[test]
fn clients_from_before_there_were_reviews_are_verified() {
    migrates(9);
}
