//! The transactions that a use case works in: [`ReadTx`] reads, [`WriteTx`] also writes.

use crate::domain::clock::Moment;
use crate::domain::named::Named;
use crate::store::StoreError;
use crate::store::database::statements::{KeepStatements, Sql};
use crate::store::database::trail::{Mark, Trail};
use crate::store::database::writer::Abort;
use rusqlite::types::{FromSql, ValueRef};
use rusqlite::{Connection, OptionalExtension, Params, Row, Statement};
use std::cell::Cell;
use std::ops::Deref;

/// A read transaction that ends when dropped. BEGIN and its end stay prepared, because every read runs them.
pub(in crate::store) struct Snapshot<'c> {
    connection: &'c Connection,
}

impl<'c> Snapshot<'c> {
    pub(in crate::store) fn begin(connection: &'c Connection) -> Result<Self, StoreError> {
        connection.prepare_cached("BEGIN")?.execute([])?;
        Ok(Snapshot { connection })
    }

    pub(in crate::store) fn connection(&self) -> &'c Connection {
        self.connection
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        let ended = self.connection.prepare_cached("ROLLBACK").and_then(|mut statement| statement.execute([]));
        if let Err(error) = ended {
            tracing::error!(%error, "a read transaction did not end");
        }
    }
}

/// A consistent view of the database.
pub struct ReadTx<'c> {
    connection: &'c Connection,
    /// The prepared statements of the writer; readers have the cache of their connection.
    statements: Option<&'c dyn KeepStatements>,
}

impl<'c> ReadTx<'c> {
    pub(in crate::store) fn new(connection: &'c Connection) -> Self {
        ReadTx { connection, statements: None }
    }

    pub(in crate::store) fn connection(&self) -> &Connection {
        self.connection
    }

    pub(in crate::store) fn find<'s, T>(
        &self,
        sql: impl Into<Sql<'s>>,
        params: impl Params,
        map: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.with(sql, |statement| statement.query_row(params, map).optional())?)
    }

    /// Exactly one row; none is an error.
    pub(in crate::store) fn one<'s, T>(
        &self,
        sql: impl Into<Sql<'s>>,
        params: impl Params,
        map: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        Ok(self.with(sql, |statement| statement.query_row(params, map))?)
    }

    pub(in crate::store) fn all<'s, T>(
        &self,
        sql: impl Into<Sql<'s>>,
        params: impl Params,
        map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        Ok(self.with(sql, |statement| statement.query_map(params, map)?.collect::<Result<_, _>>())?)
    }

    /// Runs `run` with a prepared statement.
    fn with<'s, T>(
        &self,
        sql: impl Into<Sql<'s>>,
        run: impl FnOnce(&mut Statement<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        match (self.statements, sql.into()) {
            (Some(statements), Sql::Fixed(text)) => {
                let (mut run, mut outcome) = (Some(run), None);
                statements.with(text, &mut |statement| outcome = run.take().map(|run| run(statement)))?;
                outcome.unwrap_or(Err(rusqlite::Error::InvalidQuery))
            }
            (_, sql) => run(&mut *self.connection.prepare_cached(sql.text())?),
        }
    }
}

/// The time of a commit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CommitTime {
    /// What is recorded. It never decreases from one commit to the next.
    pub recorded: Moment,
    /// What the clock showed. Earlier than `recorded` if it was set back.
    pub shown: Moment,
}

/// The moment that all operations of one commit share, so that every moment lies between two commits: what was recorded
/// up to a moment is a whole number of commits. It never decreases from one commit to the next.
#[derive(Debug)]
pub(in crate::store) struct CommitMoment {
    current: Cell<Option<CommitTime>>,
    earliest: Cell<Moment>,
}

impl CommitMoment {
    /// No later commit gets a moment before `earliest`.
    pub(in crate::store) fn new(earliest: Moment) -> CommitMoment {
        CommitMoment { current: Cell::new(None), earliest: Cell::new(earliest) }
    }

    /// Starts a new commit.
    pub(in crate::store) fn begin(&self) {
        self.current.set(None);
    }

    fn get<E>(&self, clock: impl FnOnce() -> Result<Moment, E>) -> Result<CommitTime, E> {
        if let Some(time) = self.current.get() {
            return Ok(time);
        }
        let shown = clock()?;
        let time = CommitTime { recorded: shown.max(self.earliest.get()), shown };
        self.current.set(Some(time));
        self.earliest.set(time.recorded);
        Ok(time)
    }

    /// The moment of this commit, or of the one before if no operation has asked for the time yet.
    pub(in crate::store) fn latest(&self) -> Moment {
        self.earliest.get()
    }

    fn restart(&self, now: Moment) {
        self.current.set(Some(CommitTime { recorded: now, shown: now }));
        self.earliest.set(now);
    }
}

/// A savepoint of the writer's transaction. If the use case fails, all its changes are rolled back.
pub struct WriteTx<'c> {
    read: ReadTx<'c>,
    moment: &'c CommitMoment,
    trail: &'c Trail,
    has_news: Cell<bool>,
}

impl<'c> WriteTx<'c> {
    pub(in crate::store) fn new(connection: &'c Connection, moment: &'c CommitMoment, trail: &'c Trail) -> Self {
        WriteTx { read: ReadTx::new(connection), moment, trail, has_news: Cell::new(false) }
    }

    /// Runs statements that are kept by the writer.
    pub(in crate::store) fn keeping(self, statements: &'c dyn KeepStatements) -> Self {
        WriteTx { read: ReadTx { statements: Some(statements), ..self.read }, ..self }
    }

    /// What this commit has changed so far.
    pub(in crate::store) fn trail(&self) -> &Trail {
        self.trail
    }

    /// The moment of this commit, or of the one before if no operation has asked for the time yet.
    pub(in crate::store) fn latest(&self) -> Moment {
        self.moment.latest()
    }

    /// Where an action begins. What changes from here on belongs to its audit row, unless a nested action has one.
    pub fn mark(&self) -> Mark {
        self.trail.mark()
    }

    /// Whether anything that the audit log covers was written since the mark.
    pub fn has_changed_since(&self, mark: Mark) -> bool {
        self.trail.mark() != mark
    }

    /// Records that this commit has something for followers of events.
    pub(in crate::store) fn note_news(&self) {
        self.has_news.set(true);
    }

    pub(in crate::store) fn has_news(&self) -> bool {
        self.has_news.get()
    }

    /// The time of this commit. The first operation that asks reads the clock, and the others get the same value. If
    /// the clock was set back, the moment of the previous commit is recorded. An error of the clock is returned.
    pub fn time<E>(&self, clock: impl FnOnce() -> Result<Moment, E>) -> Result<CommitTime, E> {
        self.moment.get(clock)
    }

    /// Restarts time at `now`, for a sandbox that is reset after its clock ran ahead.
    pub fn restart_time(&self, now: Moment) {
        self.moment.restart(now);
    }

    /// Runs a statement and returns the number of rows affected.
    pub(in crate::store) fn run<'s>(&self, sql: impl Into<Sql<'s>>, params: impl Params) -> Result<usize, StoreError> {
        Ok(self.with(sql, |statement| statement.execute(params))?)
    }

    /// Runs an INSERT and returns the rowid.
    pub(in crate::store) fn insert<'s>(&self, sql: impl Into<Sql<'s>>, params: impl Params) -> Result<i64, StoreError> {
        Ok(self.with(sql, |statement| statement.insert(params))?)
    }

    /// Runs a part of the operation in a nested savepoint; parts can nest. A refusal rolls back the part alone. A
    /// failure of the database is returned as an error, and the whole operation must be rolled back.
    pub fn attempt<T, E>(&self, part: impl FnOnce() -> Result<T, Abort<E>>) -> Result<Result<T, E>, StoreError> {
        self.run("SAVEPOINT part", [])?;
        let mark = self.trail.mark();
        let outcome = match part() {
            Ok(value) => Ok(value),
            Err(Abort::Refused(refusal)) => {
                self.run("ROLLBACK TO part", [])?;
                self.trail.roll_back(mark);
                Err(refusal)
            }
            Err(Abort::Store(error)) => return Err(error),
        };
        self.run("RELEASE part", [])?;
        Ok(outcome)
    }

    pub(in crate::store) fn next(&self, counter: &str) -> Result<i64, StoreError> {
        self.one(
            "INSERT INTO counters (name, last) VALUES (?1, 1)
             ON CONFLICT (name) DO UPDATE SET last = last + 1 RETURNING last",
            [counter],
            |row| row.get(0),
        )
    }
}

impl<'c> Deref for WriteTx<'c> {
    type Target = ReadTx<'c>;

    fn deref(&self) -> &Self::Target {
        &self.read
    }
}

/// Embeds statements from `sql/`.
macro_rules! sql {
    ($($path:literal),+) => {
        concat!($(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/", $path, ".sql")), "\n"),+)
    };
}
pub(in crate::store) use sql;

/// Parses a stored name.
pub(in crate::store) fn named<T: Named>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    named_text(row.get_ref(column)?, column)
}

/// The same, of a column that may hold none.
pub(in crate::store) fn named_if_any<T: Named>(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<T>> {
    match row.get_ref(column)? {
        ValueRef::Null => Ok(None),
        value => named_text(value, column).map(Some),
    }
}

/// What is stored in a column where none means the default.
pub(in crate::store) fn unless_default<T: Default + PartialEq>(value: T) -> Option<T> {
    (value != T::default()).then_some(value)
}

fn named_text<T: Named>(value: ValueRef<'_>, column: &str) -> rusqlite::Result<T> {
    let text = value.as_str().map_err(|_| unreadable(column, "not text"))?;
    T::from_name(text).ok_or_else(|| unreadable(column, text))
}

/// Reads columns in the order in which the statement lists them. Looking up a column by name takes longer than reading
/// it, so only debug builds check the names.
pub(in crate::store) struct Columns<'a> {
    row: &'a Row<'a>,
    read: usize,
}

impl<'a> Columns<'a> {
    pub(in crate::store) fn of(row: &'a Row<'a>) -> Self {
        Columns { row, read: 0 }
    }

    pub(in crate::store) fn next<T: FromSql>(&mut self, name: &str) -> rusqlite::Result<T> {
        let index = self.step(name);
        self.row.get(index)
    }

    pub(in crate::store) fn next_text(&mut self, name: &str) -> rusqlite::Result<&'a str> {
        let index = self.step(name);
        self.row.get_ref(index)?.as_str().map_err(|_| unreadable(name, "not text"))
    }

    /// Parses the name in the next column.
    pub(in crate::store) fn next_named<T: Named>(&mut self, column: &str) -> rusqlite::Result<T> {
        let index = self.step(column);
        named_text(self.row.get_ref(index)?, column)
    }

    /// Like [`Columns::next_named`]; none for NULL.
    pub(in crate::store) fn next_named_if_any<T: Named>(&mut self, column: &str) -> rusqlite::Result<Option<T>> {
        let index = self.step(column);
        match self.row.get_ref(index)? {
            ValueRef::Null => Ok(None),
            value => named_text(value, column).map(Some),
        }
    }

    fn step(&mut self, name: &str) -> usize {
        let index = self.read;
        debug_assert_eq!(self.row.as_ref().column_name(index), Ok(name), "columns must be read in order");
        self.read += 1;
        index
    }
}

/// A stored value that no version of this program writes.
pub(in crate::store) fn unreadable(column: &str, value: &str) -> rusqlite::Error {
    let what = StoreError::corrupt(format!("{column} = {value:?}"));
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Moment {
        Moment::from_unix_ms(ms)
    }

    #[test]
    fn all_of_a_commit_has_one_moment_which_never_decreases() {
        let moment = CommitMoment::new(at(50));
        let get = |clock: i64| moment.get(|| Ok::<_, ()>(at(clock))).unwrap().recorded;
        moment.begin();
        assert_eq!((get(100), get(101), moment.latest()), (at(100), at(100), at(100)));
        moment.begin();
        assert_eq!(moment.latest(), at(100), "nobody has asked for the time");
        assert_eq!(moment.get(|| Err("unknown")), Err("unknown"));
        assert_eq!(get(70), at(100), "the clock was moved back");
        assert_eq!(moment.get(|| Err("not asked")).unwrap().shown, at(70));
        moment.begin();
        assert_eq!(get(102), at(102));
        assert_eq!(CommitMoment::new(at(50)).get(|| Ok::<_, ()>(at(40))).unwrap().recorded, at(50));
        moment.restart(at(7));
        assert_eq!((get(8), moment.latest()), (at(7), at(7)), "a sandbox starts over");
    }

    /// Runs `work` in a transaction and returns the rows of table `t` afterwards.
    fn left_by(work: impl FnOnce(&WriteTx<'_>)) -> Vec<i64> {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (n INTEGER NOT NULL); BEGIN; SAVEPOINT operation").unwrap();
        let moment = CommitMoment::new(at(0));
        let trail = Trail::default();
        let tx = WriteTx::new(&connection, &moment, &trail);
        work(&tx);
        connection.execute_batch("RELEASE operation; COMMIT").unwrap();
        tx.all("SELECT n FROM t ORDER BY n", [], |row| row.get(0)).unwrap()
    }

    fn add(tx: &WriteTx<'_>, n: i64) -> Result<(), Abort<&'static str>> {
        tx.run("INSERT INTO t VALUES (?1)", [n]).map(|_| ()).map_err(Abort::Store)
    }

    #[test]
    fn a_refused_part_undoes_itself_and_the_parts_inside_it_only() {
        let left = left_by(|tx| {
            let outer = tx.attempt(|| {
                add(tx, 1)?;
                let inner = tx.attempt(|| {
                    add(tx, 2)?;
                    Err::<(), _>(Abort::Refused("inner"))
                })?;
                assert_eq!(inner, Err("inner"));
                add(tx, 3)
            });
            assert_eq!(outer.unwrap(), Ok(()));
            let outer = tx.attempt(|| {
                assert_eq!(tx.attempt(|| add(tx, 4))?, Ok(()));
                Err::<(), _>(Abort::Refused("outer"))
            });
            assert_eq!(outer.unwrap(), Err("outer"));
            add(tx, 5).unwrap();
        });
        assert_eq!(left, [1, 3, 5]);
    }

    #[test]
    fn a_failed_part_is_a_failure_of_the_whole_which_can_still_be_undone() {
        let left = left_by(|tx| {
            add(tx, 1).unwrap();
            let failed = tx.attempt(|| {
                add(tx, 2)?;
                tx.run("INSERT INTO t VALUES (NULL)", []).map_err(Abort::<&str>::Store)
            });
            assert!(failed.is_err());
            // As the writer does.
            tx.run("ROLLBACK TO operation", []).unwrap();
        });
        assert_eq!(left, [0i64; 0]);
    }
}
