//! A disk that accepts data but fails to sync it.

use std::fs;

use crate::books::{Books, Fate, assert_is_refusal};
use crate::faults::Faults;
use crate::run;
use crate::server::Start;

/// What was refused because its COMMIT was not synced stays refused, even if its bytes reached the file and the server
/// is killed right after the refusal.
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
    fs::write(&sign, "").unwrap();
    assert_is_refusal(&books.deposit(&client).unwrap());
    assert_eq!(client.get("/readyz").unwrap().status, 503);
    books.storm(&client, 8, |storm| storm.wait_for_lull());
    assert!(books.count(|fate| *fate == Fate::Refused) > 8);
    assert_eq!(books.count(|fate| matches!(fate, Fate::Done(_))), 3);
    books.check(&client);
    assert_is_refusal(&books.deposit(&client).unwrap());
    server.kill();
    fs::remove_file(&sign).unwrap();

    let server = faults.fail_sync_if(&start, &sign).start();
    let client = server.client();
    books.settle(&client);
    fs::write(&sign, "").unwrap();
    assert_is_refusal(&books.deposit(&client).unwrap());
    fs::remove_file(&sign).unwrap();
    assert_eq!(client.get("/readyz").unwrap().status, 200, "it recovers without a restart");
    books.settle(&client);
    start.audit();
}
