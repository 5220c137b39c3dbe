//! Which backup is the newest: names are anybody's who can write to a target, so it is the last one that a trusted key
//! has signed under its name. What claims to be newer is named, and hides nothing.

use std::fs;
use std::path::{Path, PathBuf};

use super::backups::{backup, configure, seeded};
use super::harness::write_private;
use super::restore_kill::{await_shipped, found, shipping_server};

const PLANTED: &str = "20990101T000000Z-000000000099";

/// Puts a backup of this name and content beside another.
fn plant(beside: &Path, manifest: &[u8], object: &[u8]) -> [PathBuf; 2] {
    [("json", manifest), ("bursar", object)].map(|(ending, content)| {
        let file = beside.with_file_name(format!("{PLANTED}.{ending}"));
        fs::write(&file, content).unwrap();
        file
    })
}

#[test]
fn what_claims_to_be_newer_hides_no_backup() {
    let home = seeded();
    configure(&home, "keep_latest = 9");
    let genuine = backup(&home, &["create"]).json()["name"].as_str().unwrap().to_owned();
    let manifest = found(&home.data().join("backups"), ".json").pop().unwrap();
    let kept = fs::read(&manifest).unwrap();
    for (content, why) in [
        (&b"x"[..], "has no readable manifest"),
        (b"{}", "has no readable manifest"),
        (&kept, "it belongs to another installation"),
    ] {
        let planted = plant(&manifest, content, b"");
        let verified = backup(&home, &["verify"]).json();
        let drilled = backup(&home, &["drill"]).json();
        let (of_verify, of_drill) = (&verified["backups"], &drilled["name"]);
        assert_eq!((of_verify.as_array().unwrap().len(), &of_verify[0]["name"]), (1, of_drill), "{verified}");
        assert_eq!((of_drill, &of_verify[0]["state"]), (&serde_json::json!(genuine), &serde_json::json!("proven")));
        for report in [&verified, &drilled] {
            let named = report["not_used"][0].as_str().unwrap();
            assert!(named.contains(PLANTED) && named.contains(why), "{report}");
        }
        let shown = home.run(&["backup", "verify", "--config", "config.toml"]);
        assert!(shown.stdout.contains("NOTE not used"), "{}", shown.stdout);
        assert_eq!(backup(&home, &["verify", "--all"]).code, 5);
        assert_eq!(backup(&home, &["verify", PLANTED]).code, 5);
        planted.iter().for_each(|file| fs::remove_file(file).unwrap());
    }
    // The last one that was made here is ours, whatever has become of its manifest.
    let older = backup(&home, &["create"]).json();
    let newest = found(&home.data().join("backups"), ".json").pop().unwrap();
    assert_eq!(newest.file_stem().unwrap().to_str(), older["name"].as_str());
    let kept = fs::read(&newest).unwrap();
    fs::write(&newest, "x").unwrap();
    for command in ["verify", "drill"] {
        let error = backup(&home, &[command]).error(5);
        assert!(error["message"].as_str().unwrap().contains(older["name"].as_str().unwrap()), "{error}");
    }
    fs::write(&newest, kept).unwrap();
    // Where nothing is to be trusted, that is the outcome.
    for file in found(&home.data().join("backups"), ".json") {
        fs::write(file, "{}").unwrap();
    }
    assert_eq!(["verify", "drill"].map(|command| backup(&home, &[command]).code), [5, 5]);
}

#[test]
fn a_planted_manifest_does_not_fail_the_drill_of_the_server() {
    let mut server = shipping_server();
    await_shipped(&server);
    server.stop();
    plant(&found(&server.home().join("target"), ".json").pop().unwrap(), b"{}", b"");
    let file = server.home().join("config.toml");
    write_private(&file, &fs::read_to_string(&file).unwrap().replace("drill_days = 0", "drill_days = 1"));
    server.start_again();
    server.await_log("backup drill passed", 1);
    assert_eq!((server.logged("backup drill failed"), server.logged("what claims to be a newer backup")), (0, 1));
    server.stop();
}
