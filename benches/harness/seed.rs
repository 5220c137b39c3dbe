//! Seeds the databases: the program creates clients and accounts, then the journal is filled in bulk with everything
//! that the program would have written: chained entries, postings with running balances, events, audit rows and
//! outcomes. `bursar audit` proves the result.

use crate::Outcome;
use crate::load::id_at;
use crate::log;
use crate::server::Program;
use bursar::domain::clock::{Clock, Moment};
use bursar::domain::events::SNAPSHOT_VERSION;
use bursar::domain::ids::{BookId, EntryId, EntrySeq, PrincipalSerial};
use bursar::domain::ledger::{EntryHash, EntryKind, EntryRecord, GENESIS, House, Leg, comment_hash, encode_legs};
use bursar::domain::money::Amount;
use bursar::system::SystemClock;
use fastrand::Rng;
use rusqlite::{Connection, params};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use uuid::Uuid;

/// The comment of every deposit, seeded or measured.
pub(crate) const COMMENT: &str = "Card deposit";

/// A data directory and its accounts.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) directory: PathBuf,
    pub(crate) accounts: Arc<[String]>,
    /// The number of seeded entries.
    pub(crate) entries: u64,
}

impl Place {
    pub(crate) fn database(&self) -> PathBuf {
        self.directory.join("bursar.db")
    }

    /// Copies it under another name.
    pub(crate) fn copy(&self, name: &str) -> Outcome<Place> {
        let directory = self.directory.with_file_name(name);
        let _ = fs::remove_dir_all(&directory);
        private_directory(&directory)?;
        for file in ["bursar.db", "dev-credentials.json", "installation.key"] {
            let from = self.directory.join(file);
            // Earlier builds have no key.
            if from.exists() {
                fs::copy(from, directory.join(file))?;
            }
        }
        // The write-back of the copy must not overlap with a measurement.
        fs::File::open(directory.join("bursar.db"))?.sync_all()?;
        Ok(Place { directory, ..self.clone() })
    }
}

fn private_directory(path: &Path) -> Outcome<()> {
    use std::os::unix::fs::DirBuilderExt;
    Ok(fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?)
}

/// Creates a sandbox with empty accounts in US dollars, four per client.
pub(crate) fn accounts(program: &Program, directory: PathBuf, count: usize) -> Outcome<Place> {
    let _ = fs::remove_dir_all(&directory);
    private_directory(&directory)?;
    let server = program.serve(&directory)?;
    let groups = server.ask("GET", "/account-groups", None)?;
    let offers = |group: &&serde_json::Value| {
        group["isDemo"] == false && group["currencies"].as_array().is_some_and(|codes| codes.contains(&json!("USD")))
    };
    let group = groups["groups"].as_array().into_iter().flatten().find(offers);
    let group = group.ok_or_else(|| format!("no group for dollars in {groups}"))?["id"].clone();
    let mut dice = Rng::with_seed(1);
    let now = SystemClock.now().unix_ms().unsigned_abs();
    let mut made = Vec::new();
    let mut profile = String::new();
    for number in 0..count {
        if number % 4 == 0 {
            profile = id_at(now, &mut dice).to_string();
            let body = json!({"id": profile, "email": format!("client{number}@example.com"), "firstName": "Jane"});
            server.ask("POST", "/profiles", Some(&body))?;
        }
        let id = id_at(now, &mut dice).to_string();
        let body = json!({"id": id, "profileId": profile, "groupId": group, "currency": "USD"});
        server.ask("POST", "/accounts", Some(&body))?;
        made.push(id);
    }
    server.stop()?;
    Ok(Place { directory, accounts: made.into(), entries: 0 })
}

macro_rules! sql {
    ($path:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/", $path, ".sql"))
    };
}

struct Account {
    book: i64,
    profile: i64,
    balance: i64,
}

struct Posting {
    book: i64,
    seq: i64,
    amount: i64,
    balance: i64,
    at: i64,
    deal: Option<Uuid>,
}

/// Fills an empty journal with deposits and occasional withdrawals.
pub(crate) fn fill(place: &mut Place, entries: u64) -> Outcome<()> {
    let connection = Connection::open(place.database())?;
    connection.execute_batch(
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = OFF; PRAGMA cache_size = -1048576;
         PRAGMA temp_store = MEMORY;",
    )?;
    connection.pragma_update_and_check(None, "journal_mode", "OFF", |row| row.get::<_, String>(0))?;
    connection.execute_batch("BEGIN")?;
    write(&connection, entries)?;
    log::sign(&connection, &place.directory.join("installation.key"))?;
    connection.execute_batch("COMMIT")?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
    drop(connection);
    fs::File::open(place.database())?.sync_all()?;
    place.entries += entries;
    Ok(())
}

fn write(connection: &Connection, entries: u64) -> Outcome<()> {
    let mut dice = Rng::with_seed(2);
    let mut accounts = clients(connection)?;
    let (ledger, currency): (i64, i64) = connection.query_row(
        "SELECT b.ledger_id, b.currency_id FROM books b JOIN accounts a ON a.id = b.id LIMIT 1",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let bank_name = House::Bank.name();
    let bank = connection.prepare(sql!("books/insert"))?.insert((ledger, currency, false, bank_name))?;
    let (principal, token): (i64, Uuid) =
        connection.query_row("SELECT principal_id, uuid FROM tokens ORDER BY id DESC LIMIT 1", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let (logged, begun): (i64, i64) =
        connection
            .query_row("SELECT max(id), max(recorded_at) FROM audit_log", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut bank_balance = 0;
    let mut previous: EntryHash = GENESIS;
    let count = i64::try_from(entries)?;
    let now = SystemClock.now().unix_ms();
    let mut postings = Vec::with_capacity(usize::try_from(entries)? * 2);
    let mut outcomes: Vec<([u8; 16], [u8; 16], Uuid)> = Vec::with_capacity(usize::try_from(entries)?);
    let mut insert_entry = connection.prepare(sql!("entries/insert"))?;
    let mut insert_event = connection.prepare(sql!("events/insert"))?;
    let mut insert_audit = connection.prepare(sql!("audit_log/insert"))?;
    for seq in 1..=count {
        let at = begun + (now - begun) * seq / count;
        let id = id_at(at.unsigned_abs(), &mut dice);
        let index = dice.usize(..accounts.len());
        let account = &mut accounts[index];
        let size = i64::try_from(dice.u64(..100_000))? + 1;
        let amount = if seq % 5 == 0 && account.balance > size { -size } else { size };
        account.balance += amount;
        bank_balance -= amount;
        let leg = |book, amount, balance| Leg {
            book: BookId(book),
            amount: Amount::from_minor(amount),
            balance_after: Amount::from_minor(balance),
        };
        let legs = encode_legs(&[leg(account.book, amount, account.balance), leg(bank, -amount, bank_balance)]);
        let salt = id_at(dice.u64(..) >> 16, &mut dice).into_bytes();
        let comment = comment_hash(&salt, COMMENT);
        let record = EntryRecord {
            seq: EntrySeq(seq),
            id: EntryId::from(id),
            kind: EntryKind::Balance,
            effective_at: Moment::from_unix_ms(at),
            recorded_at: Moment::from_unix_ms(at),
            principal: PrincipalSerial(principal),
            tag: None,
            reverses: None,
            comment_hash: Some(&comment),
            legs: &legs,
        };
        previous = record.hash(&previous);
        let nothing = None::<i64>;
        let kind = EntryKind::Balance.name();
        insert_entry.execute(params![
            seq,
            id,
            kind,
            at,
            at,
            principal,
            nothing,
            nothing,
            salt.as_slice(),
            comment.as_slice(),
            legs,
            previous.as_slice()
        ])?;
        let event: i64 = insert_event.insert((
            "entry.posted",
            seq,
            account.profile,
            principal,
            at,
            SNAPSHOT_VERSION,
            None::<i64>,
        ))?;
        let request = id_at(at.unsigned_abs(), &mut dice);
        let nothing = None::<String>;
        insert_audit.execute(params![
            at,
            principal,
            token,
            "funds.post",
            id,
            request,
            "127.0.0.1",
            event,
            event,
            nothing,
            "entry",
            account.profile,
            nothing,
            nothing
        ])?;
        let random = |dice: &mut Rng| id_at(dice.u64(..) >> 16, dice).into_bytes();
        outcomes.push((random(&mut dice), random(&mut dice), id));
        let posting = |book, amount, balance, deal| Posting { book, seq, amount, balance, at, deal };
        postings.push(posting(account.book, amount, account.balance, Some(id)));
        postings.push(posting(bank, -amount, bank_balance, None));
    }
    let mut insert = connection.prepare(sql!("entries/insert_posting"))?;
    postings.sort_unstable_by_key(|posting| (posting.book, posting.seq));
    for Posting { book, seq, amount, balance, at, deal } in postings {
        let comment = deal.map(|_| COMMENT);
        insert.execute((book, seq, amount, balance, at, EntryKind::Balance.name(), deal, comment, None::<i64>))?;
    }
    let mut insert =
        connection.prepare("INSERT INTO idempotency_0 (key_hash, command_hash, outcome) VALUES (?1, ?2, ?3)")?;
    outcomes.sort_unstable();
    for (key, command, id) in outcomes {
        insert.execute((key.as_slice(), command.as_slice(), json!({"o": {"e": id}}).to_string()))?;
    }
    let mut set_balance = connection.prepare(sql!("books/set_balance"))?;
    for account in &accounts {
        set_balance.execute((account.book, account.balance, 0))?;
    }
    set_balance.execute((bank, bank_balance, 0))?;
    log::complete(connection, logged, bank)
}

fn clients(connection: &Connection) -> Outcome<Vec<Account>> {
    let mut statement = connection.prepare("SELECT id, profile_id FROM accounts ORDER BY id")?;
    let rows = statement.query_map([], |row| Ok(Account { book: row.get(0)?, profile: row.get(1)?, balance: 0 }))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
