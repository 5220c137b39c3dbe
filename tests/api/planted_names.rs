//! Files that somebody plants at a target for what their names say: of another history, or with impossible numbers.

use std::fs;
use std::path::{Path, PathBuf};

use bursar::domain::clock::Moment;

use super::harness::Server;
use super::histories::{listed, wait_until};
use super::restore_kill::{await_shipped, entries, found, ran, shipping_server};

/// Three deposits, of which a restore keeps the first, and one more: two entries on timeline 2.
pub(super) fn restored_server() -> (Server, Vec<Moment>) {
    let mut server = shipping_server();
    await_shipped(&server);
    let account = server.admin().new_account("USD");
    for _ in 0..3 {
        server.admin().deposit(&account, "1.00");
        await_shipped(&server);
    }
    server.stop();
    let moments = moments(&server.data_dir());
    back_to(&mut server, moments[0]);
    server.admin().deposit(&account, "0.01");
    await_timeline(&server, 2);
    await_shipped(&server);
    (server, moments)
}

/// The moments of the entries.
pub(super) fn moments(data: &Path) -> Vec<Moment> {
    entries(data).iter().map(|entry| Moment::from_unix_ms(entry.1)).collect()
}

/// Restores a stopped server to a moment.
pub(super) fn back_to(server: &mut Server, at: Moment) {
    ran(server.program(&["restore", "apply", "--at", &at.to_string()])).json();
    server.start_again();
}

pub(super) fn await_timeline(server: &Server, timeline: i64) {
    wait_until("a backup of the new timeline", || {
        listed(server)["backups"].as_array().unwrap().iter().any(|backup| backup["timeline"] == timeline)
    });
}

/// The last segment at the target by its name, and the parts of that.
fn last_segment(server: &Server) -> (PathBuf, Vec<String>) {
    let parts = |path: &PathBuf| -> Vec<String> {
        path.file_stem().unwrap().to_str().unwrap().split('-').map(str::to_owned).collect()
    };
    let all = found(&server.home().join("target"), ".journal");
    let last = all.into_iter().max_by_key(|path| (path.iter().nth_back(3).unwrap().to_owned(), parts(path)[1].clone()));
    let last = last.unwrap();
    let parts = parts(&last);
    (last, parts)
}

#[test]
fn an_empty_file_does_not_bring_back_what_a_restore_left_behind() {
    let (mut server, _) = restored_server();
    let all = entries(&server.data_dir());
    server.stop();
    let (last, parts) = last_segment(&server);
    let (ms, epoch) = (&parts[2], &parts[3]);
    let foreign = "0123456789abcdef0123456789abcdef";
    let copy = fs::read(&last).unwrap();
    for (content, name) in [
        // It claims to continue the present far beyond its end.
        (&[][..], format!("{foreign}-{epoch}-1000000000-{ms}-{:016x}", 7)),
        // The same, with the content of another one, which is signed.
        (&copy, format!("{foreign}-{epoch}-1000000000-{ms}-{:016x}", 7)),
        // It says that the present begins elsewhere.
        (&[], format!("{epoch}-{foreign}-5-{ms}-{:016x}", 7)),
    ] {
        let planted = last.with_file_name(format!("{:015}-{:015}-{ms}-{name}.journal", 0, 0));
        fs::write(&planted, content).unwrap();
        let into = server.home().join("into");
        let report = ran(server.program(&["restore", "apply", "--into", &into.display().to_string()])).json();
        assert_eq!(entries(&into), all, "{report}");
        assert_eq!(report["not_used"].as_array().unwrap().len(), 1, "{report}");
        let named = &listed(&server)["untrusted_segments"][0]["segment"];
        assert!(named.as_str().unwrap().contains("the segment 0 to 0"));
        fs::remove_dir_all(into).unwrap();
        fs::remove_file(planted).unwrap();
    }
}

#[test]
fn impossible_numbers_at_a_target_stop_nothing() {
    let mut server = shipping_server();
    await_shipped(&server);
    let account = server.admin().new_account("USD");
    server.admin().deposit(&account, "1.00");
    await_shipped(&server);
    server.stop();
    let (last, parts) = last_segment(&server);
    let foreign = "0123456789abcdef0123456789abcdef";
    let planted: Vec<PathBuf> = [(0, u64::MAX), (0, u64::MAX / 2), (9, 3)]
        .map(|(first, end)| {
            let line = format!("{foreign}-{:032}-0-0-{:016x}", 0, 0);
            last.with_file_name(format!("{first:015}-{end:015}-{}-{line}.journal", parts[2]))
        })
        .into();
    planted.iter().for_each(|path| fs::write(path, []).unwrap());
    server.start_again();
    server.admin().deposit(&account, "1.00");
    await_shipped(&server);
    server.stop();
    for command in [&["backup", "create"][..], &["backup", "drill"], &["backup", "prune"], &["restore", "apply"]] {
        ran(server.program(command)).json();
    }
    server.start_again();
    server.admin().deposit(&account, "1.00");
    await_timeline(&server, 2);
    await_shipped(&server);
    server.stop();
    assert_eq!(entries(&server.data_dir()).len(), 3);
}
