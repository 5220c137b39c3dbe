//! What somebody who can write to a target puts there: planted, forged, renamed, plain and oversized backups and
//! changes. None is used, each is named, and nothing of them is left behind.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use bursar::backup::codec::{self, Recipient};
use bursar::backup::signature::{self, Kind};
use bursar::store::InstallationKey;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::backups::{backup, configure, object, seeded};
use super::home::{Home, Ran};
use super::restore_kill::entries;
use super::signed;

/// A key that somebody else made.
fn foreign_key(home: &Home) -> InstallationKey {
    InstallationKey::create(&home.path("mallory.key")).unwrap()
}

fn restore(home: &Home, args: &[&str]) -> Ran {
    let config: &[&str] = if home.path("config.toml").exists() { &["--config", "config.toml"] } else { &[] };
    home.json(&[&["restore"], args, config].concat())
}

fn signed_text(kind: Kind, value: &Value, key: Option<&InstallationKey>) -> Vec<u8> {
    let text = serde_json::to_string_pretty(value).unwrap();
    let installation = value["installation"].as_str().unwrap().parse().unwrap();
    key.map_or(text.clone(), |key| signature::sign(key, installation, kind, &text)).into_bytes()
}

/// A file of a backup: a manifest made after that of another one, and any content.
struct Forged {
    contents: Value,
    object: Vec<u8>,
}

impl Forged {
    /// After a manifest beside an object, with this database.
    fn after(manifest: &Path, database: &[u8], key: Option<&InstallationKey>, to: &[Recipient]) -> Forged {
        let mut contents: Value = serde_json::from_slice(&fs::read(manifest).unwrap()).unwrap();
        for beside in ["object", "name", "signature"] {
            contents.as_object_mut().unwrap().remove(beside);
        }
        contents["database"] = json!({"bytes": database.len(), "sha256": sha256(database)});
        Forged::of(contents, database, key, to)
    }

    fn of(contents: Value, database: &[u8], key: Option<&InstallationKey>, to: &[Recipient]) -> Forged {
        let manifest = signed_text(Kind::Contents, &contents, key);
        let mut sealed = codec::write_backup(to, &manifest, Vec::new()).unwrap();
        sealed.write_all(database).unwrap();
        Forged { contents, object: sealed.finish().unwrap() }
    }

    /// Puts it beside a backup, under a name of the future.
    fn plant(&self, beside: &Path, encoding: &str, key: Option<&InstallationKey>) -> String {
        let entry = beside.file_stem().unwrap().to_str().unwrap().split_once('-').unwrap().1;
        let name = format!("20991231T235959Z-{entry}");
        let mut manifest = self.contents.clone();
        manifest["object"] = json!({"encoding": encoding, "bytes": self.object.len(), "sha256": sha256(&self.object)});
        fs::write(beside.with_file_name(format!("{name}.bursar")), &self.object).unwrap();
        let text = signed_text(Kind::Manifest, &manifest, key);
        fs::write(beside.with_file_name(format!("{name}.json")), text).unwrap();
        name
    }
}

fn sha256(bytes: &[u8]) -> String {
    codec::hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref())
}

fn database(home: &Home) -> Vec<u8> {
    fs::read(home.data().join("bursar.db")).unwrap()
}

/// Everything in a data directory but what each command may write about itself.
fn content(data: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.extension().is_none_or(|extension| extension != "lock" && extension != "json"));
    found.sort();
    found
}

/// Asserts that a planted backup is used by no command, is named by each, and does not make retention give up others.
#[track_caller]
fn is_refused(home: &Home, planted: &str, genuine: &str, state: &str, why: &str) {
    let listed = backup(home, &["list"]).json();
    let found = listed["backups"].as_array().unwrap().iter().find(|it| it["name"] == planted).unwrap();
    assert_eq!(found["state"], state, "{found}");
    let newest = backup(home, &["verify"]).json();
    assert_eq!((&newest["backups"][0]["name"], &newest["backups"][0]["state"]), (&json!(genuine), &json!("proven")));
    assert!(newest["not_used"][0].as_str().unwrap().contains(why), "{newest}");
    for args in [&["verify", "--all"][..], &["verify", planted]] {
        let ran = backup(home, args);
        let error = ran.error(5);
        assert!(error["message"].as_str().unwrap().contains(why), "{args:?}: {error}");
        assert!(error["next"].is_string(), "{args:?}: {error}");
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        let outcome = |name: &str| report["backups"].as_array().unwrap().iter().find(|it| it["name"] == name).cloned();
        assert_eq!(outcome(planted).unwrap()["state"], "wrong", "{report}");
        assert!(outcome(genuine).is_none_or(|it| it["state"] == "proven"), "{report}");
    }
    let drill = backup(home, &["drill"]).json();
    assert_eq!(drill["name"], genuine);
    assert!(drill["not_used"][0].as_str().unwrap().contains(why), "{drill}");
    let plan = restore(home, &["plan"]).json();
    assert_eq!(plan["backup"], genuine);
    let named =
        [&plan["untrusted"], &restore(home, &["list"]).json()["untrusted"], &plan["broken"]].map(Value::to_string);
    assert!(state == "broken" || named[..2].iter().all(|list| list.contains(planted)), "{named:?}");
    let pruned = backup(home, &["prune", "--dry-run"]).json();
    assert!(!pruned["targets"][0]["removed"].to_string().contains(genuine), "{pruned}");
    let before = content(&home.data());
    let error = restore(home, &["apply", "--backup", planted]).error(if state == "broken" { 1 } else { 5 });
    assert!(state == "broken" || error["message"].as_str().unwrap().contains(why), "{error}");
    assert_eq!(content(&home.data()), before);
}

#[test]
fn a_planted_backup_is_refused_and_the_genuine_one_is_used() {
    let home = seeded();
    let count = entries(&home.data()).len();
    configure(&home, "keep_latest = 1\nkeep_daily = 0\nkeep_weekly = 0\nkeep_monthly = 0");
    let genuine = backup(&home, &["create"]).json()["name"].as_str().unwrap().to_owned();
    let manifest = object(&home.data().join("backups"), ".json");
    let (own, mallory, data) = (signed::key(&home.data()), foreign_key(&home), database(&home));

    let unsigned = Forged::after(&manifest, &data, None, &[]);
    let planted = unsigned.plant(&manifest, "zstd", None);
    is_refused(&home, &planted, &genuine, "unsigned", "is not signed");
    let accepted = backup(&home, &["verify", &planted, "--unsigned"]).json();
    assert_eq!(accepted["backups"][0]["state"], "proven");

    // Signed by somebody else, who says so or claims to be this installation.
    let theirs = Forged::after(&manifest, &data, Some(&mallory), &[]);
    let planted = theirs.plant(&manifest, "zstd", Some(&mallory));
    is_refused(&home, &planted, &genuine, "foreign", "is signed by a key that is not trusted here");
    let verifier = signed::verifier_of(&mallory, &manifest);
    let error = backup(&home, &["verify", &planted]).error(5);
    // What the operator kept is asked for: the key at the target is no key to trust.
    assert!(error["next"].as_str().unwrap().contains("--trust KEY"), "{error}");
    assert!(!error.to_string().contains(&verifier), "{error}");
    let hash = verifier.split('+').nth(1).unwrap();
    assert!(error["message"].as_str().unwrap().contains(hash), "{error}");
    assert_eq!(backup(&home, &["verify", &planted, "--trust", &verifier]).json()["ok"], true);

    // A signature from elsewhere, and a genuine backup under a newer name.
    let beside = manifest.with_file_name(format!("{planted}.json"));
    let taken = fs::read_to_string(&manifest).unwrap();
    let taken = taken.rsplit_once("\"signature\"").unwrap().1;
    let body = fs::read_to_string(&beside).unwrap();
    fs::write(&beside, format!("{}\"signature\"{taken}", body.rsplit_once("\"signature\"").unwrap().0)).unwrap();
    is_refused(&home, &planted, &genuine, "broken", "its signature is wrong");
    for ending in ["bursar", "json"] {
        let to = beside.with_extension(ending);
        fs::copy(manifest.with_extension(ending), to).unwrap();
    }
    is_refused(&home, &planted, &genuine, "broken", "it belongs to another installation, timeline or name");

    // Signed on the outside, as by a forger who got one manifest signed: the inside must be signed too.
    let planted = unsigned.plant(&manifest, "zstd", Some(&own));
    let error = backup(&home, &["verify", &planted]).error(5);
    assert!(error["message"].as_str().unwrap().contains("is not signed"), "{error}");
    assert_eq!(entries(&home.data()).len(), count);
}

#[test]
fn planted_backups_push_out_none_that_are_genuine() {
    let home = seeded();
    configure(&home, "keep_latest = 2\nkeep_daily = 0\nkeep_weekly = 0\nkeep_monthly = 0");
    let name = backup(&home, &["create"]).json()["name"].as_str().unwrap().to_owned();
    let manifest = object(&home.data().join("backups"), &format!("{name}.json"));
    let (directory, entry) = (manifest.parent().unwrap(), name.split_once('-').unwrap().1);
    let old = format!("20240101T120000Z-{entry}");
    signed::copy(&signed::key(&home.data()), directory, &name, &old);
    let forged = Forged::after(&manifest, &database(&home), None, &[]);
    for second in 10..15 {
        let planted = forged.plant(&manifest, "zstd", None);
        for ending in ["bursar", "json"] {
            let (from, to) = (format!("{planted}.{ending}"), format!("209901{second}T000000Z-{entry}.{ending}"));
            fs::rename(directory.join(from), directory.join(to)).unwrap();
        }
    }
    let pruned = backup(&home, &["prune"]).json();
    let kept = ["20990113", "20990114"].map(|day| format!("{day}T000000Z-{entry}"));
    assert_eq!(pruned["targets"][0]["kept"], json!([old, name, kept[0], kept[1]]), "{pruned}");
    assert_eq!(backup(&home, &["verify", &old]).json()["ok"], true);
}

#[test]
fn a_lone_file_is_restored_only_if_its_maker_is_known() {
    let home = seeded();
    backup(&home, &["create"]).json();
    let (all, before) = (entries(&home.data()), content(&home.data()));
    let manifest = object(&home.data().join("backups"), ".json");
    let (mallory, data) = (foreign_key(&home), database(&home));
    let file = home.path("planted.bursar").display().to_string();
    for (key, why) in [(None, "is not signed"), (Some(&mallory), "by a key that is not trusted here")] {
        fs::write(&file, Forged::after(&manifest, &data, key, &[]).object).unwrap();
        let error = restore(&home, &["apply", "--file", &file]).error(5);
        assert!(error["message"].as_str().unwrap().contains(why), "{error}");
        assert_eq!((content(&home.data()), entries(&home.data())), (before.clone(), all.clone()));
        let into = home.path("made/by/the/restore").display().to_string();
        restore(&home, &["apply", "--file", &file, "--into", &into]).error(5);
        assert!(!home.path("made").exists(), "a directory was left behind");
    }
    // On a machine without any key, as after a lost disk, the keys that were kept are what is believed.
    let genuine = object(&home.data().join("backups"), ".bursar").display().to_string();
    let elsewhere = home.path("elsewhere").display().to_string();
    let on_another_machine = |args: &[&str]| {
        let mut command = home.command(&[&["restore", "apply", "--file", &genuine, "--json"], args].concat());
        Ran::of(command.env("BURSAR_DATA_DIR", &elsewhere).output().unwrap())
    };
    let verifier = signed::verifier(&home.data(), &manifest);
    let error = on_another_machine(&[]).error(5);
    assert!(error["message"].as_str().unwrap().contains(verifier.split('+').nth(1).unwrap()), "{error}");
    assert!(error["next"].as_str().unwrap().contains("bursar backup keygen"), "{error}");
    assert!(!Path::new(&elsewhere).exists());
    let other = signed::verifier_of(&mallory, &manifest);
    on_another_machine(&["--trust", &other]).error(5);
    on_another_machine(&["--trust", "bursar/nonsense"]).error(2);
    on_another_machine(&["--trust", &home.file("empty", "nothing\n")]).error(2);
    let kept = home.file("kept", &format!("# public key: age1…\n# bursar verifier: {verifier}\n"));
    let report = on_another_machine(&["--trust", &kept]).json();
    assert_eq!((report["new_key"].as_bool(), report["verifier"] != json!(verifier)), (Some(true), true), "{report}");
    assert_eq!(entries(Path::new(&elsewhere)), all);
}

#[test]
fn a_plain_backup_is_refused_where_backups_are_encrypted() {
    let home = seeded();
    let made = backup(&home, &["create"]).json();
    let plain = made["name"].as_str().unwrap();
    let key = home.path("age.key").display().to_string();
    let made = home.json(&["backup", "keygen", &key]).json();
    let verifier = home.json(&["backup", "verifier"]).json()["verifier"].as_str().unwrap().to_owned();
    assert_eq!(made["verifier"], verifier.as_str());
    assert!(fs::read_to_string(&key).unwrap().contains(&format!("\n# bursar verifier: {verifier}\n")));
    let recipient = made["recipient"].as_str().unwrap();
    configure(&home, &format!("recipients = [{recipient:?}]\nidentity_file = \"age.key\""));

    let why = "is not encrypted, although backup.recipients is set";
    for command in [&["backup", "verify"][..], &["backup", "drill"], &["restore", "plan"], &["restore", "apply"]] {
        let error = home.json(&[command, &["--config", "config.toml"]].concat()).error(5);
        assert!(error["message"].as_str().unwrap().contains(why), "{command:?}: {error}");
        assert!(error["next"].as_str().unwrap().contains("--unsigned"), "{command:?}: {error}");
    }
    assert_eq!(backup(&home, &["verify", plain, "--unsigned"]).json()["ok"], true);
    assert_eq!(restore(&home, &["plan", "--unsigned"]).json()["backup"], plain);

    // What is planted beside an encrypted one is not used, whether it says that it is encrypted or not.
    let made = backup(&home, &["create"]).json();
    let genuine = made["name"].as_str().unwrap();
    let manifest = object(&home.data().join("backups"), &format!("{genuine}.json"));
    let own = signed::key(&home.data());
    let forged = Forged::after(&manifest, &database(&home), Some(&own), &[]);
    let planted = forged.plant(&manifest, "zstd", Some(&own));
    is_refused(&home, &planted, genuine, "plain", why);
    let planted = forged.plant(&manifest, "zstd+age", Some(&own));
    let error = backup(&home, &["verify", &planted]).error(5);
    assert!(error["message"].as_str().unwrap().contains(why), "{error}");
}

#[test]
fn a_backup_with_a_foreign_schema_is_refused_whoever_signed_it() {
    let home = seeded();
    backup(&home, &["create"]).json();
    let manifest = object(&home.data().join("backups"), ".json");
    let own = signed::key(&home.data());
    let trigger = "CREATE TRIGGER hide AFTER INSERT ON audit_log BEGIN DELETE FROM audit_log WHERE id = new.id; END";
    fs::copy(home.data().join("bursar.db"), home.path("evil.db")).unwrap();
    Connection::open(home.path("evil.db")).unwrap().execute_batch(trigger).unwrap();
    let forged = Forged::after(&manifest, &fs::read(home.path("evil.db")).unwrap(), Some(&own), &[]);
    let planted = forged.plant(&manifest, "zstd", Some(&own));
    let (all, before) = (entries(&home.data()), content(&home.data()));
    let file = home.path("planted.bursar").display().to_string();
    fs::write(&file, &forged.object).unwrap();
    for args in [
        &["backup", "verify", &planted][..],
        &["backup", "drill"],
        &["restore", "apply"],
        &["restore", "apply", "--file", &file, "--unsigned"],
    ] {
        let error = home.json(args).error(5);
        assert!(error["message"].as_str().unwrap().contains("the trigger hide of audit_log"), "{args:?}: {error}");
        assert_eq!((content(&home.data()), entries(&home.data())), (before.clone(), all.clone()), "{args:?}");
    }
}

#[test]
fn what_is_larger_than_its_manifest_says_is_not_unpacked() {
    let home = seeded();
    backup(&home, &["create"]).json();
    let manifest = object(&home.data().join("backups"), ".json");
    let own = signed::key(&home.data());
    let before = content(&home.data());
    let file = home.path("bomb.bursar").display().to_string();
    // A gigabyte that takes some kilobytes, and says that it is a hundred bytes.
    let mut honest = Forged::after(&manifest, b"", None, &[]).contents;
    honest["database"]["bytes"] = 100.into();
    let bomb = Forged::of(honest.clone(), &vec![0; 1 << 30], Some(&own), &[]);
    fs::write(&file, &bomb.object).unwrap();
    let planted = bomb.plant(&manifest, "zstd", Some(&own));
    for args in [&["restore", "apply", "--file", &file][..], &["restore", "apply", "--backup", &planted]] {
        // A file of at most a megabyte: the gigabyte is not written even for a moment.
        let limited = "ulimit -f 1024; exec \"$0\" \"$@\"";
        let program = home.command(&[args, &["--json"]].concat());
        let mut shell = std::process::Command::new("bash");
        shell.args(["-c", limited]).arg(program.get_program()).args(program.get_args()).current_dir(&home.root);
        shell.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let error = Ran::of(shell.output().unwrap()).error(5);
        assert!(error["message"].as_str().unwrap().contains("another database than its manifest says"), "{error}");
        assert_eq!(content(&home.data()), before, "{args:?}");
    }
    // One that says that it is larger than any disk.
    honest["database"]["bytes"] = (1u64 << 60).into();
    let huge = Forged::of(honest, b"", Some(&own), &[]);
    fs::write(&file, &huge.object).unwrap();
    let planted = huge.plant(&manifest, "zstd", Some(&own));
    for args in [&["restore", "apply", "--file", &file][..], &["restore", "apply"], &["backup", "verify", &planted]] {
        let error = home.json(args).error(1);
        assert!(error["message"].as_str().unwrap().contains("bytes free"), "{args:?}: {error}");
        assert_eq!(content(&home.data()), before, "{args:?}");
    }
}

#[test]
fn what_is_planted_in_a_bucket_is_refused_too() {
    let (home, _wire) = super::backup_s3::place();
    let genuine = backup(&home, &["create"]).json()["name"].as_str().unwrap().to_owned();
    let manifest = object(&home.path("s3/vault"), ".json");
    let (own, mallory, data) = (signed::key(&home.data()), foreign_key(&home), database(&home));
    let planted = Forged::after(&manifest, &data, None, &[]).plant(&manifest, "zstd", None);
    is_refused(&home, &planted, &genuine, "unsigned", "is not signed");
    let theirs = Forged::after(&manifest, &data, Some(&mallory), &[]);
    let planted = theirs.plant(&manifest, "zstd", Some(&mallory));
    is_refused(&home, &planted, &genuine, "foreign", "is signed by a key that is not trusted here");
    let mut small = theirs.contents;
    small["database"]["bytes"] = 100.into();
    let planted = Forged::of(small, &vec![0; 1 << 28], Some(&own), &[]).plant(&manifest, "zstd", Some(&own));
    let before = content(&home.data());
    for command in [&["backup", "verify"][..], &["restore", "apply", "--backup", &planted]] {
        let error = home.json(&[command, &["--config", "config.toml"]].concat()).error(5);
        assert!(error["message"].as_str().unwrap().contains("another database than its manifest says"), "{error}");
        assert_eq!(content(&home.data()), before);
    }
}
