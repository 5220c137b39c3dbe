//! Checks of the database file beside the running server, after each operation.

use aws_lc_rs::digest::{Context, SHA256};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeMap;
use std::path::Path;

/// The figures of an account, as stored or according to its events.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Figures {
    pub(super) balance: i128,
    pub(super) held: i128,
    pub(super) uncleared: i128,
    pub(super) pending: i128,
    pub(super) credit_net: i128,
}

pub(super) struct File {
    connection: Connection,
    last_entry: i64,
}

impl File {
    pub(super) fn open(path: &Path) -> File {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        connection.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
        File { connection, last_entry: 0 }
    }

    /// Changes with every commit that writes. An equal version means that no byte has changed.
    pub(super) fn version(&self) -> i64 {
        self.connection.query_row("PRAGMA data_version", [], |row| row.get(0)).unwrap()
    }

    /// A hash of all rows in all tables, except for what a rehearsal leaves: its row in the audit log, what follows
    /// from that row, and the number of the commit that wrote it. The server also signs the log by itself.
    pub(super) fn hash(&self) -> Vec<u8> {
        let mut context = Context::new(&SHA256);
        let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
                     AND name NOT IN ('change_journal', 'log_checkpoints', 'log_nodes') ORDER BY name";
        let tables: Vec<String> = self.all(names, [], |row| row.get(0));
        for table in tables {
            context.update(table.as_bytes());
            let condition = if table == "audit_log" { "WHERE action NOT LIKE '%.rehearse'" } else { "" };
            let mut statement = self.connection.prepare(&format!("SELECT * FROM {table} {condition}")).unwrap();
            let columns = statement.column_count();
            let mut rows = statement.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                for column in 0..columns {
                    match row.get_ref(column).unwrap() {
                        ValueRef::Null => context.update(b"n"),
                        ValueRef::Integer(number) => context.update(&number.to_be_bytes()),
                        ValueRef::Real(number) => context.update(&number.to_bits().to_be_bytes()),
                        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                            context.update(&bytes.len().to_be_bytes());
                            context.update(bytes);
                        }
                    }
                }
            }
        }
        context.finish().as_ref().to_vec()
    }

    fn all<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        map: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Vec<T> {
        let mut statement = self.connection.prepare_cached(sql).unwrap();
        let rows = statement.query_map(params, map).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    /// Asserts that each entry balances, that all books balance, and that each book is the sum of its postings.
    pub(super) fn check_books(&mut self) {
        let wrong: Vec<(i64, i64)> = self.all(
            "SELECT p.entry_seq, b.currency_id FROM postings p JOIN books b ON b.id = p.book_id WHERE p.entry_seq > ?1
             GROUP BY p.entry_seq, b.currency_id, b.demo HAVING sum(p.amount_minor) <> 0",
            [self.last_entry],
            |row| Ok((row.get(0)?, row.get(1)?)),
        );
        assert_eq!(wrong, [], "entries and currencies that do not balance");
        let wrong: Vec<i64> = self.all(
            "SELECT b.id FROM books b LEFT JOIN postings p ON p.book_id = b.id
             GROUP BY b.id HAVING b.balance_minor <> coalesce(sum(p.amount_minor), 0)",
            [],
            |row| row.get(0),
        );
        assert_eq!(wrong, [] as [i64; 0], "books that are not the sum of their postings");
        // Summed here rather than in SQL, where large positive and negative balances could overflow on the way.
        let mut sums: BTreeMap<(i64, i64), i128> = BTreeMap::new();
        for (currency, demo, balance) in self.all("SELECT currency_id, demo, balance_minor FROM books", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?))
        }) {
            *sums.entry((currency, demo)).or_default() += i128::from(balance);
        }
        assert!(sums.values().all(|sum| *sum == 0), "books do not balance: {sums:?}");
        let last = self.all("SELECT coalesce(max(seq), 0) FROM entries", [], |row| row.get(0));
        self.last_entry = last[0];
    }

    /// Ids and recording times of the entries since the last check of the books, in order.
    pub(super) fn new_entries(&self) -> Vec<(String, i64)> {
        self.all("SELECT uuid, recorded_at FROM entries WHERE seq > ?1 ORDER BY seq", [self.last_entry], |row| {
            Ok((row.get::<_, uuid::Uuid>(0)?.to_string(), row.get(1)?))
        })
    }

    /// Side, lots and open price of all open positions, by account and symbol.
    pub(super) fn positions(&self) -> BTreeMap<(String, String), (String, String, String)> {
        let positions = self.all(
            "SELECT a.uuid, s.code, p.side, p.quantity, p.open_price
             FROM positions p JOIN accounts a ON a.id = p.account_id JOIN symbols s ON s.id = p.symbol_id
             WHERE p.closed_at IS NULL",
            [],
            |row| {
                let place = (row.get::<_, uuid::Uuid>(0)?.to_string(), row.get(1)?);
                Ok((place, (row.get(2)?, row.get(3)?, row.get(4)?)))
            },
        );
        positions.into_iter().collect()
    }

    /// The stored figures of all client accounts, by public id.
    pub(super) fn figures(&self) -> BTreeMap<String, Figures> {
        let figures = self.all(
            "SELECT a.uuid, b.balance_minor, b.held_minor, b.uncleared_minor, b.pending_minor, b.credit_net_minor
             FROM accounts a JOIN books b ON b.id = a.id",
            [],
            |row| {
                let of = |column| row.get::<_, i64>(column).map(i128::from);
                let figures =
                    Figures { balance: of(1)?, held: of(2)?, uncleared: of(3)?, pending: of(4)?, credit_net: of(5)? };
                Ok((row.get::<_, uuid::Uuid>(0)?.to_string(), figures))
            },
        );
        figures.into_iter().collect()
    }
}
