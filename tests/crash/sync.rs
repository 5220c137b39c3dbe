//! A disk that accepts data but fails to sync it.

use std::fs;
use std::time::Duration;

use serde_json::json;

use crate::books::{Books, Fate, assert_is_refusal};
use crate::client::Client;
use crate::faults::{Fault, Faults, Kind};
use crate::run;
use crate::server::Start;

/// Attempts before a server must have noticed its disk.
const PATIENCE: u32 = 500;

#[track_caller]
fn wait_until_not_ready(client: &Client) {
    for _ in 0..PATIENCE {
        if client.get("/readyz").unwrap().status == 503 {
            return;
        }
        run::let_pass(Duration::from_millis(20));
    }
    panic!("the server is ready although its disk confirms nothing");
}

/// As long as the disk confirms nothing, nobody knows whether a power cut would bring back the commit that failed: its
/// callers get no answer, and all others are refused for good.
#[test]
fn writes_that_the_disk_did_not_confirm_are_refused_for_good() {
    let _turn = run::turn();
    let home = tempfile::tempdir().unwrap();
    let Some(faults) = Faults::build(home.path()) else { return };
    let sign = home.path().join("the disk fails");
    let start = Start::in_directory(&home.path().join("data"));
    let server = faults.fail_sync_if(&start, &sign).start();
    let client = server.client();
    let mut books = Books::open(&client);
    for _ in 0..3 {
        assert_eq!(books.deposit(&client).unwrap().status, 200);
    }
    let account = client.open_account();
    books.storm(&client, 8, |storm| {
        fs::write(&sign, "").unwrap();
        wait_until_not_ready(&client);
        storm.wait_for_lull();
        let deposit = client.post(&format!("/accounts/{account}/deposit"), "another", &json!({"amount": "1"}));
        assert_is_refusal(&deposit.unwrap());
        client.read(&format!("/accounts/{account}"));
        server.kill();
    });
    fs::remove_file(&sign).unwrap();

    let server = faults.fail_sync_if(&start, &sign).start();
    let client = server.client();
    books.settle(&client);
    books.storm(&client, 1, |storm| {
        storm.wait_for(1);
        fs::write(&sign, "").unwrap();
        wait_until_not_ready(&client);
        storm.wait_for_lull();
        fs::remove_file(&sign).unwrap();
        storm.wait_for(1);
    });
    assert_eq!(books.count(|fate| *fate == Fate::Refused), 1, "the caller waits until the refusal is true");
    assert_eq!(books.count(|fate| *fate == Fate::Open), 0);
    assert_eq!(client.get("/readyz").unwrap().status, 200, "it recovers without a restart");
    books.settle(&client);
    start.audit();
}

/// What was refused stays refused although the disk has stored all of the commit, and although the first attempts to
/// remove it fail.
#[test]
fn a_commit_is_off_the_disk_before_its_callers_are_refused() {
    let _turn = run::turn();
    let home = tempfile::tempdir().unwrap();
    let Some(faults) = Faults::build(home.path()) else { return };
    let sign = home.path().join("the disk fails");
    let start = Start::in_directory(&home.path().join("data"));
    let plan = [(1, Kind::Sync, 1), (0, Kind::Eio, 3)].map(|(at, kind, times)| Fault { at, kind, times });
    let server = faults.plan_if(&start, &plan, 0, &sign).start();
    let client = server.client();
    let mut books = Books::open(&client);
    for _ in 0..3 {
        assert_eq!(books.deposit(&client).unwrap().status, 200);
    }
    fs::write(&sign, "").unwrap();
    assert_is_refusal(&books.deposit(&client).unwrap());
    server.kill();
    let server = start.start();
    books.settle(&server.client());
    start.audit();
}

/// A caller without an answer does not keep the server from stopping.
#[test]
fn a_server_stops_although_a_commit_is_in_doubt() {
    let _turn = run::turn();
    let home = tempfile::tempdir().unwrap();
    let Some(faults) = Faults::build(home.path()) else { return };
    let sign = home.path().join("the disk fails");
    let start = Start::in_directory(&home.path().join("data")).config("[server]\nshutdown_timeout_s = 1\n");
    let server = faults.fail_sync_if(&start, &sign).start();
    let client = server.client();
    let mut books = Books::open(&client);
    books.storm(&client, 1, |storm| {
        storm.wait_for(1);
        fs::write(&sign, "").unwrap();
        wait_until_not_ready(&client);
        storm.wait_for_lull();
        server.signal_end();
        server.ended();
    });
    fs::remove_file(&sign).unwrap();
    assert_eq!(books.count(|fate| *fate == Fate::Refused), 0);
    let server = start.start();
    books.settle(&server.client());
    start.audit();
}
