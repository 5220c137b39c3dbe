//! The commands as an operator runs them: the real program, with and without a running server.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::process::Stdio;

use serde_json::{Value, json};

use super::home::{Home, Ran};

#[test]
fn help_lists_the_commands_and_an_unknown_one_is_a_mistake() {
    let home = Home::new();
    let help = home.run(&[]);
    assert_eq!(help.code, 0);
    assert!(help.stdout.contains("healthcheck") && help.stdout.contains("audit"), "{}", help.stdout);
    let unknown = home.run(&["serv"]);
    assert_eq!((unknown.code, unknown.stdout.as_str()), (2, ""));
    assert!(unknown.stderr.contains("'serve'") && unknown.stderr.contains("healthcheck"), "{}", unknown.stderr);
    assert_eq!(home.json(&["serv"]).error(2)["code"], "USAGE");
    assert_eq!(home.run(&["operator", "add", "x", "--role", "king"]).code, 2);
    assert_eq!(home.run(&["serve", "--no-sample"]).code, 2);
}

#[test]
fn version_and_openapi_need_no_database() {
    let home = Home::new();
    let version = home.json(&["version"]).json();
    assert!(version["schema_version"].as_i64().unwrap() >= 5, "{version}");
    assert!(version["sqlite_version"].as_str().unwrap().starts_with("3."), "{version}");
    assert!(home.run(&["openapi"]).json()["openapi"].is_string());
    assert_eq!(home.json(&["openapi", "klingon"]).error(2)["next"], "Dialects: native, b2core, midaz, upvest, helix");
}

#[test]
fn a_wrong_configuration_is_3_and_a_missing_database_is_4() {
    let home = Home::new();
    let wrong = Ran::of(home.command(&["token", "list", "--json"]).env("BURSAR_LISEN", "x").output().unwrap());
    assert_eq!(wrong.error(3)["code"], "CONFIGURATION");
    for command in [&["operator", "list"][..], &["audit"], &["keys", "rotate"], &["operator", "disable", "x"]] {
        let error = home.json(command).error(4);
        assert!(error["message"].as_str().unwrap().contains("bursar init --data-dir"), "{error}");
    }
    assert!(!home.data().exists(), "commands that fail leave nothing behind");
    assert_eq!(home.json(&["healthcheck"]).code, 1);
}

#[test]
fn first_day_mistakes_are_reported_with_their_fix() {
    let home = Home::new();
    let bytes = home.file("bytes.toml", "");
    fs::write(&bytes, b"\xff\xfe").unwrap();
    fs::create_dir(home.path("folder")).unwrap();
    let folder = home.path("folder").display().to_string();
    for (command, code, sentence) in [
        (vec!["serve", "--listen", "8080"], 2, "an IP address with a port, such as 127.0.0.1:8080"),
        (vec!["token", "revoke", "bur_x"], 2, "the id of a token, not the token itself"),
        (vec!["config", "check", "--config", &bytes], 3, "Save it as UTF-8."),
        (vec!["config", "check", "--config", &folder], 3, "Name a file inside it."),
    ] {
        let ran = home.run(&command);
        assert_eq!(ran.code, code, "{command:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(sentence), "{command:?}: {}", ran.stderr);
    }
}

#[test]
fn init_makes_a_private_directory_once() {
    let home = Home::new();
    let password = home.file("password", "correct horse\n");
    let init = ["init", "--password-file", &password];
    let made = home.json(&init).json();
    assert_eq!((&made["mode"], &made["operator"]), (&"production".into(), &"admin".into()));
    assert!(made["reference"]["currencies"].as_u64().unwrap() > 100, "{made}");
    let mode = |name: &str| fs::metadata(home.data().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("."), mode("bursar.db")), (0o700, 0o600));
    let again = home.json(&init).error(4);
    assert!(again["next"].as_str().unwrap().contains("bursar serve"), "{again}");
    assert_eq!(home.run(&["serve", "--dev"]).code, 4, "a production database is no place for --dev");
}

#[test]
fn init_that_fails_leaves_no_database() {
    let home = Home::new();
    let short = home.file("short", "seven77");
    assert_eq!(home.run(&["init", "--password-file", &short]).code, 1);
    assert_eq!(home.run(&["init"]).code, 2, "there is no terminal to ask on");
    let password = home.file("password", "correct horse");
    let wrong = home.file("wrong.toml", "[[currencies]]\ncode = \"usd\"\n");
    assert_eq!(home.run(&["init", "--password-file", &password, "--reference", &wrong]).code, 3);
    assert_eq!(home.run(&["init", "--password-file", &password, "--reference", "nowhere.toml"]).code, 1);
    assert!(!home.data().exists());
    // This fails only at the operator.
    assert_eq!(home.run(&["init", "--password-file", &password, "--operator", " "]).code, 1);
    assert!(!home.data().join("bursar.db").exists());
    // A database left incomplete by a crash is created again.
    fs::write(home.data().join("bursar.db"), "").unwrap();
    fs::set_permissions(home.data().join("bursar.db"), fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(home.run(&["init", "--password-file", &password, "--no-reference", "--sandbox"]).code, 0);
}

#[test]
fn init_refuses_a_directory_that_others_can_open() {
    let home = Home::new();
    fs::create_dir(home.data()).unwrap();
    fs::set_permissions(home.data(), fs::Permissions::from_mode(0o755)).unwrap();
    let password = home.file("password", "correct horse");
    let error = home.json(&["init", "--password-file", &password]).error(7);
    assert!(error["message"].as_str().unwrap().contains("chmod 700"), "{error}");
}

#[test]
fn a_password_can_come_from_stdin() {
    let home = Home::installed();
    let mut child = home
        .command(&["operator", "add", "bob", "--role", "viewer", "--password-file", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all("пароль из слов\n".as_bytes()).unwrap();
    assert_eq!(Ran::of(child.wait_with_output().unwrap()).json()["role"], "viewer");
}

/// The life cycle of operators and tokens, with or without a running server.
fn operators_and_tokens(home: &Home) {
    let password = home.file("secret", "battery staple");
    let add = ["operator", "add", "bob", "--role", "operator", "--tag", "eu", "--password-file", &password];
    assert_eq!(home.json(&add).json()["tags"][0], "eu");
    assert_eq!(home.json(&add).error(1)["code"], "DUPLICATE_NAME");

    let create = ["token", "create", "--operator", "bob", "--label", "crm", "--scope", "accounts:read"];
    let limits = ["--network", "10.0.0.0/8", "--tag", "eu", "--days", "30"];
    let token = home.json(&[&create[..], &limits[..]].concat()).json();
    assert!(token["token"].as_str().unwrap().starts_with("bur_"), "{token}");
    let unknown = home.json(&["token", "create", "--operator", "eve", "--label", "x"]).error(1);
    assert_eq!(unknown["code"], "NOT_FOUND");
    assert!(unknown["next"].as_str().unwrap().contains("bursar operator list"), "{unknown}");
    let bound = ["token", "create", "--operator", "bob", "--label", "one address", "--network"];
    let one = home.json(&[&bound[..], &["203.0.113.7"]].concat()).json();
    assert_eq!(home.run(&[&bound[..], &["203.0.113.7/33"]].concat()).code, 2);
    assert_eq!(home.run(&["token", "create", "--operator", "bob", "--label", "x", "--scope", "all"]).code, 2);

    let listed = |id: &Value| {
        let tokens = home.json(&["token", "list"]).json();
        tokens.as_array().unwrap().iter().find(|token| token["id"] == *id).unwrap().clone()
    };
    assert_eq!(listed(&one["id"])["networks"], json!(["203.0.113.7/32"]));
    let found = listed(&token["id"]);
    assert_eq!((&found["operator"], &found["state"]), (&"bob".into(), &"good".into()));
    assert_eq!((&found["scopes"][0], &found["networks"][0]), (&"accounts:read".into(), &"10.0.0.0/8".into()));
    let revoke = ["token", "revoke", token["id"].as_str().unwrap()];
    assert_eq!(home.json(&revoke).json()["revoked"], true);
    assert_eq!(home.json(&revoke).error(1)["code"], "NOT_FOUND");
    assert_eq!(listed(&token["id"])["state"], "revoked");

    let second = home.json(&["token", "create", "--operator", "bob", "--label", "x"]).json();
    home.json(&["operator", "reset-password", "bob", "--password-file", &password]).json();
    assert_eq!(listed(&second["id"])["state"], "revoked", "a new password must revoke all tokens");
    home.json(&["operator", "disable", "bob"]).json();
    let operators = home.json(&["operator", "list"]).json();
    let bob = operators.as_array().unwrap().iter().find(|operator| operator["name"] == "bob").unwrap();
    assert!(bob["disabled_at"].is_string() && bob.get("password_hash").is_none(), "{bob}");
    assert!(home.run(&["operator", "list"]).stdout.contains("bob"));

    assert_eq!(home.json(&["keys", "list"]).json().as_array().unwrap().len(), 1);
    for (rotate, states) in
        [(&["keys", "rotate"][..], ["announced", "signing"]), (&["keys", "rotate", "--now"], ["signing", "withdrawn"])]
    {
        let kid = home.json(rotate).json()["kid"].clone();
        let keys = home.json(&["keys", "list"]).json();
        assert_eq!(
            (&keys[0]["kid"], [&keys[0]["state"], &keys[1]["state"]]),
            (&kid, states.map(Value::from).each_ref())
        );
    }
}

/// Reference data is shown, edited, compared and applied, with or without a running server.
fn reference_data(home: &Home) {
    let shown = home.run(&["reference", "show"]);
    let same = home.file("same.toml", &shown.stdout);
    assert_eq!(home.json(&["reference", "diff", &same]).json()["changes"].as_array().unwrap().len(), 0);
    let edited = home.file("edited.toml", &shown.stdout.replacen("US Dollar", "Dollar", 1));
    let change = home.json(&["reference", "diff", &edited]).json()["changes"].clone();
    assert_eq!((&change[0]["action"], &change[0]["code"]), (&"change".into(), &"USD".into()));
    assert_eq!(home.run(&["reference", "diff", &edited]).stdout, "change currency USD\n");
    assert_eq!(home.json(&["reference", "apply", &edited]).json()["changes"], change);
    assert_eq!(
        home.run(&["reference", "apply", &edited]).stdout,
        "Nothing changed: the reference data already matches the file.\n"
    );
    assert_eq!(home.json(&["reference", "show"]).json()["currencies"][0]["name"], "Dollar");

    let fixed = home.file("fixed.toml", &shown.stdout.replacen("decimals = 2", "decimals = 3", 1));
    for command in ["apply", "diff"] {
        assert_eq!(home.json(&["reference", command, &fixed]).error(1)["code"], "INVALID_FIELD");
    }
    let wrong = home.file("wrong.toml", "[[currencies]]\ncode = \"usd\"\n");
    assert_eq!(home.json(&["reference", "apply", &wrong]).error(3)["code"], "CONFIGURATION");
    assert_eq!(home.run(&["reference", "diff", "nowhere.toml"]).code, 1);
}

/// A group of the reference file, whose values are written as in JSON.
fn group_block(group: &Value) -> String {
    let lines = group.as_object().unwrap().iter().map(|(key, value)| format!("{key} = {}\n", inline(value)));
    format!("[[groups]]\n{}", lines.collect::<String>())
}

/// A value as TOML writes it in a line.
fn inline(value: &Value) -> String {
    let Some(members) = value.as_object() else { return value.to_string() };
    let members = members.iter().map(|(key, value)| format!("{key} = {}", inline(value)));
    format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
}

#[test]
fn a_file_sets_every_field_of_a_group_whether_it_is_new_or_not() {
    let home = Home::installed();
    let toml = home.run(&["reference", "show"]).stdout;
    let mut groups = home.json(&["reference", "show"]).json()["groups"].clone();
    let others = json!({
        "name": "N", "description": "D", "platform": "wallets", "enabled": false, "status": "long_only", "label": "L",
        "max_leverage": 7, "margin_call_level": "91", "stop_out_level": "41", "negative_balance_protection": false,
        "swap_free": true, "margin_calculation": "net", "deposit_hold_days": 3, "new_client_hold_days": 5,
        "requires_approval": true, "minimum_balance": "-12", "currencies": ["EUR"],
    });
    let group = groups[0].as_object_mut().unwrap();
    for (key, value) in others.as_object().unwrap() {
        assert_ne!(group.insert(key.clone(), value.clone()).unwrap(), *value, "{key}");
    }
    let mut new = group.clone();
    let fixed = [("code", "newcomer"), ("id", "0198c1f0-0000-7000-8000-000000000000"), ("kind", "wallet")];
    new.extend(fixed.map(|(key, value)| (key.to_owned(), value.into())));
    assert_ne!(new.insert("demo".into(), true.into()), Some(true.into()));
    groups.as_array_mut().unwrap().push(new.into());

    let (currencies_and_platforms, _) = toml.split_once("[[groups]]").unwrap();
    let blocks: String = groups.as_array().unwrap().iter().map(group_block).collect();
    let file = home.file("edited.toml", &format!("{currencies_and_platforms}{blocks}"));
    let changed = home.run(&["reference", "apply", &file]).stdout;
    assert_eq!(changed, "change group live-standard\ncreate group newcomer\n");
    assert_eq!(home.json(&["reference", "show"]).json()["groups"], groups);
}

#[test]
fn operators_tokens_and_reference_data_without_a_server() {
    let home = Home::installed();
    operators_and_tokens(&home);
    reference_data(&home);
}

#[test]
fn operators_tokens_and_reference_data_through_a_server() {
    let home = Home::new();
    let mut served = home.serve();
    operators_and_tokens(&home);
    reference_data(&home);
    assert_eq!(home.json(&["healthcheck"]).json()["url"], served.banner["url"]);
    assert_eq!(home.json(&["audit"]).json()["ok"], true, "while the server runs");
    let password = home.file("password", "correct horse");
    assert_eq!(home.run(&["init", "--password-file", &password]).code, 4);
    assert_eq!(home.run(&["serve", "--dev", "--listen", "127.0.0.1:0"]).code, 6);
    let socket = home.data().join("control.sock");
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(served.stop(), 0);
    assert!(!socket.exists());
    let health = home.run(&["healthcheck"]);
    assert_eq!(health.code, 1);
    assert!(health.stderr.contains("no server answers"), "{}", health.stderr);
}

#[test]
fn a_development_server_is_the_same_after_a_restart() {
    let home = Home::new();
    let mut first = home.serve();
    let banner = first.banner.clone();
    assert_eq!((&banner["event"], &banner["username"]), (&"listening".into(), &"dev".into()));
    assert!(banner["apis"]["native"][0].is_string() && banner["clients"].is_object(), "{banner}");
    let file = home.data().join("dev-credentials.json");
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(first.stop(), 0);
    let audit = home.json(&["audit"]).json();
    assert!(audit["entries"].as_u64().unwrap() > 0, "there is sample data: {audit}");

    let second = home.serve();
    for key in ["token", "password", "username", "data_dir"] {
        assert_eq!(second.banner[key], banner[key], "{key}");
    }
    // A killed server leaves its socket behind; the next one replaces it.
    drop(second);
    assert!(home.data().join("control.sock").exists());
    let third = home.serve();
    home.json(&["operator", "reset-password", "dev", "--password-file", &home.file("p", "battery staple")]).json();
    drop(third);
    assert_ne!(home.serve().banner["token"], banner["token"], "a revoked token is replaced");
}

#[test]
fn a_long_data_directory_has_a_control_socket_too() {
    let home = Home::new();
    let long = home.path(&"d".repeat(150)).display().to_string();
    let mut served = home.serve_with(&["--data-dir", &long]);
    home.json(&["keys", "rotate", "--data-dir", &long]).json();
    assert_eq!(served.stop(), 0);
}

#[test]
fn the_control_socket_takes_only_what_it_knows() {
    let home = Home::new();
    let _served = home.serve();
    let say = |line: &str| {
        let mut stream = UnixStream::connect(home.data().join("control.sock")).unwrap();
        // The server may close the connection before an overlong line is sent completely.
        let _ = stream.write_all(line.as_bytes());
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    };
    assert!(say("{\"command\":\"health\"}\n").starts_with("{\"done\":"));
    for line in ["hello\n", "{\"command\":\"drop_everything\"}\n", "{\"command\":\"revoke_token\",\"id\":1}\n"] {
        assert!(say(line).starts_with("{\"failed\":"), "{line}");
    }
    assert_eq!(say(&"x".repeat(1024 * 1024 + 10)), "", "an endless line was answered");
    assert!(say("{\"command\":\"health\"}\n").starts_with("{\"done\":"), "the socket stopped answering");
}

#[test]
fn a_production_server_lists_every_problem_that_prevents_its_start() {
    let home = Home::new();
    let refused = home.json(&["serve", "--listen", "0.0.0.0:0"]).error(3);
    let message = refused["message"].as_str().unwrap();
    assert!(message.contains("--insecure-http") && message.contains("bursar init"), "{message}");
    fs::create_dir(home.data()).unwrap();
    fs::set_permissions(home.data(), fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(home.json(&["serve"]).error(4)["code"], "DATABASE");
    assert_eq!(home.json(&["serve", "--dev", "--listen", "0.0.0.0:0"]).error(3)["code"], "CONFIGURATION");
}

#[test]
fn a_lock_without_an_answering_server_exits_with_6() {
    let home = Home::installed();
    let lock = fs::OpenOptions::new().write(true).open(home.data().join("bursar.lock")).unwrap();
    lock.lock().unwrap();
    let error = home.json(&["keys", "rotate"]).error(6);
    assert!(error["next"].as_str().unwrap().contains("try again"), "{error}");
    assert_eq!(home.json(&["keys", "list"]).code, 0, "reading needs no lock");
    assert_eq!(home.json(&["serve", "--listen", "127.0.0.1:0"]).code, 6);
}

#[test]
fn an_audit_finds_tampering() {
    let home = Home::new();
    assert_eq!(home.serve().stop(), 0);
    let clean = home.json(&["audit"]).json();
    assert_eq!((&clean["ok"], clean["chain_head"].as_str().unwrap().len()), (&true.into(), 64));
    assert!(clean["took_ms"]["integrity"].is_number() && !clean["trial_balance"].as_array().unwrap().is_empty());
    assert!(home.json(&["audit", "--quick"]).json()["took_ms"]["integrity"].is_null());
    assert!(home.run(&["audit"]).stdout.contains("Nothing is wrong."));

    let copy = home.path("copy.db");
    fs::copy(home.data().join("bursar.db"), &copy).unwrap();
    let copy_name = copy.display().to_string();
    assert_eq!(home.json(&["audit", &copy_name]).json()["chain_head"], clean["chain_head"]);
    let tampered = rusqlite::Connection::open(&copy).unwrap();
    let one = "(SELECT book_id, entry_seq FROM postings LIMIT 1)";
    let change = format!("UPDATE postings SET amount_minor = amount_minor + 1 WHERE (book_id, entry_seq) = {one}");
    assert_eq!(tampered.execute(&change, []).unwrap(), 1);
    drop(tampered);
    let audit = home.json(&["audit", &copy_name]);
    assert_eq!(audit.error(5)["code"], "VERIFICATION");
    let report: Value = serde_json::from_str(&audit.stdout).unwrap();
    assert_eq!(report["ok"], false);
    assert!(!report["findings"].as_array().unwrap().is_empty(), "{report}");
    assert!(home.run(&["audit", &copy_name]).stdout.contains("FINDING "));

    assert_eq!(home.run(&["audit", "nowhere.db"]).code, 4);
    assert_eq!(home.run(&["audit", &home.file("other.db", "not a database")]).code, 4);
}

#[test]
fn a_closed_output_pipe_does_not_change_the_exit_code() {
    let home = Home::installed();
    let tampered = home.path("tampered.db");
    fs::copy(home.data().join("bursar.db"), &tampered).unwrap();
    let file = rusqlite::Connection::open(&tampered).unwrap();
    file.execute("UPDATE books SET balance_minor = balance_minor + 1", []).unwrap();
    file.execute("DELETE FROM events WHERE seq = (SELECT min(seq) FROM events)", []).unwrap();
    drop(file);
    let tampered = tampered.display().to_string();
    for command in [
        &["audit"][..],
        &["audit", &tampered],
        &["config", "show"],
        &["config", "check"],
        &["config", "schema"],
        &["operator", "list"],
        &["token", "list"],
        &["reference", "show"],
        &["keys", "list"],
        &["keys", "rotate"],
        &["db", "stats"],
        &["db", "optimize"],
        &["backup", "list"],
        &["restore", "plan"],
        &["healthcheck"],
        &["openapi"],
        &["version"],
        &["help"],
        &["--help"],
        &["audit", "--help"],
        &["--version"],
        &[],
    ] {
        for json in [&[][..], &["--json"]] {
            let arguments = [command, json].concat();
            // The reader is closed before the command starts.
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            let ran = Ran::of(home.command(&arguments).stdout(writer).output().unwrap());
            let read = home.run(&arguments);
            assert_eq!((ran.code, &ran.stderr), (read.code, &read.stderr), "{arguments:?}");
            assert!(!ran.stderr.contains("panic") && !ran.stderr.contains("pipe"), "{arguments:?}: {}", ran.stderr);
        }
    }
    assert_eq!(home.run(&["audit", &tampered]).code, 5);
}
