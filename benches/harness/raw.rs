//! The upper bound set by the database library: the statements of one deposit over HTTP, in the same order and with the
//! settings of `src/store/database/connection.rs`, issued by a single thread, 64 deposits per COMMIT and without
//! savepoints. Checkpoints are left to the library, every 1,000 pages.

use crate::Outcome;
use crate::load::id_at;
use crate::log::changes_of_size;
use crate::seed::COMMENT;
use bursar::domain::clock::Clock;
use bursar::domain::events::SNAPSHOT_VERSION;
use bursar::system::SystemClock;
use fastrand::Rng;
use rusqlite::{Connection, OptionalExtension, params};
use std::path::Path;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Deposits per COMMIT.
const BATCH: usize = 64;

macro_rules! sql {
    ($($path:literal),+) => {
        concat!($(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/", $path, ".sql")), "\n"),+)
    };
}

/// A database written without the program.
pub(crate) struct Raw {
    connection: Connection,
    accounts: Vec<Uuid>,
    principal: i64,
    token: Uuid,
    dice: Rng,
}

impl Raw {
    pub(crate) fn open(file: &Path) -> Outcome<Raw> {
        let connection = Connection::open(file)?;
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
        connection.execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;
             PRAGMA journal_size_limit = 67108864; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;
             PRAGMA cell_size_check = ON;",
        )?;
        connection.set_prepared_statement_cache_capacity(128);
        let accounts = connection
            .prepare("SELECT uuid FROM accounts")?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let (principal, token) =
            connection.query_row("SELECT principal_id, uuid FROM tokens ORDER BY id DESC LIMIT 1", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        let dice = Rng::with_seed(SystemClock.now().unix_ms().unsigned_abs());
        Ok(Raw { connection, accounts, principal, token, dice })
    }

    /// Deposits per second.
    pub(crate) fn run(&mut self, time: Duration) -> Outcome<f64> {
        let warm_up = (time / 3).min(Duration::from_secs(1));
        self.batches(warm_up)?;
        let started = Instant::now();
        let done = self.batches(time)?;
        Ok(f64::from(done) / started.elapsed().as_secs_f64())
    }

    fn batches(&mut self, time: Duration) -> Outcome<u32> {
        let until = Instant::now() + time;
        let mut done = 0;
        while Instant::now() < until {
            self.execute("BEGIN IMMEDIATE")?;
            for _ in 0..BATCH {
                self.deposit()?;
                done += 1;
            }
            self.execute("COMMIT")?;
        }
        Ok(done)
    }

    fn execute(&self, sql: &str) -> Outcome<()> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }

    fn deposit(&mut self) -> Outcome<()> {
        let db = &self.connection;
        let now = SystemClock.now().unix_ms();
        let id = id_at(now.unsigned_abs(), &mut self.dice);
        let request = id_at(now.unsigned_abs(), &mut self.dice);
        let key = id_at(self.dice.u64(..) >> 16, &mut self.dice).into_bytes();
        let account = self.accounts[self.dice.usize(..self.accounts.len())];
        let amount = 1000;

        let generation = "SELECT generation, started_at FROM idempotency_state";
        let _: (i64, i64) = db.prepare_cached(generation)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for table in ["idempotency_0", "idempotency_2"] {
            let sql = format!("SELECT command_hash, outcome FROM {table} WHERE key_hash = ?1");
            db.prepare_cached(&sql)?.query_row([key.as_slice()], |_| Ok(())).optional()?;
        }
        let (book, balance, ledger, currency, is_demo, profile): (i64, i64, i64, i64, bool, i64) = db
            .prepare_cached(sql!("accounts/columns", "accounts/by_uuid"))?
            .query_row((account, None::<String>), |row| {
                let standing =
                    (row.get("ledger_id")?, row.get("currency_id")?, row.get("demo")?, row.get("profile_id")?);
                Ok((row.get("id")?, row.get("balance_minor")?, standing.0, standing.1, standing.2, standing.3))
            })?;
        let (house, house_balance): (i64, i64) = db
            .prepare_cached(sql!("books/house"))?
            .query_row((ledger, currency, is_demo, "bank"), |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (last, _, hash): (i64, i64, [u8; 32]) = db
            .prepare_cached("SELECT seq, recorded_at, hash FROM entries ORDER BY seq DESC LIMIT 1")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let (seq, balance, house_balance) = (last + 1, balance + amount, house_balance - amount);
        let nothing = None::<i64>;
        let (salt, legs) = (key, [7_u8; 48]);
        db.prepare_cached(sql!("entries/insert"))?.execute(params![
            seq,
            id,
            "balance",
            now,
            now,
            self.principal,
            nothing,
            nothing,
            salt,
            hash,
            legs,
            hash
        ])?;
        let mut posting = db.prepare_cached(sql!("entries/insert_posting"))?;
        posting.execute((book, seq, amount, balance, now, "balance", Some(id), Some(COMMENT), None::<i64>))?;
        posting.execute((
            house,
            seq,
            -amount,
            house_balance,
            now,
            "balance",
            None::<Uuid>,
            None::<String>,
            None::<i64>,
        ))?;
        let mut set_balance = db.prepare_cached(sql!("books/set_balance"))?;
        set_balance.execute((book, balance, 0))?;
        set_balance.execute((house, house_balance, 0))?;
        let event: i64 = db.prepare_cached(sql!("events/insert"))?.insert((
            "entry.posted",
            seq,
            profile,
            self.principal,
            now,
            SNAPSHOT_VERSION,
            None::<String>,
        ))?;
        let movement = id_at(now.unsigned_abs(), &mut self.dice);
        db.prepare_cached(sql!("movements/insert_posted"))?.execute(params![
            movement,
            "deposit",
            book,
            amount,
            self.principal,
            nothing,
            0,
            seq,
            now
        ])?;
        db.prepare_cached(sql!("audit_log/insert"))?.execute(params![
            now,
            self.principal,
            self.token,
            "funds.post",
            id,
            request,
            "127.0.0.1",
            event,
            event,
            nothing,
            "entry",
            profile,
            nothing,
            changes_of_size(3)
        ])?;
        let _: (i64, i64) = db.prepare_cached(generation)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        db.prepare_cached("INSERT INTO idempotency_0 (key_hash, command_hash, outcome) VALUES (?1, ?2, ?3)")?
            .execute((key.as_slice(), key.as_slice(), format!("{{\"o\":{{\"e\":\"{id}\"}}}}")))?;
        Ok(())
    }
}
