//! Failing jobs: postponed, logged, retried, and done once the obstacle is gone.

use super::harness::Server;
use serde_json::json;

#[test]
fn a_movement_that_contradicts_itself_is_not_read() {
    let mut server = Server::start("");
    let token = server.add_token("dev", &[]).1;
    let hold = {
        let caller = server.bearer(&token);
        let account = caller.new_account("USD");
        caller.deposit(&account, "10");
        caller.post(&format!("/accounts/{account}/holds"), &json!({"amount": 4})).ok().text_at("id")
    };
    server.restart_after(|file| {
        let sql = "UPDATE movements SET approved_by = 1 WHERE kind = 'hold'";
        assert_eq!(rusqlite::Connection::open(file).unwrap().execute(sql, []).unwrap(), 1);
    });
    server.bearer(&token).get(&format!("/holds/{hold}")).refused("INTERNAL");
    server.bearer(&token).step(&format!("/holds/{hold}/release")).refused("INTERNAL");
}

#[test]
fn a_job_that_fails_is_put_off_and_tried_again() {
    let mut server = Server::start("");
    let token = server.add_token("dev", &[]).1;
    let (account, hold) = {
        let caller = server.bearer(&token);
        let account = caller.new_account("USD");
        caller.deposit(&account, "10");
        let body = json!({"amount": 4, "expiresAt": server.advance(0).plus_s(3600).to_string()});
        let hold = caller.post(&format!("/accounts/{account}/holds"), &body).ok().text_at("id");
        (account, hold)
    };
    let set_held = |cents: i64| {
        move |file: &std::path::Path| {
            let sql = "UPDATE books SET held_minor = ?1 WHERE role = 'client'";
            assert_eq!(rusqlite::Connection::open(file).unwrap().execute(sql, [cents]).unwrap(), 1);
        }
    };
    let job = |server: &Server| {
        let file = rusqlite::Connection::open(server.data_dir().join("bursar.db")).unwrap();
        let sql = "SELECT attempts, last_error, due_at FROM jobs";
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        file.query_row::<(i64, Option<String>, i64), _, _>(sql, [], row)
    };
    // A damaged file: releasing the hold would make the held amount negative, which the database refuses.
    server.restart_after(set_held(0));
    let travel = |server: &Server, seconds: i64| {
        server.bearer(&token).post("/sandbox/clock", &json!({"advance": seconds})).ok();
    };
    assert_eq!(job(&server).unwrap().0, 0);
    travel(&server, 3600);
    let (attempts, error, due) = job(&server).unwrap();
    assert_eq!((attempts, error.as_deref()), (1, Some("INTERNAL")));
    let state = |server: &Server| server.bearer(&token).get(&format!("/holds/{hold}")).ok().text_at("state");
    assert_eq!(state(&server), "PENDING");
    // The delay grows: one minute, then two. Other jobs are not delayed.
    travel(&server, 61);
    let (attempts, _, later) = job(&server).unwrap();
    assert_eq!(attempts, 2);
    assert!((115_000..=125_000).contains(&(later - due)), "{due} {later}");
    server.bearer(&token).deposit(&account, "1");
    // After the repair the next attempt succeeds, and no job is left.
    server.restart_after(set_held(400));
    travel(&server, 125);
    assert_eq!(state(&server), "EXPIRED");
    assert_eq!(server.bearer(&token).available(&account), "11.00");
    assert!(matches!(job(&server), Err(rusqlite::Error::QueryReturnedNoRows)));
    server.trace();
}
