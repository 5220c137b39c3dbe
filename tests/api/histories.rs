//! Several histories of one installation at one target: a copy that was put back or runs elsewhere, a machine that
//! comes back. A restore leads to the history that was recorded last, or names them all.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::harness::{PATIENCE, Server, write_private};
use super::home::Ran;
use super::kills::copy_dir;
use super::restore_kill::{await_shipped, entries, found, ran, shipping_server};
use crate::common::let_pass;

/// What `restore list` says.
pub(super) fn listed(server: &Server) -> Value {
    ran(server.program(&["restore", "list"])).json()
}

/// The branches that `restore list` shows.
fn branches(server: &Server) -> Vec<Value> {
    listed(server)["branches"].as_array().unwrap().clone()
}

/// The stream of a database.
fn stream_of(data: &Path) -> String {
    bursar::store::read_file(&data.join("bursar.db"), |tx| tx.journal_row()).unwrap().stream.to_string()
}

/// Polls until this is so.
#[track_caller]
pub(super) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < PATIENCE, "{what} took too long");
        let_pass(Duration::from_millis(50));
    }
}

/// The server's own history is at the target, with a backup of its present stream, whatever else is there.
fn await_own(server: &Server) {
    wait_until("a backup of its stream", || {
        let stream = stream_of(&server.data_dir());
        let backups = listed(server)["backups"].clone();
        backups.as_array().unwrap().iter().any(|backup| backup["manifest"]["position"]["stream"] == stream)
    });
    let deposits = entries(&server.data_dir()).len();
    wait_until("shipping its own history", || {
        branches(server).iter().any(|branch| {
            let (id, into) = (branch["id"].as_str().unwrap(), server.home().join("probe"));
            let _ = fs::remove_dir_all(&into);
            let place = into.display().to_string();
            ran(server.program(&["restore", "apply", "--branch", id, "--into", &place])).code == 0
                && entries(&into) == entries(&server.data_dir())
                && entries(&into).len() == deposits
        })
    });
}

/// The entries of each history at the target, restored one after another.
fn restored(server: &Server) -> Vec<usize> {
    let each = branches(server).into_iter().map(|branch| {
        let id = branch["id"].as_str().unwrap().to_owned();
        let into = server.home().join(&id);
        ran(server.program(&["restore", "apply", "--branch", &id, "--into", &into.display().to_string()])).json();
        let count = entries(&into).len();
        fs::remove_dir_all(into).unwrap();
        count
    });
    let mut counts: Vec<usize> = each.collect();
    counts.sort_unstable();
    counts
}

/// Refuses to restore, and names both histories.
#[track_caller]
fn assert_refused(server: &Server, more: &[&str]) {
    let into = server.home().join("refused");
    let refused = ran(server.program(&[&["restore", "apply", "--into", &into.display().to_string()], more].concat()));
    let message = refused.error(5)["message"].as_str().unwrap().to_owned();
    for branch in branches(server) {
        assert!(message.contains(branch["id"].as_str().unwrap()), "{message}");
    }
    assert!(!into.join("bursar.db").exists());
    assert_eq!(ran(server.program(&["restore", "plan"])).code, 5);
    let _ = fs::remove_dir_all(into);
}

/// How a server ends before a copy of its disk is made.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Killed,
    Stopped,
}

fn end(server: &mut Server, how: End) {
    match how {
        End::Killed => server.kill(),
        End::Stopped => server.stop(),
    }
}

/// Writes what a copy of a directory holds over its original, as a disk that is set back: the same files, not new ones.
fn set_back(copy: &Path, data: &Path) {
    let names = |dir: &Path| -> Vec<String> {
        found(dir, "").iter().map(|path| path.strip_prefix(dir).unwrap().display().to_string()).collect()
    };
    for name in names(data) {
        if !copy.join(&name).exists() {
            fs::remove_file(data.join(&name)).unwrap();
        }
    }
    for name in names(copy) {
        let (from, to) = (copy.join(&name), data.join(&name));
        if fs::symlink_metadata(&from).unwrap().is_file() {
            fs::write(&to, fs::read(&from).unwrap()).unwrap();
            let changed = fs::metadata(&from).unwrap().modified().unwrap();
            File::options().write(true).open(&to).unwrap().set_modified(changed).unwrap();
        }
    }
}

/// Five deposits, a copy, six more; the copy takes the place of its original, and two more follow. The first of the
/// two histories has eleven entries, the second, which is the true one, seven.
fn put_back(how: End, put: impl Fn(&Server, &Path)) -> Server {
    let mut server = shipping_server();
    await_shipped(&server);
    let account = server.admin().new_account("USD");
    for _ in 0..5 {
        server.admin().deposit(&account, "1.00");
    }
    await_shipped(&server);
    end(&mut server, how);
    let copy = server.home().join("copy");
    copy_dir(&server.data_dir(), &copy);
    server.start_again();
    for _ in 0..6 {
        server.admin().deposit(&account, "100.00");
    }
    await_shipped(&server);
    end(&mut server, how);
    put(&server, &copy);
    server.start_again();
    for _ in 0..2 {
        server.admin().deposit(&account, "0.01");
    }
    server
}

/// The server has noticed the other history, and has begun a stream.
pub(super) fn await_notice(server: &Server) {
    server.await_log("a new stream of the change journal begins, because a target has another history", 1);
    await_own(server);
}

/// The same with a killed server, whose copy has replaced its data directory.
pub(super) fn put_back_in_place() -> Server {
    put_back(End::Killed, replace)
}

fn replace(server: &Server, copy: &Path) {
    fs::remove_dir_all(server.data_dir()).unwrap();
    fs::rename(copy, server.data_dir()).unwrap();
}

#[test]
fn a_snapshot_that_was_put_back_is_told_from_the_history_that_it_left() {
    for how in [End::Killed, End::Stopped] {
        let mut server = put_back(how, replace);
        await_notice(&server);
        assert_eq!(restored(&server), [7, 11]);
        assert_refused(&server, &[]);
        let ready = server.anyone().get("/readyz?verbose").ok().json();
        let shipping = ready["backup"]["shipping"].as_object().unwrap().values().next().unwrap().clone();
        assert_eq!(shipping["other_histories"].as_array().unwrap().len(), 1, "{shipping}");
        server.await_log("the target has another history of this installation", 1);

        // Before they parted, there is nothing to choose.
        let at = bursar::domain::clock::Moment::from_unix_ms(entries(&server.data_dir())[3].1).to_string();
        let into = server.home().join("early");
        ran(server.program(&["restore", "apply", "--at", &at, "--into", &into.display().to_string()])).json();
        assert_eq!(entries(&into), entries(&server.data_dir())[..4]);
        let last = bursar::domain::clock::Moment::from_unix_ms(entries(&server.data_dir())[6].1).to_string();
        assert_refused(&server, &["--at", &last]);

        // The server goes on, and other restarts begin nothing new.
        let stream = stream_of(&server.data_dir());
        server.stop();
        server.start_again();
        server.restart();
        await_own(&server);
        assert_eq!((stream_of(&server.data_dir()), branches(&server).len()), (stream, 2));
        server.stop();
    }
}

#[test]
fn a_disk_that_was_set_back_is_told_from_the_history_that_it_left() {
    for how in [End::Killed, End::Stopped] {
        let mut server = put_back(how, |server, copy| set_back(copy, &server.data_dir()));
        await_notice(&server);
        assert_eq!(restored(&server), [7, 11]);
        assert_refused(&server, &[]);
        server.stop();
    }
}

#[test]
fn another_history_is_found_when_the_target_can_be_reached_again() {
    let away = |server: &Server, copy: &Path| {
        replace(server, copy);
        fs::rename(server.home().join("target"), server.home().join("away")).unwrap();
    };
    let mut server = put_back(End::Killed, away);
    server.await_log("the change journal cannot be shipped", 1);
    fs::rename(server.home().join("away"), server.home().join("target")).unwrap();
    await_notice(&server);
    assert_eq!(restored(&server), [7, 11]);
    assert_refused(&server, &[]);
    server.stop();
}

#[test]
fn restarts_commands_and_restores_are_one_history() {
    let mut server = shipping_server();
    await_shipped(&server);
    let account = server.admin().new_account("USD");
    for round in 0..3 {
        server.admin().deposit(&account, "1.00");
        if round != 1 {
            await_shipped(&server);
        }
        end(&mut server, if round == 0 { End::Stopped } else { End::Killed });
        ran(server.program(&["operator", "add", &format!("viewer{round}"), "--role", "service"])).json();
        server.start_again();
    }
    await_shipped(&server);
    assert_eq!(branches(&server).len(), 1);
    assert_eq!(server.logged("may still run"), 0, "this process holds the lock of the directory");

    // To the last commit, then back to an earlier one, which leaves the later ones behind.
    let at = bursar::domain::clock::Moment::from_unix_ms(entries(&server.data_dir())[0].1).to_string();
    for (timeline, more) in [(2, &[][..]), (3, &["--at", &at])] {
        server.stop();
        ran(server.program(&[&["restore", "apply"], more].concat())).json();
        server.start_again();
        wait_until("a backup of the new timeline", || {
            let backups = listed(&server)["backups"].clone();
            backups.as_array().unwrap().iter().any(|backup| backup["timeline"] == timeline)
        });
        let found = branches(&server);
        assert_eq!((found.len(), found[0]["timeline"].as_i64()), (1, Some(timeline)), "{found:?}");
        let shipping = server.anyone().get("/readyz?verbose").ok().json()["backup"]["shipping"].clone();
        let other = shipping.as_object().unwrap().values().next().unwrap()["other_histories"].clone();
        assert_eq!(other, serde_json::json!([]));
    }
    assert_eq!(entries(&server.data_dir()).len(), 1);
    // What was left behind can still be restored by its timeline.
    let into = server.home().join("older").display().to_string();
    ran(server.program(&["restore", "apply", "--timeline", "2", "--into", &into])).json();
    assert_eq!(entries(Path::new(&into)).len(), 3);
    server.stop();
}

#[test]
fn pruning_keeps_every_history_until_one_is_chosen() {
    let mut server = put_back(End::Killed, replace);
    await_notice(&server);
    server.stop();
    let file = server.home().join("config.toml");
    let config = fs::read_to_string(&file).unwrap();
    write_private(&file, &format!("{config}keep_latest = 1\nkeep_daily = 0\nkeep_weekly = 0\nkeep_monthly = 0\n"));
    let prune = || {
        ran(server.program(&["backup", "create"])).json();
        let pruned = ran(server.program(&["backup", "prune"])).json();
        pruned["targets"][0]["branches"].as_array().unwrap().len()
    };
    assert_eq!((prune(), prune()), (2, 2));
    assert_eq!(restored(&server), [7, 11]);
    assert_refused(&server, &[]);

    let without_backup = |branch: &&Value| branch["entries_in_last_backup"] == Value::Null;
    let lost = branches(&server).iter().find(without_backup).unwrap()["id"].as_str().unwrap().to_owned();
    ran(server.program(&["restore", "apply", "--branch", &lost])).json();
    assert_eq!((prune(), restored(&server)), (0, vec![11]));
}

/// A server on a data directory of its own, with the target of another one.
fn beside(first: &Server) -> Server {
    let mut server = Server::start("");
    server.kill();
    fs::remove_dir_all(server.data_dir()).unwrap();
    write_private(&server.home().join("config.toml"), &fs::read_to_string(first.home().join("config.toml")).unwrap());
    server
}

#[test]
fn a_machine_that_comes_back_after_a_restore_elsewhere_is_another_history() {
    let mut old = shipping_server();
    await_shipped(&old);
    let account = old.admin().new_account("USD");
    for _ in 0..3 {
        old.admin().deposit(&account, "1.00");
    }
    await_shipped(&old);
    old.kill();
    let verifier = ran(old.program(&["backup", "verifier"])).json()["verifier"].as_str().unwrap().to_owned();
    let mut new = beside(&old);
    ran(new.program(&["restore", "apply", "--trust", &verifier])).json();
    let config = fs::read_to_string(new.home().join("config.toml")).unwrap();
    write_private(&new.home().join("config.toml"), &format!("{config}trusted_keys = [{verifier:?}]\n"));
    new.start_again();
    await_own(&new);
    assert_eq!(branches(&new).len(), 1, "the restore has left the old machine behind");
    new.stop();

    // The old machine does not know the new key, so that it could be anybody's: it says so, and goes on shipping.
    old.start_again();
    old.admin().deposit(&account, "1.00");
    old.await_log("backups or changes that no trusted key signed", 1);
    await_own(&old);
    old.stop();
    let both = branches(&new);
    assert_eq!(both.len(), 2, "{both:?}");
    let refused = Ran::of(new.program(&["restore", "plan", "--trust", &verifier]).output().unwrap());
    assert!(refused.error(5)["message"].as_str().unwrap().contains("2 histories"));
    // A timeline says which.
    for (timeline, count) in [("1", 4), ("2", 3)] {
        let into = new.home().join(timeline).display().to_string();
        let apply = ["restore", "apply", "--timeline", timeline, "--trust", &verifier, "--into", &into];
        ran(new.program(&apply)).json();
        assert_eq!(entries(Path::new(&into)).len(), count);
    }
    // The new machine finds it at its next start, and goes on in a stream of its own.
    new.start_again();
    new.await_log("the target has another history of this installation", 1);
    await_own(&new);
    new.stop();
}

/// The shipping to the only target, as the probes show it.
pub(super) fn shipping(server: &Server) -> Value {
    let ready = server.anyone().get("/readyz?verbose").ok().json();
    ready["backup"]["shipping"].as_object().unwrap().values().next().cloned().unwrap_or_default()
}

#[test]
fn the_later_of_two_servers_does_not_ship_while_the_first_one_lives() {
    let mut first = shipping_server();
    await_shipped(&first);
    let account = first.admin().new_account("USD");
    first.admin().deposit(&account, "1.00");
    await_shipped(&first);
    first.kill();
    let mut second = beside(&first);
    copy_dir(&first.data_dir(), &second.data_dir());
    first.start_again();
    first.admin().deposit(&account, "1.00");
    await_shipped(&first);
    second.start_again();
    second.admin().deposit(&account, "100.00");
    wait_until("noticing the first server", || {
        let here = shipping(&second);
        here["other_server"].as_str().is_some_and(|other| other.contains(first.data_dir().to_str().unwrap()))
            && here["failure"].as_str().is_some_and(|reason| reason.contains("ships to the same target"))
    });
    let refused = ran(second.program(&["backup", "create"]));
    assert!(refused.error(6)["next"].as_str().unwrap().contains("--beside-other-server"));
    first.admin().deposit(&account, "1.00");
    await_shipped(&first);
    assert_eq!(branches(&first).len(), 1, "the second one has shipped nothing");
    let there = second.data_dir().display().to_string();
    wait_until("naming the later server", || {
        shipping(&first)["later_server"].as_str().is_some_and(|later| later.contains(&there))
    });
    assert_eq!(shipping(&first)["other_server"], Value::Null);
    first.await_log("it came later and must not ship", 1);
    first.await_log("another server of this installation has come", 1);

    // The first one dies. The second one sees that, and ships what it has, which is another history.
    first.kill();
    second.await_log("the change journal is shipped again", 1);
    await_notice(&second);
    assert_eq!(restored(&second), [2, 3]);
    assert_refused(&second, &[]);

    // It comes back: now it is the later one.
    first.start_again();
    wait_until("noticing the second server", || shipping(&first)["other_server"].is_string());
    second.admin().deposit(&account, "100.00");
    await_own(&second);
    second.stop();
    wait_until("the second server's clean stop", || shipping(&first)["other_server"].is_null());
    first.stop();
}

#[test]
fn the_lease_of_a_dead_predecessor_elsewhere_is_waited_out_and_removed() {
    let mut server = shipping_server();
    await_shipped(&server);
    let account = server.admin().new_account("USD");
    server.kill();
    let mut moved = beside(&server);
    fs::rename(server.data_dir(), moved.data_dir()).unwrap();
    moved.start_again();
    moved.admin().deposit(&account, "1.00");
    moved.await_log("may still run", 1);
    await_own(&moved);
    assert_eq!(branches(&moved).len(), 1);
    let leases = |home: &Path| {
        let all = found(&home.join("target"), ".lease");
        all.len()
    };
    wait_until("removing the lease", || leases(server.home()) == 1);
    moved.stop();
}
