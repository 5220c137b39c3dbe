//! What restores have left behind: each moment leads to the history that was the true one then.

use std::fs;

use bursar::domain::clock::Moment;

use super::harness::Server;
use super::histories::listed;
use super::planted_names::{await_timeline, back_to, moments, restored_server};
use super::restore_kill::{await_shipped, entries, found, ran};
use super::signed;

#[test]
fn a_moment_between_a_restore_and_what_it_went_back_to_leads_to_what_it_left() {
    let (mut server, first) = restored_server();
    server.stop();
    let second = moments(&server.data_dir());
    let counts = |server: &Server, cases: &[(Moment, usize)]| {
        for (at, count) in cases {
            let into = server.home().join("into");
            let apply = ["restore", "apply", "--at", &at.to_string(), "--into", &into.display().to_string()];
            let report = ran(server.program(&apply)).json();
            assert_eq!(entries(&into).len(), *count, "{at}: {report}");
            fs::remove_dir_all(into).unwrap();
        }
    };
    counts(&server, &[(first[0], 1), (first[1], 2), (first[2], 3), (second[1], 2)]);
    // Back to the same moment again: each of three timelines has been the true one for a while.
    back_to(&mut server, first[0]);
    await_timeline(&server, 3);
    await_shipped(&server);
    server.stop();
    counts(&server, &[(first[0], 1), (first[1], 2), (first[2], 3), (second[1], 2), (server_now(&server), 1)]);
}

/// The moment up to which everything is recorded.
fn server_now(server: &Server) -> Moment {
    bursar::store::read_file(&server.data_dir().join("bursar.db"), |tx| tx.journal_row()).unwrap().recorded_at
}

#[test]
fn after_a_lost_disk_trust_is_asked_for_before_a_branch() {
    let (mut server, _) = restored_server();
    server.stop();
    let manifest = found(&server.home().join("target"), ".json").pop().unwrap();
    let verifier = signed::verifier(&server.data_dir(), &manifest);
    let all = entries(&server.data_dir());
    fs::remove_dir_all(server.data_dir()).unwrap();
    // Encrypted segments do not show here who signed them.
    for path in found(&server.home().join("target"), ".journal") {
        let sealed = fs::read(&path).unwrap();
        fs::write(path.with_extension("kept"), &sealed).unwrap();
        fs::write(&path, b"age-encryption.org/v1\n").unwrap();
    }
    assert_eq!(listed(&server)["branches"], serde_json::json!([]));
    let refused = ran(server.program(&["restore", "apply"])).error(5);
    assert!(refused["next"].as_str().unwrap().contains("--trust"), "{refused}");
    for path in found(&server.home().join("target"), ".journal") {
        fs::rename(path.with_extension("kept"), &path).unwrap();
    }
    ran(server.program(&["restore", "apply", "--trust", &verifier])).json();
    assert_eq!(entries(&server.data_dir()), all);
}
