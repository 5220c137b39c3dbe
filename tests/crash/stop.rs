//! Graceful shutdown.

use std::fs;
use std::time::Duration;

use crate::books::{Books, Fate};
use crate::run::{self, Choices};
use crate::server::Start;

#[test]
fn a_stopping_server_finishes_running_requests() {
    let _turn = run::turn();
    let mut choices = Choices::new("SIGTERM under load");
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let start = Start::in_directory(&data);
    let server = start.start();
    let client = server.client();
    let mut books = Books::open(&client);
    let after = Duration::from_millis(choices.from(50, 500));
    books.storm(&client, 16, |storm| {
        storm.wait_for(1);
        run::let_pass(after);
        server.signal_end();
        // Clients keep sending until there is no answer. Afterwards the file alone is complete.
        server.ended();
    });
    let log = fs::metadata(data.join("bursar.db-wal")).map_or(0, |file| file.len());
    assert_eq!(log, 0, "the write-ahead log was not checkpointed");
    start.audit();
    let (done, refused) =
        (books.count(|fate| matches!(fate, Fate::Done(_))), books.count(|fate| *fate == Fate::Refused));
    let open = books.count(|fate| *fate == Fate::Open);
    let server = start.start();
    let landed = books.settle(&server.client());
    println!(
        "SIGTERM after {after:?}: {done} done, {refused} refused, {open} not answered, of which {landed} were stored"
    );
    assert_eq!(landed, 0, "a running request was done but not answered");
    start.audit();
}
