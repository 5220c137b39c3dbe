//! Completes the log of a seeded database, as the program would have: what each seeded audit row wrote, and the tree.
//! `bursar audit` proves the result.

use crate::Outcome;
use bursar::domain::merkle::{Frontier, Hash, leaf_hash, sha256};
use bursar::store::InstallationKey;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use std::path::Path;

/// Numbers of tables in the log.
const ENTRIES: u8 = 1;
const EVENTS: u8 = 2;
const BOOKS: u8 = 24;

/// Subtrees of this height have a row of their own.
const NODE_LEVEL: u32 = 8;

/// What a log entry of `count` changes weighs, for statements that only have to write as much.
pub(crate) fn changes_of_size(count: usize) -> Vec<u8> {
    (0..count * 36).map(|index| u8::try_from(index % 251).unwrap_or_default()).collect()
}

fn encode(bytes: &mut Vec<u8>, row: &Row<'_>) -> rusqlite::Result<()> {
    for place in 0..row.as_ref().column_count() {
        let (kind, content) = match row.get_ref(place)? {
            ValueRef::Null => continue,
            ValueRef::Integer(number) => (1, number.to_be_bytes().to_vec()),
            ValueRef::Real(number) => (2, number.to_bits().to_be_bytes().to_vec()),
            ValueRef::Text(text) => (3, text.to_vec()),
            ValueRef::Blob(blob) => (4, blob.to_vec()),
        };
        bytes.extend_from_slice(&[u8::try_from(place).unwrap_or(u8::MAX), kind]);
        bytes.extend_from_slice(&u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(&content);
    }
    Ok(())
}

fn image(table: u8, row: &Row<'_>) -> rusqlite::Result<Hash> {
    let mut bytes = vec![table, 0];
    encode(&mut bytes, row)?;
    Ok(sha256(&bytes))
}

/// A row that was inserted.
fn inserted(bytes: &mut Vec<u8>, table: u8, key: i64, image: &Hash) {
    bytes.push(table << 2 | 1);
    let mut key = key.unsigned_abs();
    while key >= 0x80 {
        bytes.push(0x80 | u8::try_from(key & 0x7f).unwrap_or_default());
        key >>= 7;
    }
    bytes.push(u8::try_from(key).unwrap_or_default());
    bytes.extend_from_slice(image);
}

/// Completes the rows after one; the first of them also inserted a book.
pub(crate) fn complete(connection: &Connection, after: i64, book: i64) -> Outcome<()> {
    let (size, frontier): (u64, Vec<u8>) =
        connection
            .query_row("SELECT log_size, log_frontier FROM change_journal", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut tree = Frontier::decode(size, &frontier).ok_or("the head of the log cannot be read")?;
    let mut rows = connection.prepare("SELECT id, event_seq FROM audit_log WHERE id > ?1 ORDER BY id")?;
    let mut event = connection.prepare("SELECT * FROM events WHERE seq = ?1")?;
    let mut entry = connection.prepare("SELECT hash FROM entries WHERE seq = ?1")?;
    let mut update = connection.prepare("UPDATE audit_log SET changes = ?2 WHERE id = ?1")?;
    let mut leaf = connection.prepare("SELECT * FROM audit_log WHERE id = ?1")?;
    let mut node = connection.prepare("INSERT INTO log_nodes (position, hash) VALUES (?1, ?2)")?;
    let seeded: Vec<(i64, i64)> =
        rows.query_map([after], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    let mut book = Some(book);
    for (id, seq) in seeded {
        let mut changes = Vec::new();
        if let Some(book) = book.take() {
            let sql = "SELECT id, ledger_id, currency_id, demo, role FROM books WHERE id = ?1";
            let hash = connection.query_row(sql, [book], |row| image(BOOKS, row))?;
            inserted(&mut changes, BOOKS, book, &hash);
        }
        let (of, hash) = event.query_row([seq], |row| Ok((row.get::<_, i64>("subject_id")?, image(EVENTS, row)?)))?;
        inserted(&mut changes, ENTRIES, of, &entry.query_row([of], |row| row.get(0))?);
        inserted(&mut changes, EVENTS, seq, &hash);
        update.execute((id, changes))?;
        let mut bytes = Vec::new();
        leaf.query_row([id], |row| encode(&mut bytes, row))?;
        if let Some(hash) = tree.push(leaf_hash(&bytes), NODE_LEVEL) {
            node.execute(((tree.size() >> NODE_LEVEL).cast_signed() - 1, hash.as_slice()))?;
        }
    }
    let sql = "UPDATE change_journal SET log_size = ?1, log_frontier = ?2";
    connection.execute(sql, (tree.size().cast_signed(), tree.encode()))?;
    Ok(())
}

/// Signs the last commit, where the schema has signatures.
pub(crate) fn sign(connection: &Connection, key: &Path) -> Outcome<()> {
    let sql = "SELECT count(*) > 0 FROM pragma_table_info('change_journal') WHERE name = 'signature'";
    if connection.query_row(sql, [], |row| row.get(0))? {
        let mut message = b"bursar commit 1\n".to_vec();
        let sql =
            "SELECT stream, commit_number, recorded_at, last_entry, last_event, epoch, log_id, log_size, log_frontier
                   FROM change_journal";
        connection.query_row(sql, [], |row| encode(&mut message, row))?;
        let signature = InstallationKey::load(key)?.sign(&message);
        connection.execute("UPDATE change_journal SET signature = ?1", [signature.as_slice()])?;
    }
    Ok(())
}
