//! The proof of the outbox: events have no gap, each entry is told by its own, the broker's record knows each of them, and
//! they lead from the checkpoint to the balances of today.

use crate::domain::events::EventType;
use crate::domain::ids::EntrySeq;
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, sql};
use crate::store::events::{EventCheckpoint, Figures, Rebuilt, take_in};
use crate::store::proof::Proof;
use crate::store::proof::settings::Settings;
use rusqlite::{CachedStatement, Rows};
use std::collections::HashMap;
use uuid::Uuid;

/// An event as far as the proof looks at it.
struct Told<'r> {
    seq: i64,
    kind: &'r str,
    object: Uuid,
}

impl ReadTx<'_> {
    /// Proves the outbox.
    pub(in crate::store) fn prove_feed(&self, proof: &mut Proof) -> Result<(), StoreError> {
        let checkpoint = self.event_checkpoint()?;
        let numbers = self.event_numbers()?;
        self.prove_checkpoint(proof, checkpoint.entry)?;
        let mut entries_statement =
            self.connection().prepare("SELECT seq, uuid FROM entries WHERE seq > ?1 ORDER BY seq")?;
        let mut entries = Entries { rows: entries_statement.query([checkpoint.entry.0])?, told: None, next: None };
        entries.advance()?;
        let mut record_statement = self.connection().prepare(sql!("proof/record"))?;
        let mut record = Record {
            rows: record_statement.query([checkpoint.seq.0])?,
            begins: numbers.after(checkpoint.seq.0),
            numbers: &numbers,
            row: 0,
            first: 0,
            object: None,
            end: checkpoint.seq.0,
            is_over: false,
        };
        let mut objects = Objects::new(self)?;
        let mut settings = Settings::begin(self, checkpoint.seq.0 > 0)?;
        let mut rebuilt = self.checkpoint_figures()?;
        let mut previous = None;
        let mut statement = self
            .connection()
            .prepare("SELECT seq, type, object_uuid, payload, recorded_at FROM events ORDER BY seq")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let kind = row.get_ref(1)?.as_str().unwrap_or_default();
            let event = Told { seq: row.get(0)?, kind, object: row.get(2)? };
            prove_number(proof, &checkpoint, &numbers, previous, event.seq);
            previous = Some(event.seq);
            proof.events += 1;
            if event.seq <= checkpoint.seq.0 {
                continue;
            }
            settings.reach(proof, row.get(4)?)?;
            if kind == EventType::AccountUpdated.name() {
                settings.take(event.object, row.get_ref(3)?.as_str().unwrap_or_default());
            }
            if !row.get_ref(3)?.as_str().is_ok_and(|payload| take_in(&mut rebuilt, payload)) {
                proof.find("events", || format!("event {} cannot be read", event.seq));
            }
            record.take(proof, &event)?;
            if kind == EventType::EntryPosted.name() {
                entries.take(proof, &event)?;
            } else if !objects.has(&event)? {
                proof
                    .find("orphans", || format!("event {} ({kind}) tells of something that does not exist", event.seq));
            }
        }
        if previous.is_none() && checkpoint.seq.0 > 0 {
            proof.find("events", || format!("there are no events after the checkpoint at {}", checkpoint.seq));
        }
        record.finish(proof, previous.unwrap_or(0))?;
        entries.finish(proof)?;
        settings.finish(proof, self)?;
        self.prove_rebuilt(proof, &rebuilt)
    }

    fn event_numbers(&self) -> Result<Numbers, StoreError> {
        let rows = self.all("SELECT last_event, next_event FROM restores", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Numbers(rows.into_iter().collect()))
    }

    /// The balances of the checkpoint are those that the ledger has at its entry.
    fn prove_checkpoint(&self, proof: &mut Proof, entry: EntrySeq) -> Result<(), StoreError> {
        for book in self.all(sql!("proof/checkpoint"), [entry.0], |row| row.get::<_, i64>(0))? {
            proof.find("event_checkpoint", || {
                format!("the checkpoint says another balance of book {book} than its postings up to entry {entry}")
            });
        }
        Ok(())
    }

    fn prove_rebuilt(&self, proof: &mut Proof, rebuilt: &Rebuilt) -> Result<(), StoreError> {
        let mut statement = self.connection().prepare(sql!("proof/figures"))?;
        let mut rows = statement.query([])?;
        let mut found = 0;
        while let Some(row) = rows.next()? {
            let book: i64 = row.get(0)?;
            let stored = Figures {
                balance: row.get(1)?,
                held: row.get(2)?,
                uncleared: row.get(3)?,
                pending: row.get(4)?,
                credit: row.get(5)?,
            };
            found += usize::from(rebuilt.contains_key(&book));
            let told = rebuilt.get(&book).copied().unwrap_or_default();
            if told != stored {
                proof.find("event_balances", || format!("book {book} says {stored:?}, events say {told:?}"));
            }
        }
        if found != rebuilt.len() {
            proof.find("orphans", || format!("events tell of {} books that do not exist", rebuilt.len() - found));
        }
        Ok(())
    }

    /// Each outcome that is kept for retries can be given again: it can be read, its hashes have the right length, and the
    /// client and the entry that it names exist.
    pub(in crate::store) fn prove_outcomes(&self, proof: &mut Proof) -> Result<(), StoreError> {
        for (table, sql) in [
            ("idempotency_0", sql!("proof/outcomes_0")),
            ("idempotency_1", sql!("proof/outcomes_1")),
            ("idempotency_2", sql!("proof/outcomes_2")),
        ] {
            let mut statement = self.connection().prepare(sql)?;
            for key in statement.query_map([], |row| row.get::<_, String>(0))? {
                let key = key?;
                proof.find("outcomes", || format!("the outcome {key} in {table} cannot be given again"));
            }
        }
        Ok(())
    }
}

/// How events are numbered: without a gap, but where a restore has left out what may have been issued before.
struct Numbers(HashMap<i64, i64>);

impl Numbers {
    fn after(&self, seq: i64) -> i64 {
        self.0.get(&seq).copied().unwrap_or(seq + 1)
    }
}

/// Numbers follow each other; where events were pruned, they go on where the checkpoint ends.
fn prove_number(proof: &mut Proof, checkpoint: &EventCheckpoint, numbers: &Numbers, previous: Option<i64>, seq: i64) {
    match previous {
        Some(previous) if seq == numbers.after(previous) => {}
        Some(previous) => proof.find("events", || format!("event {seq} follows event {previous}")),
        None if seq <= numbers.after(checkpoint.seq.0) => {}
        None => {
            proof.find("events", || format!("events begin with {seq}, the checkpoint ends with {}", checkpoint.seq))
        }
    }
}

/// The journal beside the events that tell of it, in the same order. One entry may be told several times in a row, once to
/// each of its clients.
struct Entries<'s> {
    rows: Rows<'s>,
    told: Option<Uuid>,
    next: Option<(i64, Uuid)>,
}

impl Entries<'_> {
    fn advance(&mut self) -> Result<(), StoreError> {
        self.next = self.rows.next()?.map(|row| Ok::<_, rusqlite::Error>((row.get(0)?, row.get(1)?))).transpose()?;
        Ok(())
    }

    fn take(&mut self, proof: &mut Proof, event: &Told<'_>) -> Result<(), StoreError> {
        if self.told == Some(event.object) {
            return Ok(());
        }
        match self.next {
            Some((_, id)) if id == event.object => {
                self.told = Some(id);
                self.advance()
            }
            Some((seq, _)) => {
                proof.find("events", || format!("event {} does not tell of entry {seq}, which is the next", event.seq));
                // Go on behind it, so that one that is missing is one finding.
                self.advance()?;
                if self.next.is_some_and(|(_, id)| id == event.object) { self.take(proof, event) } else { Ok(()) }
            }
            None => {
                proof.find("orphans", || format!("event {} tells of an entry that does not exist", event.seq));
                Ok(())
            }
        }
    }

    fn finish(&mut self, proof: &mut Proof) -> Result<(), StoreError> {
        while let Some((seq, _)) = self.next {
            proof.find("events", || format!("entry {seq} has no event"));
            self.advance()?;
        }
        Ok(())
    }
}

/// The broker's record beside the events: each row says from which to which event it goes, and together they are all.
struct Record<'s> {
    rows: Rows<'s>,
    /// The first event that is looked at; what a row says of earlier ones is past.
    begins: i64,
    numbers: &'s Numbers,
    row: i64,
    first: i64,
    object: Option<Uuid>,
    end: i64,
    is_over: bool,
}

impl Record<'_> {
    fn advance(&mut self, proof: &mut Proof) -> Result<(), StoreError> {
        let Some(row) = self.rows.next()? else {
            self.is_over = true;
            return Ok(());
        };
        let expected = self.numbers.after(self.end);
        (self.row, self.first, self.end, self.object) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        let (row, first) = (self.row, self.first.max(self.begins));
        if first != expected {
            proof.find("record", || format!("row {row} of the audit log begins with event {first}, not {expected}"));
        }
        Ok(())
    }

    fn take(&mut self, proof: &mut Proof, event: &Told<'_>) -> Result<(), StoreError> {
        while event.seq > self.end && !self.is_over {
            self.advance(proof)?;
        }
        let row = self.row;
        if event.seq > self.end {
            proof.find("record", || format!("the audit log knows nothing of event {}", event.seq));
        } else if event.seq == self.first && self.object != Some(event.object) {
            proof.find("record", || format!("row {row} of the audit log and event {} differ", event.seq));
        }
        Ok(())
    }

    fn finish(&mut self, proof: &mut Proof, last: i64) -> Result<(), StoreError> {
        while !self.is_over {
            let (row, end) = (self.row, self.end);
            if end > last && row > 0 {
                proof.find("record", || {
                    format!("row {row} of the audit log goes up to event {end}, which does not exist")
                });
            }
            self.advance(proof)?;
        }
        Ok(())
    }
}

/// Looks up whether what an event tells of exists.
struct Objects<'s> {
    profiles: CachedStatement<'s>,
    accounts: CachedStatement<'s>,
    movements: CachedStatement<'s>,
}

impl<'s> Objects<'s> {
    fn new(tx: &'s ReadTx<'_>) -> Result<Objects<'s>, StoreError> {
        let connection = tx.connection();
        Ok(Objects {
            profiles: connection.prepare_cached("SELECT 1 FROM profiles WHERE uuid = ?1")?,
            accounts: connection.prepare_cached("SELECT 1 FROM accounts WHERE uuid = ?1")?,
            movements: connection.prepare_cached("SELECT 1 FROM movements WHERE uuid = ?1")?,
        })
    }

    fn has(&mut self, event: &Told<'_>) -> Result<bool, StoreError> {
        let statement = match event.kind.split('.').next() {
            Some("profile") => &mut self.profiles,
            Some("account") => &mut self.accounts,
            Some("movement") => &mut self.movements,
            _ => return Ok(!EventType::matching(event.kind).is_empty()),
        };
        Ok(statement.exists([event.object])?)
    }
}
