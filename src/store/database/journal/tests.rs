//! The journal compared with SQLite: commits taken from the log and applied to a copy give the same file as SQLite's
//! own checkpoint.

use crate::store::database::journal::*;
use crate::store::{Abort, DataDir, Found, Store, Tuning};
use fastrand::Rng;
use std::fs::{self, File};
use std::io::BufReader;
use std::time::Duration;

/// A plain SQLite database with a change journal and none of this program's machinery.
struct Plain {
    home: tempfile::TempDir,
    connection: Connection,
}

impl Plain {
    fn make(page_size: u32) -> Plain {
        let home = tempfile::tempdir().unwrap();
        let connection = Connection::open(home.path().join("bursar.db")).unwrap();
        let schema = include_str!("../../../../sql/migrations/V8__change_journal.sql");
        connection
            .execute_batch(&format!(
                "PRAGMA page_size = {page_size}; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;
                 PRAGMA cache_size = 5; PRAGMA wal_checkpoint(TRUNCATE); {schema}
                 UPDATE change_journal SET stream = randomblob(16);
                 CREATE TABLE things (id INTEGER PRIMARY KEY, what BLOB); CREATE INDEX things_what ON things (what);
                 PRAGMA wal_checkpoint(TRUNCATE);"
            ))
            .unwrap();
        Plain { home, connection }
    }

    fn file(&self) -> PathBuf {
        self.home.path().join("bursar.db")
    }

    fn row(&self) -> JournalRow {
        ReadTx::new(&self.connection).journal_row().unwrap()
    }

    fn row_page(&self) -> u32 {
        let sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'change_journal'";
        self.connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    fn spool(&self) -> Spool {
        let row = self.row();
        let epoch = Epoch {
            id: row.epoch,
            stream: row.stream,
            parent: Uuid::nil(),
            parent_stream: Uuid::nil(),
            parent_commit: 0,
            parent_at: row.recorded_at,
            started_at: row.recorded_at,
        };
        Spool::begin(&self.home.path().join("journal"), 1, &epoch, self.row_page()).unwrap()
    }

    fn tail(&self) -> Tail {
        Tail::open(&self.home.path().join("bursar.db-wal"), self.row_page()).unwrap().unwrap()
    }

    /// A transaction that changes something or rolls back. Some are far larger than the cache, so that SQLite writes
    /// pages to the log before it knows whether the transaction commits.
    fn change(&self, choices: &mut Rng, is_numbered: bool) {
        let rows = if choices.u64(..8) == 0 { 400 } else { 1 + choices.u64(..10) };
        let size = 1 + choices.u64(..900);
        self.connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        if choices.u64(..4) == 0 {
            self.connection.execute("DELETE FROM things WHERE id % 3 = ?1", [choices.u64(..3).cast_signed()]).unwrap();
        }
        for _ in 0..rows {
            self.connection.execute("INSERT INTO things (what) VALUES (randomblob(?1))", [size.cast_signed()]).unwrap();
        }
        self.connection.execute("UPDATE things SET what = what || x'00' WHERE id % 5 = 0", []).unwrap();
        if choices.u64(..5) == 0 {
            return self.connection.execute_batch("ROLLBACK").unwrap();
        }
        if is_numbered {
            self.connection
                .execute_batch(
                    "UPDATE change_journal SET commit_number = commit_number + 1, recorded_at = 300 * commit_number",
                )
                .unwrap();
        }
        self.connection.execute_batch("COMMIT").unwrap();
    }

    /// The bytes of the database once everything in the log has been moved into it.
    fn bytes(&self) -> Vec<u8> {
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        fs::read(self.file()).unwrap()
    }
}

/// All commits of the segments, applied to a copy.
fn replay(dir: &Path, base: &[u8], after: u64) -> (Vec<u8>, u64) {
    let copy = tempfile::NamedTempFile::new().unwrap();
    fs::write(copy.path(), base).unwrap();
    let database = File::options().read(true).write(true).open(copy.path()).unwrap();
    let mut last = after;
    let closed = spool::closed_segments(dir).unwrap().into_iter().map(|segment| segment.path);
    for path in closed.chain(spool::open_files(dir).unwrap()) {
        let mut reader = SegmentReader::new(BufReader::new(File::open(&path).unwrap())).unwrap();
        while let Some(commit) = reader.next_commit().unwrap() {
            if commit.row().number > last {
                assert_eq!(commit.row().number, last + 1);
                commit.apply(&database).unwrap();
                last = commit.row().number;
            }
        }
    }
    (fs::read(copy.path()).unwrap(), last)
}

fn assert_same(ours: &[u8], theirs: &[u8], page_size: usize) {
    assert_eq!(ours.len(), theirs.len());
    for (number, (ours, theirs)) in ours.chunks(page_size).zip(theirs.chunks(page_size)).enumerate() {
        assert!(ours == theirs, "page {} differs", number + 1);
    }
}

#[test]
fn what_is_taken_from_the_log_is_what_sqlite_makes_of_it() {
    for page_size in [512, 4096, 65_536] {
        let mut choices = Rng::with_seed(u64::from(page_size));
        let plain = Plain::make(page_size);
        let base = plain.bytes();
        let (mut spool, mut tail) = (plain.spool(), plain.tail());
        let dir = plain.home.path().join("journal");
        for round in 0..40 {
            for _ in 0..choices.u64(..6) {
                plain.change(&mut choices, true);
            }
            if tail.refresh().unwrap() {
                catch_up(&mut spool, &mut tail, u32::MAX, None).unwrap();
            }
            match choices.u64(..4) {
                // Everything is moved, and the log restarts.
                0 => {
                    plain.connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(())).unwrap();
                }
                1 => spool.rotate().unwrap(),
                _ => {}
            }
            if round % 10 == 9 {
                spool.rotate().unwrap();
                let theirs = plain.bytes();
                let (ours, last) = replay(&dir, &base, 0);
                assert_eq!(last, plain.row().number);
                assert!(last > 5, "there were commits");
                assert_same(&ours, &theirs, page_size as usize);
            }
        }
    }
}

#[test]
fn a_commit_that_nobody_numbered_ends_the_stream() {
    let plain = Plain::make(4096);
    let (mut spool, mut tail) = (plain.spool(), plain.tail());
    plain.connection.execute_batch("UPDATE change_journal SET commit_number = 1").unwrap();
    plain.connection.execute_batch("INSERT INTO things (what) VALUES (x'01')").unwrap();
    assert!(tail.refresh().unwrap());
    let reason = catch_up(&mut spool, &mut tail, u32::MAX, None).unwrap_err();
    assert!(reason.contains("another program"), "{reason}");
    assert_eq!(spool.last(), Some(1));
}

#[test]
fn a_log_that_started_over_too_early_ends_the_stream() {
    let plain = Plain::make(4096);
    let (mut spool, mut tail) = (plain.spool(), plain.tail());
    let change = |number: u64| {
        plain.connection.execute("UPDATE change_journal SET commit_number = ?1", [number.cast_signed()]).unwrap();
    };
    change(1);
    assert!(tail.refresh().unwrap());
    catch_up(&mut spool, &mut tail, u32::MAX, None).unwrap();
    change(2);
    plain.connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(())).unwrap();
    change(3);
    assert!(tail.refresh().unwrap());
    let reason = catch_up(&mut spool, &mut tail, u32::MAX, None).unwrap_err();
    assert_eq!(reason, "commit 3 follows commit 1");
}

#[test]
fn a_segment_that_was_changed_or_cut_is_not_read() {
    let plain = Plain::make(4096);
    let mut choices = Rng::with_seed(7);
    let (mut spool, mut tail) = (plain.spool(), plain.tail());
    while plain.row().number < 6 {
        plain.change(&mut choices, true);
    }
    assert!(tail.refresh().unwrap());
    catch_up(&mut spool, &mut tail, u32::MAX, None).unwrap();
    spool.rotate().unwrap();
    let segment = spool::closed_segments(&plain.home.path().join("journal")).unwrap().remove(0);
    assert_eq!((segment.first, segment.last), (1, 6));
    let whole = fs::read(&segment.path).unwrap();
    let read = |bytes: &[u8]| -> Result<u64, SegmentError> {
        let mut reader = SegmentReader::new(bytes)?;
        let mut commits = 0;
        while reader.next_commit()?.is_some() {
            commits += 1;
        }
        Ok(commits)
    };
    assert_eq!(read(&whole).unwrap(), 6);
    for _ in 0..200 {
        let mut changed = whole.clone();
        let at = choices.usize(..whole.len());
        changed[at] ^= 1 << choices.u64(..8);
        // The only bytes unrelated to a commit are the names of the stream and of the preceding segment.
        assert!(read(&changed).is_err() || at < 200, "byte {at}");
        let cut = &whole[..at];
        assert!(read(cut).map_or(true, |commits| commits < 6), "cut at {at}");
    }
}

fn open(home: &Path) -> Store {
    let tuning = Tuning { checkpoint_pages: 100, ..Tuning::default() };
    let (file, dir) = (home.join("installation.key"), DataDir::new(home));
    let key = InstallationKey::load(&file).or_else(|_| InstallationKey::create(&file)).unwrap();
    Store::open(dir.lock().unwrap(), &tuning, &key, Found::Own).unwrap()
}

fn write(store: &Store, choices: &mut Rng) {
    let (from, rows) = (choices.u64(..1_000_000), 1 + choices.u64(..60));
    let done = store.submit(move |tx| {
        for row in from..from + rows {
            tx.run("INSERT OR REPLACE INTO counters (name, last) VALUES (?1, ?2)", (format!("{row:0300}"), rows))?;
        }
        Ok::<_, Abort<()>>(())
    });
    done.unwrap().wait().unwrap().unwrap();
}

/// Checkpoints run meanwhile, the log restarts again and again, and no commit is missed.
#[test]
fn the_journal_follows_the_writer_through_stops() {
    let home = tempfile::tempdir().unwrap();
    let mut choices = Rng::with_seed(1);
    open(home.path()).close();
    let file = DataDir::new(home.path()).database_file();
    let base = fs::read(&file).unwrap();
    let mut stream = None;
    for round in 0..4 {
        let store = open(home.path());
        for _ in 0..300 {
            write(&store, &mut choices);
            if choices.u64(..40) == 0 {
                store.journal().rotate().unwrap();
            }
        }
        store.journal().rotate().unwrap();
        let status = store.journal().status();
        assert_eq!((status.spooled, status.failure), (status.committed, None));
        assert_eq!(status.stream, stream.or(status.stream), "round {round}");
        stream = status.stream;
        store.close();
    }
    let store = open(home.path());
    assert_eq!(store.journal().status().stream, stream);
    store.journal().rotate().unwrap();
    store.close();
    drop(store);
    let (ours, last) = replay(&home.path().join("journal"), &base, 0);
    assert!(last >= 1200);
    assert_same(&ours, &fs::read(&file).unwrap(), 4096);
}

/// Operations refused after they wrote, and SQLite's own statistics, leave no commit without a number.
#[test]
fn what_is_undone_and_what_is_not_counted_do_not_end_the_stream() {
    let home = tempfile::tempdir().unwrap();
    let mut choices = Rng::with_seed(4);
    let store = open(home.path());
    write(&store, &mut choices);
    store.journal().rotate().unwrap();
    let before = store.journal().status();
    for _ in 0..20 {
        let undone = store.submit(|tx| {
            tx.touch()?;
            Err::<(), _>(Abort::Refused(()))
        });
        assert_eq!(undone.unwrap().wait().unwrap(), Err(()));
    }
    store.journal().rotate().unwrap();
    assert_eq!(store.journal().status().committed, before.committed);
    let noted = store.submit(|tx| tx.optimize().map_err(Abort::<()>::Store));
    noted.unwrap().wait().unwrap().unwrap();
    let reader = Connection::open(DataDir::new(home.path()).database_file()).unwrap();
    let tables = reader.query_row("SELECT count(*) FROM sqlite_stat1", [], |row| row.get::<_, i64>(0)).unwrap();
    assert!(tables > 0);
    for _ in 0..50 {
        write(&store, &mut choices);
    }
    store.journal().rotate().unwrap();
    let status = store.journal().status();
    assert_eq!((status.stream, status.spooled, status.failure), (before.stream, status.committed, None));
}

/// A copied directory is another database from then on, and so is one that somebody else has written to.
#[test]
fn a_copy_and_a_file_that_was_written_to_begin_a_new_stream() {
    let home = tempfile::tempdir().unwrap();
    let mut choices = Rng::with_seed(2);
    let store = open(home.path());
    write(&store, &mut choices);
    let first = store.journal().status().stream;
    store.close();
    drop(store);
    let copy = tempfile::tempdir().unwrap();
    fs::create_dir(copy.path().join("journal")).unwrap();
    for entry in fs::read_dir(home.path().join("journal")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, copy.path().join("journal").join(path.file_name().unwrap())).unwrap();
    }
    fs::copy(home.path().join("bursar.db"), copy.path().join("bursar.db")).unwrap();
    assert_ne!(open(copy.path()).journal().status().stream, first);
    let store = open(home.path());
    assert_eq!(store.journal().status().stream, first);
    store.close();
    drop(store);
    Connection::open(home.path().join("bursar.db"))
        .unwrap()
        .execute_batch("INSERT INTO counters VALUES ('by hand', 1)")
        .unwrap();
    assert_ne!(open(home.path()).journal().status().stream, first);
}

#[test]
fn a_stream_begins_anew_while_the_writer_works() {
    let home = tempfile::tempdir().unwrap();
    let mut choices = Rng::with_seed(3);
    let store = open(home.path());
    write(&store, &mut choices);
    store.journal().give_up("nobody takes the segments".into());
    let status = store.journal().status();
    assert_eq!((status.stream, status.failure.as_deref()), (None, Some("nobody takes the segments")));
    for _ in 0..50 {
        write(&store, &mut choices);
    }
    assert!(store.journal().rotate().is_err());
    let stream = store.begin_stream().unwrap();
    for _ in 0..50 {
        write(&store, &mut choices);
    }
    store.journal().rotate().unwrap();
    let status = store.journal().status();
    assert_eq!((status.stream, status.spooled), (Some(stream), status.committed));
    let segments = store.journal().segments().unwrap();
    assert!(segments.iter().any(|segment| segment.stream == stream && segment.last == status.committed));
}

#[test]
fn operations_that_share_a_commit_share_its_moment() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path());
    let ticks = Arc::new(std::sync::atomic::AtomicI64::new(1000));
    let (go, gate) = std::sync::mpsc::channel::<()>();
    let ask = |gate: Option<std::sync::mpsc::Receiver<()>>| {
        let ticks = Arc::clone(&ticks);
        store.submit(move |tx| {
            if let Some(gate) = gate {
                gate.recv().unwrap();
            }
            let tick = || Ok(Moment::from_unix_ms(ticks.fetch_add(1, std::sync::atomic::Ordering::Relaxed)));
            let moment = tx.time(tick).map_err(Abort::Refused)?.recorded;
            tx.touch()?;
            Ok::<_, Abort<()>>((tx.journal_row()?.number, moment))
        })
    };
    let mut tickets = vec![ask(Some(gate)).unwrap()];
    tickets.extend((0..600).map(|_| ask(None).unwrap()));
    go.send(()).unwrap();
    let seen: Vec<_> = tickets.into_iter().map(|ticket| ticket.wait().unwrap().unwrap()).collect();
    // An operation sees the number of the preceding commit.
    for pair in seen.windows(2) {
        assert_eq!(pair[0].0 == pair[1].0, pair[0].1 == pair[1].1, "{pair:?}");
        assert!(pair[0].1 <= pair[1].1);
    }
    let (commits, row) = (seen.last().unwrap().0 - seen[0].0 + 1, store.read(|tx| tx.journal_row()).unwrap());
    assert!((2..600).contains(&commits), "{commits} commits");
    assert_eq!(row.recorded_at, seen.last().unwrap().1);
}

#[test]
fn a_commit_that_is_recorded_while_someone_waits_for_it_is_spooled() {
    let journal = Arc::new(Journal::idle(PathBuf::new(), 1, None));
    let shared = Arc::clone(&journal.shared);
    {
        let mut state = shared.state();
        (state.is_idle, state.status.stream) = (false, Some(Uuid::max()));
    }
    // A reader sees commit 2 before the writer has recorded it.
    let waits = std::thread::spawn({
        let journal = Arc::clone(&journal);
        move || journal.sync(2)
    });
    let wanted = |number: u64| {
        let patience = Duration::from_secs(20);
        let waited = shared.wanted.wait_timeout_while(shared.state(), patience, |state| state.wanted < number);
        assert!(!waited.unwrap().1.timed_out(), "nobody asks for commit {number}");
    };
    wanted(1);
    journal.committed(2, 0);
    for number in 1..=2 {
        wanted(number);
        shared.state().synced = number;
        shared.done.notify_all();
    }
    waits.join().unwrap();
}
