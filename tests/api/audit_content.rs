//! What rows of the audit log say: the object of a command, the user of the machine who gave it, and failed log-ins.

use super::approvals::{decide, two};
use super::b2core_access;
use super::harness::{PASSWORD, Server, write_private};
use super::native_events::everything;
use rusqlite::{Connection, Row};
use serde_json::{Value, json};
use uuid::Uuid;

/// A row of the audit log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Audited {
    pub(super) actor: String,
    pub(super) machine_user: Option<String>,
    pub(super) object: Option<(String, Uuid)>,
    pub(super) client: Option<Uuid>,
    pub(super) address: Option<String>,
    pub(super) detail: Value,
}

/// The rows for an action, oldest first.
pub(super) fn audited(server: &Server, action: &str) -> Vec<Audited> {
    let database = Connection::open(server.data_dir().join("bursar.db")).unwrap();
    let sql = "SELECT p.name, l.machine_user, l.object_kind, l.object_uuid, c.uuid, l.address, l.detail
               FROM audit_log l JOIN principals p ON p.id = l.principal_id LEFT JOIN profiles c ON c.id = l.profile_id
               WHERE l.action = ?1 ORDER BY l.id";
    let read = |row: &Row<'_>| {
        let object: Option<Uuid> = row.get(3)?;
        Ok(Audited {
            actor: row.get(0)?,
            machine_user: row.get(1)?,
            object: object.map(|id| (row.get_unwrap(2), id)),
            client: row.get(4)?,
            address: row.get(5)?,
            detail: row.get::<_, Option<String>>(6)?.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap()),
        })
    };
    let mut statement = database.prepare(sql).unwrap();
    statement.query_map([action], read).unwrap().map(Result::unwrap).collect()
}

/// The user who runs the tests, as commands name it.
fn tester() -> String {
    let id = |option: &str| {
        let output = std::process::Command::new("id").arg(option).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let login = std::fs::read_to_string("/proc/self/loginuid").unwrap_or_default();
    match login.trim().parse::<u32>() {
        Ok(login) if login != u32::MAX && login.to_string() != id("-u") => format!("uid {login} as {}", id("-un")),
        _ => id("-un"),
    }
}

fn uuid(value: &Value) -> Uuid {
    value.as_str().unwrap().parse().unwrap()
}

#[test]
fn commands_name_their_object_and_the_user_who_gave_them() {
    let mut server = Server::start("");
    let file = server.home().join("password");
    write_private(&file, PASSWORD);
    let reference = server.home().join("reference.toml");
    let file = file.display().to_string();
    for running in [true, false] {
        if !running {
            server.stop();
        }
        let name = if running { "ada" } else { "bob" };
        let ada =
            uuid(&server.command(&["operator", "add", name, "--role", "operator", "--password-file", &file])["id"]);
        server.command(&["operator", "update", name, "--grant", "passwords:set"]);
        server.command(&["operator", "reset-password", name, "--password-file", &file]);
        let token = server.add_token(name, &[]).0;
        server.command(&["token", "revoke", &token]);
        server.command(&["operator", "disable", name]);
        let kid = uuid(&server.command(&["keys", "rotate"])["kid"]);
        let shown = server.command(&["reference", "show"]);
        write_private(&reference, &toml::to_string(&shown).unwrap());
        server.command(&["reference", "apply", &reference.display().to_string()]);
        server.command(&["restore", "resume"]);
        let installation = audited(&server, "reference.apply")[0].object.clone().unwrap();
        assert_eq!(installation.0, "installation");
        let token = token.parse().unwrap();
        for (action, kind, id) in [
            ("operator.add", "operator", ada),
            ("operator.update", "operator", ada),
            ("operator.reset_password", "operator", ada),
            ("operator.disable", "operator", ada),
            ("token.create", "token", token),
            ("token.revoke", "token", token),
            ("keys.rotate", "signing_key", kid),
            ("reference.apply", "installation", installation.1),
            ("restore.resume", "installation", installation.1),
        ] {
            let row = audited(&server, action).pop().unwrap();
            assert_eq!(row.object, Some((kind.to_owned(), id)), "{action}");
            assert_eq!(row.machine_user, Some(tester()), "{action}");
            assert_eq!((row.actor.as_str(), row.client), ("system", None), "{action}");
        }
    }
    server.start_again();
    assert_eq!(server.command(&["audit"])["ok"], true);
}

#[test]
fn lists_and_requests_name_who_made_operators_and_tokens() {
    let server = Server::start("");
    server.set_rules("requires_approval = true");
    let (admin, second) = two(&server);
    let account = admin.new_account("USD");
    admin.deposit(&account, "5");
    admin.ask(&account, "withdrawals", "3");
    let id = admin.get("/approvals").ok().text_at("approvals/0/id");
    let shown = decide(&second, &id, "/approve").ok();
    let tokens = server.command(&["token", "list"]);
    for (path, actor) in [("requestedWith", "dev"), ("decidedWith", "operator")] {
        let token = shown.text_at(&format!("{path}/id"));
        let listed = tokens.as_array().unwrap().iter().find(|listed| listed["id"] == token.as_str()).unwrap();
        assert!(listed["operator"].as_str().unwrap().starts_with(actor), "{listed}");
        assert_eq!(listed["made_by"], tester());
        // One person at the shell made both: whoever reads the request sees it.
        assert_eq!(admin.get(&format!("/approvals/{id}")).ok().text_at(&format!("{path}/madeBy")), tester());
    }
    let login = json!({"username": server.banner["username"], "password": server.banner["password"]});
    let login = server.anyone().post("/user/login", &login).ok().text_at("token");
    server.bearer(&login).ask(&account, "withdrawals", "1");
    let waiting = admin.get("/approvals?state=PENDING").ok();
    assert_eq!(waiting.json()["approvals"][0]["requestedWith"]["madeBy"], Value::Null, "it came from a login");
    assert_eq!(waiting.json()["approvals"][0]["decidedWith"], Value::Null);
    let operators = server.command(&["operator", "list"]);
    assert!(operators.as_array().unwrap().iter().all(|operator| operator["added_by"] == tester()), "{operators}");
}

#[test]
fn every_row_names_what_it_is_about() {
    let server = Server::start("");
    everything(&server);
    server.admin().post("/user/logout", &json!({})).ok();
    let database = Connection::open(server.data_dir().join("bursar.db")).unwrap();
    let one = |sql: &str| database.query_row(sql, [], |row| row.get::<_, Option<String>>(0)).unwrap();
    let without = "SELECT group_concat(DISTINCT action) FROM audit_log
                   WHERE (object_uuid IS NULL OR object_kind IS NULL) AND action NOT IN ('batch', 'job.run')";
    assert_eq!(one(without), None);
    let unlike = "SELECT group_concat(l.id) FROM audit_log l JOIN events e ON e.seq = l.event_seq
                  WHERE l.profile_id IS NOT e.profile_id";
    assert_eq!(one(unlike), None, "the client of a row is that of its first event");
}

#[test]
fn failed_log_ins_leave_rows_that_say_whose_password_was_tried() {
    let server = Server::start("");
    server.add_operator("ada", "operator", &[]);
    let operators = server.command(&["operator", "list"]);
    let ada = operators.as_array().unwrap().iter().find(|operator| operator["name"] == "ada").unwrap()["id"].clone();
    let wrong = |name: &str| json!({"username": name, "email": name, "password": "wrong password"});
    let anyone = server.anyone();
    anyone.post("/user/login", &wrong("ADA")).refused("BAD_LOGIN");
    anyone.post("/user/login", &wrong("hunter2")).refused("BAD_LOGIN");
    let b2core = anyone.at(&b2core_access::base(&server));
    b2core.post("/signin", &wrong("no@such.example")).refused_as(401, "unauthorized");
    let admin = server.admin();
    let client = admin.new_profile_with(&json!({"email": "jane@example.com", "password": PASSWORD}));
    admin.post("/trade/login", &wrong("jane@example.com")).refused("BAD_LOGIN");
    admin.post("/trade/login", &wrong("nobody@example.com")).refused("BAD_LOGIN");
    let own = json!({"currentPassword": "wrong password", "newPassword": "another password"});
    admin.post("/user/password", &own).refused("INVALID_FIELD");
    let rows = audited(&server, "login.failed");
    let dev: Uuid = operators[0]["id"].as_str().unwrap().parse().unwrap();
    let client: Uuid = client.parse().unwrap();
    let whose = |kind: &str, id: Uuid| Some((kind.to_owned(), id));
    assert_eq!(
        rows.iter().map(|row| (row.actor.as_str(), row.object.clone(), row.client)).collect::<Vec<_>>(),
        [
            ("system", whose("operator", uuid(&ada)), None),
            ("system", None, None),
            ("system", None, None),
            ("dev", whose("client", client), Some(client)),
            ("dev", None, None),
            ("dev", whose("operator", dev), None),
        ]
    );
    for row in &rows {
        assert_eq!((row.address.as_deref(), &row.machine_user), (Some("127.0.0.1"), &None));
        assert_eq!(row.detail["times"], 1);
        assert_eq!(row.detail["name_hash"].is_string(), row.object.is_none(), "{row:?}");
    }
    let file = std::fs::read(server.data_dir().join("bursar.db-wal")).unwrap();
    for secret in ["hunter2", "wrong password", "no@such.example"] {
        assert!(!file.windows(secret.len()).any(|bytes| bytes == secret.as_bytes()), "{secret} is in the database");
    }
    assert_eq!(server.command(&["audit"])["ok"], true);
}

#[test]
fn repeated_failures_are_counted_in_one_more_row() {
    let mut server = Server::start("");
    server.add_operator("ada", "operator", &[]);
    let wrong = json!({"username": "ada", "password": "wrong password"});
    let tries: Vec<_> = (0..13).map(|_| server.anyone().post("/user/login", &wrong).status).collect();
    assert_eq!((&tries[..10], &tries[10..]), (&[401; 10][..], &[429; 3][..]));
    assert_eq!(audited(&server, "login.failed").len(), 1);
    server.stop();
    let rows = audited(&server, "login.failed");
    assert_eq!(rows.iter().map(|row| row.detail["times"].as_i64().unwrap()).collect::<Vec<_>>(), [1, 12]);
    assert_eq!(rows[0].object, rows[1].object);
}
