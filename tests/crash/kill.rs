//! kill -9 under load and during startup.

use std::time::Duration;

use crate::books::{Books, Fate};
use crate::faults::Faults;
use crate::run::{self, Choices};
use crate::server::Start;

const CLIENTS: usize = 16;

#[test]
fn nothing_is_lost_or_doubled_by_kill_9() {
    let _turn = run::turn();
    let mut choices = Choices::new("kill -9 under load");
    let home = tempfile::tempdir().unwrap();
    let start = Start::in_directory(&home.path().join("data"));
    let mut server = start.start();
    let mut books = Books::open(&server.client());
    for round in 1..=run::rounds() {
        let after = Duration::from_millis(choices.from(1, 700));
        let client = server.client();
        books.storm(&client, CLIENTS, |storm| {
            storm.wait_for(1);
            run::let_pass(after);
            server.kill();
        });
        start.audit();
        server = start.start();
        let client = server.client();
        let (done, open) = (books.count(|fate| matches!(fate, Fate::Done(_))), books.count(|fate| *fate == Fate::Open));
        assert_eq!(books.count(|fate| *fate == Fate::Refused), 0);
        let landed = books.settle(&client);
        start.audit();
        println!(
            "round {round}: killed after {after:?}; {done} answered so far and all stored, {open} not answered, \
             of which {landed} were stored; all stored once when sent again; audit clean"
        );
    }
    server.signal_end();
    server.ended();
    start.audit();
}

#[test]
fn a_killed_start_is_completed_by_the_next() {
    let _turn = run::turn();
    let mut choices = Choices::new("kill -9 at any time of a start");
    let home = tempfile::tempdir().unwrap();
    // The first start in a directory, which creates the database, and a later one.
    let start = Start::in_directory(&home.path().join("data"));
    for round in 0..4 {
        let after = Duration::from_millis(choices.from(1, if round == 0 { 60 } else { 300 }));
        let mut child = start.spawn();
        run::let_pass(after);
        child.kill();
    }
    let server = start.start();
    Books::open(&server.client()).settle(&server.client());
    start.audit();
}

/// A first start may be killed at any of its file changes: the next start works.
#[test]
fn a_first_start_can_be_killed_at_each_of_its_writes() {
    let _turn = run::turn();
    let mut choices = Choices::new("kill -9 at a write of the first start");
    let home = tempfile::tempdir().unwrap();
    let Some(faults) = Faults::build(home.path()) else { return };
    let mut write = if run::is_long() { 1 } else { choices.from(1, 12) };
    loop {
        let start = Start::in_directory(&home.path().join(format!("data-{write}")));
        let mut child = faults.kill_at(&start, write).spawn();
        // The server either prints its banner or is killed before it does.
        let banner = child.banner();
        child.kill();
        let server = start.start();
        let mut books = Books::open(&server.client());
        assert_eq!(books.deposit(&server.client()).unwrap().status, 200, "after write {write}");
        books.check(&server.client());
        if banner.is_some() {
            println!("a first start has {} writes before it listens", write - 1);
            assert!(write > 12, "the writes were not seen");
            return;
        }
        write += if run::is_long() { 1 } else { choices.from(1, 25) };
    }
}
