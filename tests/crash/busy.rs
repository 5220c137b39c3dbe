//! More work than the writer can handle: every client gets a timely and correct answer.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::books::{Books, Fate};
use crate::run;
use crate::server::Start;

const OPERATION_TIMEOUT: Duration = Duration::from_millis(1_000);
/// Added to the timeout: when it expires, the writer may be waiting for the lock.
const MARGIN: Duration = Duration::from_millis(1_500);

#[test]
fn a_stalled_writer_is_answered_for_in_time() {
    let _turn = run::turn();
    let home = tempfile::tempdir().unwrap();
    // First a queue that fills up at once, then one with room for every client; the second stall is longer than the
    // writer waits for the lock.
    stall(&home.path().join("small"), 8, Duration::from_millis(1_500));
    stall(&home.path().join("large"), 64, Duration::from_millis(3_500));
}

fn stall(data: &Path, queue: usize, stall: Duration) {
    let start = Start::in_directory(data).config(&format!("[store]\nqueue = {queue}\noperation_timeout_ms = 1000\n"));
    let server = start.start();
    let client = server.client();
    let mut books = Books::open(&client);
    assert_eq!(books.deposit(&client).unwrap().status, 200);
    let lock = Connection::open(data.join("bursar.db")).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let before = books.count(|fate| matches!(fate, Fate::Done(_)));
    let (slow, asked) = mpsc::channel();
    books.storm(&client, 32, |storm| {
        let another = client.another();
        thread::scope(|scope| {
            let _end = storm.ends_here();
            let over = storm.over();
            scope.spawn(move || {
                while !over.load(Ordering::Acquire) {
                    let asked = Instant::now();
                    let ready = another.get("/readyz").unwrap().status;
                    another.read("/account-groups");
                    _ = slow.send((asked.elapsed(), ready));
                }
            });
            assert!(!storm.answers_within(stall), "nothing can be written now");
            lock.execute_batch("ROLLBACK").unwrap();
            storm.wait_for(50);
        });
    });
    let slowest = asked.iter().map(|(took, _)| took).max().unwrap();
    assert!(slowest < OPERATION_TIMEOUT + MARGIN, "reads and probes took {slowest:?}");
    let (done, refused) =
        (books.count(|fate| matches!(fate, Fate::Done(_))) - before, books.count(|fate| *fate == Fate::Refused));
    let slowest = books.slowest();
    println!(
        "queue {queue}, stalled for {stall:?}: {done} done, {refused} refused, the slowest answer after {slowest:?}"
    );
    assert!(refused > 0);
    assert!(slowest < OPERATION_TIMEOUT + MARGIN, "an answer took {slowest:?}");
    assert_eq!(books.count(|fate| *fate == Fate::Open), 0, "everybody gets an answer");
    books.settle(&client);
    assert_eq!(client.get("/readyz").unwrap().status, 200);
    start.audit();
}
