//! Private keys in the database are sealed with the installation key, which is in a file of its own.

use super::harness::{Caller, PASSWORD, PATIENCE, Server, write_private};
use super::home::{Home, Ran};
use super::migration::old;
use super::native_sessions::verify;
use super::upgrade::turn_back;
use crate::common::program::Process;
use rusqlite::Connection;
use serde_json::{Value, json};
use std::fs::{self, Permissions};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// What every Ed25519 private key in PKCS#8 contains.
const PKCS8: &[u8] = b"\x06\x03\x2b\x65\x70\x04\x22\x04\x20";

/// A server with a client who can log in.
fn server(config: &str) -> Server {
    let server = Server::start(config);
    add_client(&server.admin());
    server
}

fn add_client(admin: &Caller<'_>) {
    admin.new_profile_with(&json!({"email": "jane@example.com", "password": PASSWORD}));
}

fn begin(server: &Server) -> String {
    let login = json!({"email": "jane@example.com", "password": PASSWORD});
    server.admin().post("/trade/login", &login).ok().text_at("accessToken")
}

fn kid(token: &str) -> String {
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
}

fn is_active(server: &Server, token: &str) -> bool {
    server.admin().post("/trade/introspect", &json!({"token": token})).ok().json()["active"] == true
}

fn key_file(server: &Server) -> PathBuf {
    server.data_dir().join("installation.key")
}

/// The ids of the keys whose private half is in the database, oldest first.
fn able_to_sign(database: &Path) -> Vec<String> {
    let connection = Connection::open(database).unwrap();
    let mut statement =
        connection.prepare("SELECT kid FROM signing_keys WHERE sealed_key IS NOT NULL ORDER BY id").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// The files of a data directory that contain these bytes; backups are unpacked.
fn holding(dir: &Path, part: &[u8]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(holding(&path, part));
        } else if path.is_file() {
            let bytes = fs::read(&path).unwrap();
            let unpacked = zstd::decode_all(bytes.as_slice()).unwrap_or_default();
            if contains(&bytes, part) || contains(&unpacked, part) {
                found.push(path);
            }
        }
    }
    found
}

/// The error of a server that does not start, which ends with this exit code.
#[track_caller]
pub(super) fn not_served(command: &mut Command, code: i32) -> Value {
    let mut process = Process::spawn(command.args(["--listen", "127.0.0.1:0"]).stderr(Stdio::piped()));
    let mut stderr = process.take_stderr();
    assert!(process.banner().is_none(), "it serves");
    let mut text = String::new();
    stderr.read_to_string(&mut text).unwrap();
    Ran { code: process.wait().code().unwrap(), stdout: String::new(), stderr: text }.error(code)
}

#[test]
fn a_copy_of_the_database_or_a_backup_cannot_sign() {
    let mut server = server("");
    let token = begin(&server);
    server.command(&["keys", "rotate"]);
    server.command(&["backup", "create"]);
    verify(&server.anyone(), &token);
    // The bytes before the secret half are the same in every private key.
    assert_eq!(holding(&server.data_dir(), PKCS8), [""; 0].map(PathBuf::from));
    server.stop();
    assert_eq!(holding(&server.data_dir(), PKCS8), [""; 0].map(PathBuf::from));
    let secret = fs::read(key_file(&server)).unwrap();
    assert_eq!(holding(&server.data_dir(), secret.trim_ascii()), [key_file(&server)]);
    // With the key file moved away, the copy does not even start.
    fs::rename(key_file(&server), server.home().join("aside")).unwrap();
    not_served(&mut server.program(&["serve", "--dev"]), 3);
    fs::rename(server.home().join("aside"), key_file(&server)).unwrap();
    server.start_again();
    assert_eq!(kid(&begin(&server)), kid(&token));
}

#[test]
fn a_private_key_is_erased_when_it_retires() {
    let server = server("[sessions]\nkey_cache_s = 0\nkey_notice_s = 1\n");
    let database = server.data_dir().join("bursar.db");
    let old = begin(&server);
    let new = server.command(&["keys", "rotate"])["kid"].as_str().unwrap().to_owned();
    let end = Instant::now() + PATIENCE;
    while able_to_sign(&database) != [new.clone()] {
        assert!(Instant::now() < end, "{:?}", able_to_sign(&database));
    }
    // Its tokens are good until they expire.
    assert!(is_active(&server, &old) && kid(&begin(&server)) == new);
    let newest = server.command(&["keys", "rotate", "--now"])["kid"].as_str().unwrap().to_owned();
    assert_eq!(able_to_sign(&database), [newest]);
}

#[test]
fn without_its_installation_key_a_database_is_not_served_and_no_key_is_made() {
    let mut server = server("");
    let old = begin(&server);
    let other = Server::start("");
    server.stop();
    let (file, right) = (key_file(&server), fs::read(key_file(&server)).unwrap());
    let run = |args: &[&str]| Ran::of(server.program(args).output().unwrap()).error(3);
    for wrong in [None, Some(fs::read(key_file(&other)).unwrap()), Some(b"nonsense".to_vec()), Some(Vec::new())] {
        let _ = fs::remove_file(&file);
        if let Some(wrong) = &wrong {
            write_private(&file, std::str::from_utf8(wrong).unwrap());
        }
        let served = not_served(&mut server.program(&["serve", "--dev"]), 3);
        for error in [served, run(&["keys", "rotate"]), run(&["operator", "disable", "dev"])] {
            assert!(error["message"].as_str().unwrap().contains(file.to_str().unwrap()), "{error}");
            let line = format!("bursar keys renew --config config.toml --data-dir {}", server.data_dir().display());
            assert!(error["next"].as_str().unwrap().contains(&line), "{error}");
            assert_eq!(fs::read(&file).ok(), wrong, "{error}");
        }
    }
    write_private(&file, std::str::from_utf8(&right).unwrap());
    server.start_again();
    assert!(is_active(&server, &old));
}

#[test]
fn a_lost_installation_key_is_renewed_and_all_tokens_end() {
    let mut server = server("");
    let old = begin(&server);
    server.command(&["keys", "rotate"]);
    Ran::of(server.program(&["keys", "renew"]).output().unwrap()).error(6);
    server.stop();
    let first = fs::read_to_string(key_file(&server)).unwrap();
    fs::remove_file(key_file(&server)).unwrap();
    let renewed = server.command(&["keys", "renew"]);
    assert_eq!(renewed["kept"], Value::Null);
    assert!(renewed["verifier"].as_str().unwrap().starts_with("bursar/"), "{renewed}");
    let second = fs::read_to_string(key_file(&server)).unwrap();
    assert_ne!(second, first);
    assert_eq!(fs::metadata(key_file(&server)).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(able_to_sign(&server.data_dir().join("bursar.db")), [renewed["kid"].as_str().unwrap()]);
    server.start_again();
    assert!(!is_active(&server, &old));
    let new = begin(&server);
    verify(&server.anyone(), &new);
    assert_eq!(kid(&new), renewed["kid"].as_str().unwrap());
    // One that others know is replaced in the same way, and kept until it is known to be of no use.
    server.stop();
    let again = server.command(&["keys", "renew"]);
    assert_ne!(again["verifier"], renewed["verifier"]);
    assert_eq!((&renewed["old_verifier"], &again["old_verifier"]), (&Value::Null, &renewed["verifier"]));
    assert_eq!(fs::read_to_string(again["kept"].as_str().unwrap()).unwrap(), second);
    server.start_again();
    assert!(!is_active(&server, &new) && is_active(&server, &begin(&server)));
}

#[test]
fn the_installation_key_may_be_where_the_service_manager_puts_it() {
    let home = Home::installed();
    // As systemd does with LoadCredential: a directory and a file that are only for reading.
    let credentials = home.path("credentials");
    fs::create_dir(&credentials).unwrap();
    let file = credentials.join("installation.key");
    fs::rename(home.data().join("installation.key"), &file).unwrap();
    let set_mode = |path: &Path, mode: u32| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let served = || {
        let mut command = home.command(&["serve", "--json"]);
        command.env("BURSAR_KEYS__FILE", &file);
        command
    };
    set_mode(&file, 0o444);
    let error = not_served(&mut served(), 3);
    assert!(error["message"].as_str().unwrap().contains("chmod 600 "), "{error}");
    set_mode(&file, 0o400);
    set_mode(&credentials, 0o500);
    let mut served = served();
    let mut server = Process::spawn(served.args(["--listen", "127.0.0.1:0"]).stderr(Stdio::null()));
    assert!(server.banner().is_some(), "the server does not start");
    home.json(&["keys", "rotate"]).json();
    assert_eq!(server.stop().code(), Some(0));
    assert!(!home.data().join("installation.key").exists());
    // Where the key is configured and missing, none is made either.
    home.json(&["keys", "rotate"]).error(3);
    let configured = [("BURSAR_KEYS__FILE", home.path("nowhere/key"))];
    let error =
        Ran::of(home.command(&["keys", "rotate", "--json"]).envs(configured.clone()).output().unwrap()).error(3);
    assert!(error["message"].as_str().unwrap().contains("nowhere/key"), "{error}");
    // A new installation makes it there, or says how else.
    let other = Home::new();
    let password = other.file("password", "correct horse\n");
    let init = ["init", "--password-file", &password, "--json"];
    let error = Ran::of(other.command(&init).envs(configured).output().unwrap()).error(3);
    assert!(error["next"].as_str().unwrap().contains("without keys.file"), "{error}");
    assert!(!other.data().join("bursar.db").exists());
    let file = other.path("elsewhere.key");
    Ran::of(other.command(&init).env("BURSAR_KEYS__FILE", &file).output().unwrap()).json();
    assert!(file.exists() && !other.data().join("installation.key").exists());
}

#[test]
fn a_restore_elsewhere_makes_new_keys() {
    let mut server = server("");
    let (old, place) = (begin(&server), server.home().join("other"));
    server.command(&["backup", "create"]);
    server.command(&["restore", "apply", "--into", place.to_str().unwrap()]);
    let (first, second) = (fs::read(key_file(&server)).unwrap(), fs::read(place.join("installation.key")).unwrap());
    assert_ne!(first, second);
    let able = able_to_sign(&place.join("bursar.db"));
    assert_eq!(able.len(), 1);
    assert_ne!(able, able_to_sign(&server.data_dir().join("bursar.db")));
    assert_eq!(holding(&place, PKCS8), [""; 0].map(PathBuf::from));
    // In its own place the key stays, and the keys in the database are new.
    server.stop();
    server.command(&["restore", "apply"]);
    assert_eq!(fs::read(key_file(&server)).unwrap(), first);
    server.start_again();
    assert!(!is_active(&server, &old));
    let new = begin(&server);
    verify(&server.anyone(), &new);
    assert_ne!(kid(&new), kid(&old));
}

/// A database of an earlier version with many keys, and their secret halves.
fn with_plain_keys(home: Home) -> (Home, Vec<Vec<u8>>) {
    let database = Connection::open(home.data().join("bursar.db")).unwrap();
    for number in 0..80 {
        let key = [
            b"\x30\x2e\x02\x01\x00\x30\x05".as_slice(),
            PKCS8,
            &std::array::from_fn::<u8, 32, _>(|_| fastrand::u8(..)),
        ]
        .concat();
        let sql = "INSERT INTO signing_keys (kid, algorithm, private_key, public_key, created_at)
                   VALUES (?1, 'EdDSA', ?2, randomblob(32), 1)";
        database.execute(sql, (format!("key-{number}"), key)).unwrap();
    }
    // Rows that have changed leave copies in the free space of their pages.
    database.execute_batch("UPDATE signing_keys SET retired_at = 1, withdrawn_at = 2 WHERE id % 3 = 0").unwrap();
    database.execute_batch("UPDATE signing_keys SET kid = kid || '-renamed' WHERE id > 2 AND id % 4 = 0").unwrap();
    let mut statement = database.prepare("SELECT private_key FROM signing_keys").unwrap();
    let keys = statement.query_map([], |row| row.get(0)).unwrap().map(Result::<Vec<u8>, _>::unwrap);
    let secret = |key: Vec<u8>| {
        let at = key.windows(PKCS8.len()).position(|window| window == PKCS8).unwrap() + PKCS8.len();
        key[at..at + 32].to_vec()
    };
    let secrets = keys.map(secret).collect();
    drop(statement);
    drop(database);
    (home, secrets)
}

#[test]
fn keys_of_earlier_versions_are_sealed_without_a_trace_and_succeeded() {
    // Version 16 has no trading data.
    let later = Home::new();
    assert_eq!(later.serve_with(&["--no-sample"]).stop(), 0);
    turn_back(&later.data().join("bursar.db"), 16);
    for home in [old(), later] {
        let (home, secrets) = with_plain_keys(home);
        let file = home.data().join("bursar.db");
        let traces = |name: &str| {
            let bytes = fs::read(home.data().join(name)).unwrap_or_default();
            secrets.iter().filter(|secret| contains(&bytes, secret)).count()
        };
        assert_eq!(traces("bursar.db"), secrets.len());
        home.json(&["db", "migrate"]).json();
        for name in ["bursar.db", "bursar.db-wal"] {
            assert_eq!(traces(name), 0, "{name}");
        }
        let sealed = able_to_sign(&file).len();
        assert_eq!(sealed, secrets.len());
        let mut server = home.serve();
        // Older backups have the old keys: the server announces a new one, and erases those that have retired.
        let end = Instant::now() + PATIENCE;
        let keys = loop {
            let keys = home.json(&["keys", "list"]).json();
            if keys[0]["state"] == "announced" && able_to_sign(&file).len() < sealed {
                break keys;
            }
            assert!(Instant::now() < end, "{keys}");
        };
        assert_eq!(keys.as_array().unwrap().iter().filter(|key| key["state"] == "announced").count(), 1, "{keys}");
        assert_eq!(server.stop(), 0);
        let mut again = home.serve();
        assert_eq!(home.json(&["keys", "list"]).json().as_array().unwrap().len(), keys.as_array().unwrap().len());
        assert_eq!(again.stop(), 0);
        for name in ["bursar.db", "bursar.db-wal"] {
            assert_eq!(traces(name), 0, "{name}");
        }
        assert_eq!(home.json(&["audit"]).json()["ok"], true);
    }
}
