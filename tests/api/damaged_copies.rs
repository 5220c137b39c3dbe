//! One installation at two places: a damaged copy at one hides the good one at the other from no restore.

use std::fs;
use std::path::{Path, PathBuf};

use super::harness::{Server, write_private};
use super::home::Ran;
use super::restore_kill::{await_shipped, entries, found, ran, shipping_server};

/// A stopped server that has shipped a backup and several segments to `target` and to `second`.
fn at_two_places() -> Server {
    let mut server = shipping_server();
    let (target, second) = (server.home().join("target"), server.home().join("second"));
    fs::create_dir(&second).unwrap();
    server.stop();
    fs::remove_dir_all(&target).unwrap();
    fs::create_dir(&target).unwrap();
    let config = format!("[backup]\ndirectories = [{target:?}, {second:?}]\njournal_interval_s = 1\ndrill_days = 0\n");
    write_private(&server.home().join("config.toml"), &config);
    fs::remove_file(server.data_dir().join("backup-record.json")).unwrap();
    server.start_again();
    ran(server.program(&["backup", "create"])).json();
    let account = server.admin().new_account("USD");
    for _ in 0..3 {
        server.admin().deposit(&account, "1.00");
        await_shipped(&server);
    }
    server.stop();
    for ending in [".bursar", ".json", ".journal"] {
        assert_eq!(names(&target, ending), names(&second, ending));
    }
    server
}

fn names(place: &Path, ending: &str) -> Vec<PathBuf> {
    found(place, ending).iter().map(|path| path.strip_prefix(place).unwrap().to_owned()).collect()
}

fn restore(server: &Server) -> Ran {
    let into = server.home().join("into");
    let _ = fs::remove_dir_all(&into);
    ran(server.program(&["restore", "apply", "--into", into.to_str().unwrap()]))
}

/// The last backup, and a segment after it.
fn files(place: &Path) -> [PathBuf; 2] {
    let segments = found(place, ".journal");
    [found(place, ".bursar").pop().unwrap(), segments[segments.len() - 2].clone()]
}

/// Changes a byte; returns what was there.
fn damage(file: &Path) -> Vec<u8> {
    let good = fs::read(file).unwrap();
    let mut changed = good.clone();
    changed[good.len() * 2 / 3] ^= 1;
    fs::write(file, changed).unwrap();
    good
}

#[test]
fn a_damaged_copy_hides_the_good_one_from_no_restore() {
    let server = at_two_places();
    let places = ["target", "second"].map(|name| server.home().join(name));
    for kind in [0, 1] {
        let mut reported = 0;
        for place in &places {
            let file = &files(place)[kind];
            let good = damage(file);
            let report = restore(&server).json();
            assert_eq!(entries(&server.home().join("into")), entries(&server.data_dir()), "{}", file.display());
            for damaged in report["damaged"].as_array().unwrap() {
                assert!(damaged.as_str().unwrap().contains(place.to_str().unwrap()), "{report}");
                reported += 1;
            }
            // The verification of each place still finds it.
            assert_eq!(ran(server.program(&["backup", "verify"])).code, 5);
            fs::write(file, good).unwrap();
        }
        assert!(reported >= 1, "neither copy was read");

        // Without a good copy, nothing is restored.
        let goods = places.each_ref().map(|place| damage(&files(place)[kind]));
        restore(&server).error(5);
        assert!(!server.home().join("into").exists());
        for (place, good) in places.iter().zip(goods) {
            fs::write(&files(place)[kind], good).unwrap();
        }
    }
    restore(&server).json();
}
