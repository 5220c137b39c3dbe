//! Proves that the books are right: every entry balances, the hash chain is unbroken, every balance is the sum of its
//! postings, journal and ledger agree, and events have no gap. Only reads; works on a live file and on a copy.

mod actors;
mod anchors;
mod epochs;
mod events;
mod figures;
mod inclusion;
mod log;
mod restores;
mod schema;
mod settings;
mod signatures;
mod trading;
mod who;

pub use anchors::{Anchor, Verdict};
pub use inclusion::EntryProof;
pub use signatures::SignedLog;

use crate::domain::clock::Moment;
use crate::domain::ids::{EntryId, EntrySeq, PrincipalSerial};
use crate::domain::ledger::{EntryHash, EntryKind, EntryRecord, GENESIS, comment_hash, decode_legs};
use crate::domain::money::{Amount, Decimals};
use crate::store::StoreError;
use crate::store::database::connection::open_reader;
use crate::store::database::transaction::{ReadTx, Snapshot, sql, unreadable};
use crate::store::ledger::entry_kind;
use crate::store::proof::figures::{History, HistoryStatements};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use uuid::Uuid;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The name of the check.
    pub check: &'static str,
    /// A sentence that names the first place where it is wrong.
    pub what: String,
}

/// The sum of all books of one currency, mode and role, for the trial balance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tally {
    pub currency: String,
    pub is_demo: bool,
    /// `client`, or the name of the house account.
    pub role: String,
    pub decimals: Decimals,
    /// Wide enough for any number of books.
    pub sum_minor: i128,
}

/// The result of the proof.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Proof {
    pub entries: u64,
    pub postings: u64,
    pub books: u64,
    /// Events still kept; old ones are pruned.
    pub events: u64,
    /// The sequence number of the last entry.
    pub last_entry: i64,
    /// The hash of the last entry.
    pub head: EntryHash,
    /// Empty if the books are right.
    pub findings: Vec<Finding>,
    /// What is not wrong, but worth a look.
    pub notes: Vec<String>,
    /// The sums of all books; those of one currency and mode add up to zero.
    pub trial_balance: Vec<Tally>,
}

/// See [`ReadTx::head`].
type Head = [i64; 4];

/// At most this many findings are listed for each check.
const FINDINGS_MAX: usize = 20;

impl Proof {
    pub(in crate::store) fn find(&mut self, check: &'static str, what: impl FnOnce() -> String) {
        if self.findings.iter().filter(|finding| finding.check == check).count() < FINDINGS_MAX {
            self.findings.push(Finding { check, what: what() });
        }
    }
}

#[derive(Clone, Debug)]
struct BookLine {
    ledger: i64,
    currency: i64,
    is_demo: bool,
    role: String,
    balance: i64,
    credit_net: i64,
    code: String,
    decimals: u8,
}

/// A sum over postings that does not depend on their order. Equal sums mean equal sets, except with negligible
/// probability.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct SetSum(u64, u64);

impl SetSum {
    fn add(&mut self, parts: [i64; 9]) {
        let mut a = 0x9e37_79b9_7f4a_7c15u64;
        let mut b = 0xc2b2_ae3d_27d4_eb4fu64;
        for part in parts {
            a = mix(a ^ part.cast_unsigned());
            b = mix(b.rotate_left(29) ^ part.cast_unsigned());
        }
        self.0 = self.0.wrapping_add(a);
        self.1 = self.1.wrapping_add(b);
    }
}

/// An id in two halves; zeros for none.
fn id_parts(id: Option<Uuid>) -> (i64, i64) {
    let (high, low) = id.unwrap_or_default().as_u64_pair();
    (high.cast_signed(), low.cast_signed())
}

fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl ReadTx<'_> {
    /// What SQLite itself finds wrong with the file and its foreign keys. Takes long on a large file.
    pub fn check_file(&self) -> Result<Vec<Finding>, StoreError> {
        let mut findings = Vec::new();
        for message in self.all("PRAGMA integrity_check(20)", [], |row| row.get::<_, String>(0))? {
            if message != "ok" {
                findings.push(Finding { check: "integrity", what: message });
            }
        }
        let orphans = self.all("PRAGMA foreign_key_check", [], |row| {
            let table: String = row.get(0)?;
            let parent: String = row.get(2)?;
            Ok(format!("a row of {table} refers to a row of {parent} that does not exist"))
        })?;
        findings.extend(orphans.into_iter().take(FINDINGS_MAX).map(|what| Finding { check: "foreign_keys", what }));
        Ok(findings)
    }

    pub fn prove(&self) -> Result<Proof, StoreError> {
        self.prove_with(true)
    }

    /// Proves the books on this connection only, one part after the other, including what this transaction has not
    /// committed yet.
    pub fn prove_in_turn(&self) -> Result<Proof, StoreError> {
        self.prove_with(false)
    }

    fn prove_with(&self, may_share: bool) -> Result<Proof, StoreError> {
        let mut proof = Proof { findings: self.check_schema()?, ..Proof::default() };
        let books = self.book_lines()?;
        proof.books = books.len() as u64;
        let (journal, ledger) = self.prove_all(&mut proof, &books, may_share)?;
        if journal != ledger {
            proof.find("journal", || "the postings differ from the legs of the entries".to_owned());
        }
        self.prove_movements(&mut proof)?;
        self.prove_owners(&mut proof)?;
        self.prove_approvals(&mut proof)?;
        self.prove_queue(&mut proof)?;
        self.prove_locks(&mut proof)?;
        self.prove_epochs(&mut proof)?;
        self.prove_restores(&mut proof)?;
        self.prove_salts(&mut proof)?;
        self.prove_outcomes(&mut proof)?;
        self.prove_figure_history(&mut proof)?;
        for account in self.misplaced_accounts(FINDINGS_MAX)? {
            proof.find("accounts", || {
                format!("account {account}: its portfolio, group or parent belongs to another ledger or currency")
            });
        }
        for account in self.misplaced_labels(FINDINGS_MAX)? {
            proof.find("labels", || {
                format!("account {account}: its reference or alias is filed under another ledger or portfolio")
            });
        }
        prove_trial_balance(&mut proof, &books);
        Ok(proof)
    }

    /// Proves journal, ledger, events and trades in parallel, each on its own connection. If another connection sees a
    /// different state because of a commit in between, that part runs on this connection instead.
    fn prove_all(
        &self,
        proof: &mut Proof,
        books: &HashMap<i64, BookLine>,
        may_share: bool,
    ) -> Result<(SetSum, SetSum), StoreError> {
        let file = self.connection().path().filter(|_| may_share).map(PathBuf::from);
        let head = self.head()?;
        std::thread::scope(|scope| {
            let files = || file.clone();
            let feed = files().map(|file| scope.spawn(move || beside(&file, head, |tx, part| tx.prove_feed(part))));
            let trades =
                files().map(|file| scope.spawn(move || beside(&file, head, |tx, part| tx.prove_trading(part))));
            let who = files().map(|file| scope.spawn(move || beside(&file, head, |tx, part| tx.prove_who(part))));
            let log = files().map(|file| scope.spawn(move || beside(&file, head, |tx, part| tx.prove_log(part))));
            let beside =
                files().map(|file| scope.spawn(move || beside(&file, head, |tx, part| tx.prove_ledger(part, books))));
            let journal = self.prove_journal(proof, books)?;
            let ledger = match beside.and_then(|beside| beside.join().ok().flatten()) {
                Some((part, sum)) => {
                    proof.postings = part.postings;
                    proof.findings.extend(part.findings);
                    sum
                }
                None => self.prove_ledger(proof, books)?,
            };
            match feed.and_then(|feed| feed.join().ok().flatten()) {
                Some((part, ())) => {
                    proof.events = part.events;
                    proof.findings.extend(part.findings);
                }
                None => self.prove_feed(proof)?,
            }
            match who.and_then(|who| who.join().ok().flatten()) {
                Some((part, ())) => {
                    proof.findings.extend(part.findings);
                    proof.notes.extend(part.notes);
                }
                None => self.prove_who(proof)?,
            }
            match trades.and_then(|trades| trades.join().ok().flatten()) {
                Some((part, ())) => proof.findings.extend(part.findings),
                None => self.prove_trading(proof)?,
            }
            match log.and_then(|log| log.join().ok().flatten()) {
                Some((part, ())) => proof.findings.extend(part.findings),
                None => self.prove_log(proof)?,
            }
            Ok((journal, ledger))
        })
    }

    /// The last entry, the last event, the checkpoint and the last audit row. Every change of what is proven raises one
    /// of them.
    fn head(&self) -> Result<Head, StoreError> {
        let sql = "SELECT (SELECT coalesce(max(seq), 0) FROM entries), (SELECT coalesce(max(seq), 0) FROM events),
                          (SELECT seq FROM event_checkpoint), (SELECT coalesce(max(id), 0) FROM audit_log)";
        self.one(sql, [], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]))
    }

    fn book_lines(&self) -> Result<HashMap<i64, BookLine>, StoreError> {
        let lines = self.all(sql!("proof/books"), [], |row| {
            let line = BookLine {
                ledger: row.get(1)?,
                currency: row.get(2)?,
                is_demo: row.get(3)?,
                role: row.get(4)?,
                balance: row.get(5)?,
                credit_net: row.get(6)?,
                code: row.get(7)?,
                decimals: row.get(8)?,
            };
            Ok((row.get::<_, i64>(0)?, line))
        })?;
        Ok(lines.into_iter().collect())
    }

    /// Entries in order: consecutive numbers, times that never decrease, an unbroken hash chain, and legs that sum to
    /// zero within one ledger, currency and mode.
    fn prove_journal(&self, proof: &mut Proof, books: &HashMap<i64, BookLine>) -> Result<SetSum, StoreError> {
        let mut sum = SetSum::default();
        // Gaps are allowed only where a restore skipped numbers.
        let gaps: HashSet<(i64, i64)> =
            self.restores()?.iter().map(|restore| (restore.last_entry, restore.next_entry)).collect();
        let mut previous: (i64, i64, EntryHash) = (0, i64::MIN, GENESIS);
        let mut chain_is_whole = true;
        let mut statement = self.connection().prepare(sql!("proof/entries"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let seq: i64 = row.get(0)?;
            let kind_name = row.get_ref(2)?.as_str().map_err(|_| unreadable("kind", "?"))?;
            let kind = entry_kind(kind_name)?;
            let recorded_at: i64 = row.get(4)?;
            let legs = row.get_ref(9)?.as_blob().map_err(|_| unreadable("legs", "?"))?;
            let stored: EntryHash = row.get(10)?;
            let tag: Option<String> = row.get(6)?;
            let comment: Option<Vec<u8>> = row.get(8)?;
            let record = EntryRecord {
                seq: EntrySeq(seq),
                id: EntryId::from(row.get::<_, Uuid>(1)?),
                kind,
                effective_at: Moment::from_unix_ms(row.get(3)?),
                recorded_at: Moment::from_unix_ms(recorded_at),
                principal: PrincipalSerial(row.get(5)?),
                tag: tag.as_deref(),
                reverses: row.get::<_, Option<i64>>(7)?.map(EntrySeq),
                comment_hash: comment.as_deref(),
                legs,
            };
            if seq != previous.0 + 1 && !gaps.contains(&(previous.0, seq)) {
                proof.find("sequence", || format!("entry {seq} follows entry {}", previous.0));
            }
            if recorded_at < previous.1 {
                proof.find("time", || format!("entry {seq} was recorded before its predecessor"));
            }
            if record.effective_at > record.recorded_at {
                proof.find("time", || format!("entry {seq} takes effect after it was recorded"));
            }
            if chain_is_whole && record.hash(&previous.2) != stored {
                chain_is_whole = false;
                proof.find("chain", || format!("entry {seq} is the first whose hash does not match its content"));
            }
            check_legs(proof, books, &record, &mut sum);
            previous = (seq, recorded_at, stored);
            proof.entries += 1;
        }
        proof.last_entry = previous.0;
        proof.head = previous.2;
        Ok(sum)
    }

    /// Postings by book: running balances must follow from the amounts and end at the balance of the book. Checks the
    /// history of figures along the way.
    fn prove_ledger(&self, proof: &mut Proof, books: &HashMap<i64, BookLine>) -> Result<SetSum, StoreError> {
        let credit_reversals: HashSet<i64> =
            self.all(sql!("proof/credit_reversals"), [], |row| row.get(0))?.into_iter().collect();
        let mut sum = SetSum::default();
        let mut totals: HashMap<i64, (i64, i64)> = HashMap::with_capacity(books.len());
        let mut current: (i64, i64, i64) = (0, 0, 0);
        let mut histories = HistoryStatements::prepare(self)?;
        let mut history = History::begin(&mut histories)?;
        let mut statement = self.connection().prepare(sql!("proof/postings"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (book, seq): (i64, i64) = (row.get(0)?, row.get(1)?);
            let (amount, balance): (i64, i64) = (row.get(2)?, row.get(3)?);
            let kind = entry_kind(row.get_ref(5)?.as_str().map_err(|_| unreadable("kind", "?"))?)?;
            if book != current.0 {
                totals.insert(current.0, (current.1, current.2));
                current = (book, 0, 0);
            }
            if current.1.checked_add(amount) != Some(balance) {
                proof.find("running_balance", || {
                    format!("book {book}, entry {seq}: {} + {amount} is not {balance}", current.1)
                });
            }
            current.1 = balance;
            let recorded_at: i64 = row.get(4)?;
            if kind == EntryKind::Credit || (kind == EntryKind::Reversal && credit_reversals.contains(&seq)) {
                current.2 = current.2.wrapping_add(amount);
                if books.get(&book).is_some_and(|line| line.role == "client") {
                    history.credit(proof, (book, recorded_at), amount)?;
                }
            }
            let (high, low) = id_parts(row.get(7)?);
            let effective_at = row.get::<_, Option<i64>>(8)?.unwrap_or(recorded_at);
            sum.add([book, seq, amount, balance, recorded_at, effective_at, kind as i64, high, low]);
            if let Some(comment) = row.get::<_, Option<String>>(6)? {
                self.check_comment(proof, seq, &comment)?;
            }
            proof.postings += 1;
        }
        history.finish(proof)?;
        totals.insert(current.0, (current.1, current.2));
        let mut ids: Vec<_> = books.keys().copied().collect();
        ids.sort_unstable();
        for id in ids {
            let line = &books[&id];
            let (balance, credit) = totals.get(&id).copied().unwrap_or_default();
            if balance != line.balance {
                proof.find("balance", || format!("book {id} has {}, its postings come to {balance}", line.balance));
            }
            // Only accounts of clients have trading credit.
            let credit = if line.role == "client" { credit } else { 0 };
            if credit != line.credit_net {
                proof.find("credit", || {
                    format!("book {id} has {}, its CREDIT postings come to {credit}", line.credit_net)
                });
            }
        }
        Ok(sum)
    }

    fn check_comment(&self, proof: &mut Proof, seq: i64, comment: &str) -> Result<(), StoreError> {
        let sql = "SELECT comment_salt, comment_hash FROM entries WHERE seq = ?1";
        let stored = self.find(sql, [seq], |row| Ok((blob(row, 0)?, blob(row, 1)?)))?;
        let Some((Some(salt), Some(hash))) = stored else {
            proof.find("comment", || format!("entry {seq} has no comment, but its posting has one"));
            return Ok(());
        };
        if comment_hash(&salt, comment).as_slice() != hash {
            proof.find("comment", || format!("the comment of entry {seq} was changed"));
        }
        Ok(())
    }

    /// What books reserve must equal what movements reserve, and each movement must have exactly the facts of its
    /// state.
    fn prove_movements(&self, proof: &mut Proof) -> Result<(), StoreError> {
        let wrong = self.all(sql!("proof/reserved"), [], |row| {
            let (book, stored): (i64, [i64; 3]) = (row.get(0)?, [row.get(1)?, row.get(2)?, row.get(3)?]);
            let summed: [i64; 3] = [row.get(4)?, row.get(5)?, row.get(6)?];
            Ok((book, stored, summed))
        })?;
        for (book, stored, summed) in wrong {
            proof.find("reserved", || {
                format!("book {book} has held, uncleared, pending {stored:?}, its movements come to {summed:?}")
            });
        }
        let wrong =
            self.all(sql!("proof/movements"), [], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
        for (kind, serial) in wrong {
            proof.find("movements", || format!("{kind} {serial}: its state contradicts its entry or its amounts"));
        }
        Ok(())
    }

    /// The owners of each account must be numbered without gaps, and the first one must be its primary owner.
    fn prove_owners(&self, proof: &mut Proof) -> Result<(), StoreError> {
        for serial in self.all(sql!("proof/owners"), [], |row| row.get::<_, i64>(0))? {
            proof.find("owners", || format!("account {serial} and its owners disagree"));
        }
        Ok(())
    }

    /// Accounts wait for approval only until it is given, and accounts in use have a client that was reviewed.
    fn prove_approvals(&self, proof: &mut Proof) -> Result<(), StoreError> {
        for serial in self.all(sql!("proof/approvals"), [], |row| row.get::<_, i64>(0))? {
            proof.find("approvals", || {
                format!("account {serial} is in use without approval, or waits although approved")
            });
        }
        Ok(())
    }

    /// What was approved has two operators, and a movement waits as long as its request does.
    fn prove_queue(&self, proof: &mut Proof) -> Result<(), StoreError> {
        for serial in self.all(sql!("proof/queue"), [], |row| row.get::<_, i64>(0))? {
            proof.find("queue", || {
                format!("request {serial} was approved by its requester, or contradicts its movement")
            });
        }
        for serial in self.all(sql!("proof/unasked"), [], |row| row.get::<_, i64>(0))? {
            proof.find("queue", || format!("transfer {serial} waits, but nobody was asked"));
        }
        Ok(())
    }

    /// A locked account must have a holder and a reason, and an unlocked one neither.
    fn prove_locks(&self, proof: &mut Proof) -> Result<(), StoreError> {
        for serial in self.all(sql!("proof/locks"), [], |row| row.get::<_, i64>(0))? {
            proof.find("locks", || format!("the lock of account {serial} contradicts its holder or its reason"));
        }
        Ok(())
    }

    /// Without a salt, a hash of personal data tells it to whoever guesses.
    fn prove_salts(&self, proof: &mut Proof) -> Result<(), StoreError> {
        let unsalted =
            self.all(sql!("proof/salts"), [], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
        for (kind, serial) in unsalted {
            proof.find("salts", || format!("{kind} {serial} has no salt for the hashes of its personal data"));
        }
        Ok(())
    }

    /// The history of an account must end with its current group and limit, and each of its moments be that of a
    /// commit. The other figures are proven row by row beside the ledger.
    fn prove_figure_history(&self, proof: &mut Proof) -> Result<(), StoreError> {
        for book in self.all(sql!("proof/figure_history"), [], |row| row.get::<_, i64>(0))? {
            proof.find("figures", || {
                format!("the history of book {book} does not end with its current group and limit")
            });
        }
        for at in self.all(sql!("proof/figure_moments"), [], |row| row.get(0))? {
            let at = Moment::from_unix_ms(at);
            proof.find("figures", || format!("the history of a book has a row for {at}, when nothing was committed"));
        }
        Ok(())
    }
}

fn blob(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Option<Vec<u8>>> {
    row.get(column)
}

/// Runs a part of the proof on its own connection; none if that connection does not see the state with this head.
fn beside<T>(
    file: &Path,
    head: Head,
    prove: impl FnOnce(&ReadTx<'_>, &mut Proof) -> Result<T, StoreError>,
) -> Option<(Proof, T)> {
    let connection = open_reader(file).ok()?;
    let snapshot = Snapshot::begin(&connection).ok()?;
    let tx = ReadTx::new(snapshot.connection());
    if tx.head().ok()? != head {
        return None;
    }
    let mut part = Proof::default();
    let sum = prove(&tx, &mut part).ok()?;
    Some((part, sum))
}

fn check_legs(proof: &mut Proof, books: &HashMap<i64, BookLine>, record: &EntryRecord<'_>, sum: &mut SetSum) {
    let seq = record.seq.0;
    let Some(legs) = decode_legs(record.legs) else {
        return proof.find("legs", || format!("the legs of entry {seq} cannot be read"));
    };
    // Entries have few legs, so a list is faster than a map.
    let mut sums: Vec<((i64, bool, i64), i128)> = Vec::new();
    for leg in legs {
        let id = books.get(&leg.book.0).filter(|book| book.role == "client").map(|_| record.id.uuid());
        let (high, low) = id_parts(id);
        sum.add([
            leg.book.0,
            seq,
            leg.amount.minor(),
            leg.balance_after.minor(),
            record.recorded_at.unix_ms(),
            record.effective_at.unix_ms(),
            record.kind as i64,
            high,
            low,
        ]);
        let Some(book) = books.get(&leg.book.0) else {
            proof.find("legs", || format!("entry {seq} has a leg on book {}, which does not exist", leg.book));
            continue;
        };
        let key = (book.ledger, book.is_demo, book.currency);
        match sums.iter_mut().find(|(k, _)| *k == key) {
            Some((_, total)) => *total += i128::from(leg.amount.minor()),
            None => sums.push((key, i128::from(leg.amount.minor()))),
        }
    }
    if sums.iter().any(|(_, total)| *total != 0) {
        proof.find("entry_balances", || format!("the legs of entry {seq} do not sum to zero"));
    }
    if sums.iter().any(|((ledger, is_demo, _), _)| (*ledger, *is_demo) != (sums[0].0.0, sums[0].0.1)) {
        proof.find("entry_mixes", || format!("entry {seq} mixes ledgers, or demo and live"));
    }
}

fn prove_trial_balance(proof: &mut Proof, books: &HashMap<i64, BookLine>) {
    let mut tallies: BTreeMap<(bool, String, bool, String), (u8, i128)> = BTreeMap::new();
    for line in books.values() {
        let key = (line.is_demo, line.code.clone(), line.role != "client", line.role.clone());
        tallies.entry(key).or_insert((line.decimals, 0)).1 += i128::from(line.balance);
    }
    let mut totals: BTreeMap<(bool, String), i128> = BTreeMap::new();
    for ((is_demo, code, _, role), (decimals, sum_minor)) in tallies {
        *totals.entry((is_demo, code.clone())).or_default() += sum_minor;
        let Some(decimals) = Decimals::new(decimals) else { continue };
        proof.trial_balance.push(Tally { currency: code, is_demo, role, decimals, sum_minor });
    }
    for ((is_demo, code), total) in totals {
        if total != 0 {
            let mode = if is_demo { "demo" } else { "live" };
            proof.find("trial_balance", || format!("the {mode} books in {code} sum to {total} minor units"));
        }
    }
}

impl Tally {
    /// Decimal text, or minor units if the sum exceeds the range of an amount.
    pub fn to_text(&self) -> String {
        i64::try_from(self.sum_minor).map_or_else(
            |_| format!("{} minor units", self.sum_minor),
            |minor| Amount::from_minor(minor).to_text(self.decimals),
        )
    }
}
