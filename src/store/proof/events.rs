//! Proves the outbox: events have no gap, the events of each entry show all of its legs, the audit log covers every
//! event, and events lead from the checkpoint to the current balances.

use crate::domain::events::{BookBalances, EventType, LEGACY_VERSION};
use crate::domain::ids::EntrySeq;
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, sql};
use crate::store::events::{EventCheckpoint, Rebuilt, StoredEvent, book_balances, stored_event};
use crate::store::proof::Proof;
use crate::store::proof::settings::Settings;
use rusqlite::Rows;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

impl ReadTx<'_> {
    pub(in crate::store) fn prove_feed(&self, proof: &mut Proof) -> Result<(), StoreError> {
        let checkpoint = self.event_checkpoint()?;
        let (numbers, entry_numbers) = self.numbers()?;
        self.prove_checkpoint(proof, checkpoint.entry)?;
        let mut entries = Entries { numbers: &entry_numbers, last: checkpoint.entry.0, missing: HashSet::new() };
        let mut record_statement = self.connection().prepare(sql!("proof/record"))?;
        let mut record = Record {
            rows: record_statement.query([checkpoint.seq.0])?,
            begins: numbers.after(checkpoint.seq.0),
            numbers: &numbers,
            row: 0,
            first: 0,
            object: None,
            by: (0, 0),
            end: checkpoint.seq.0,
            is_over: false,
        };
        let objects = self.objects()?;
        let mut settings = Settings::begin(self, checkpoint.seq.0 > 0)?;
        let mut rebuilt = self.checkpoint_balances()?;
        let (mut previous, mut version) = (None, LEGACY_VERSION);
        let mut statement = self.connection().prepare(concat!(sql!("events/stored"), "ORDER BY e.seq"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let event = stored_event(row)?;
            prove_number(proof, &checkpoint, &numbers, previous, event.seq);
            previous = Some(event.seq);
            proof.events += 1;
            if event.seq <= checkpoint.seq.0 {
                continue;
            }
            settings.reach(proof, event.recorded_at.unix_ms())?;
            if event.kind == Some(EventType::AccountUpdated) {
                settings.take(&event);
            }
            if event.version < version {
                proof.find("events", || format!("event {} has an older format than an event before it", event.seq));
            }
            version = version.max(event.version);
            let shown = take_in(proof, &mut rebuilt, &event);
            let object = objects.of(&event);
            record.take(proof, &event, object)?;
            match (event.entry(), object) {
                (_, None) => proof.find("orphans", || {
                    let kind = event.kind.map_or("unknown", EventType::name);
                    format!("event {} ({kind}) is about something that does not exist", event.seq)
                }),
                (Some(entry), Some(_)) => entries.take(proof, &event, entry, &shown),
                (None, Some(_)) => entries.close(proof),
            }
        }
        if previous.is_none() && checkpoint.seq.0 > 0 {
            proof.find("events", || format!("there are no events after the checkpoint at {}", checkpoint.seq));
        }
        record.finish(proof, previous.unwrap_or(0))?;
        entries.finish(proof, self.chain_head()?.0.0);
        settings.finish(proof, self)?;
        self.prove_rebuilt(proof, &rebuilt)
    }

    /// The gaps allowed in the numbers of events and of entries.
    fn numbers(&self) -> Result<(Numbers, Numbers), StoreError> {
        let restores = self.restores()?;
        let events = restores.iter().map(|restore| (restore.last_event, restore.next_event)).collect();
        let entries = restores.iter().map(|restore| (restore.last_entry, restore.next_entry)).collect();
        Ok((Numbers(events), Numbers(entries)))
    }

    fn objects(&self) -> Result<Objects, StoreError> {
        let timelines = self.restores()?.iter().map(|restore| restore.timeline).collect();
        Ok(Objects { installation: self.installation()?.map(|installation| installation.uuid), timelines })
    }

    /// The balances of the checkpoint must be those of the ledger at its entry.
    fn prove_checkpoint(&self, proof: &mut Proof, entry: EntrySeq) -> Result<(), StoreError> {
        for book in self.all(sql!("proof/checkpoint"), [entry.0], |row| row.get::<_, i64>(0))? {
            proof.find("event_checkpoint", || {
                format!("the checkpoint has another balance of book {book} than its postings up to entry {entry}")
            });
        }
        Ok(())
    }

    fn prove_rebuilt(&self, proof: &mut Proof, rebuilt: &Rebuilt) -> Result<(), StoreError> {
        let mut statement = self.connection().prepare(sql!("proof/figures"))?;
        let mut rows = statement.query([])?;
        let mut found = 0;
        while let Some(row) = rows.next()? {
            let book = crate::domain::ids::BookId(row.get("id")?);
            let stored: BookBalances = book_balances(row)?;
            found += usize::from(rebuilt.contains_key(&book));
            let of_events = rebuilt.get(&book).copied().unwrap_or_default();
            if of_events != stored {
                proof.find("event_balances", || format!("book {book} has {stored:?}, its events have {of_events:?}"));
            }
        }
        if found != rebuilt.len() {
            proof.find("orphans", || format!("events are about {} books that do not exist", rebuilt.len() - found));
        }
        Ok(())
    }

    /// Every outcome kept for retries must be replayable: readable, with hashes of the right length, and with an
    /// existing client and entry.
    pub(in crate::store) fn prove_outcomes(&self, proof: &mut Proof) -> Result<(), StoreError> {
        for (table, sql) in [
            ("idempotency_0", sql!("proof/outcomes_0")),
            ("idempotency_1", sql!("proof/outcomes_1")),
            ("idempotency_2", sql!("proof/outcomes_2")),
        ] {
            let mut statement = self.connection().prepare(sql)?;
            for key in statement.query_map([], |row| row.get::<_, String>(0))? {
                let key = key?;
                proof.find("outcomes", || format!("the outcome {key} in {table} cannot be replayed"));
            }
        }
        Ok(())
    }
}

/// Takes over the balances in an event. Returns the legs that it shows, if it reports an entry.
fn take_in(proof: &mut Proof, rebuilt: &mut Rebuilt, event: &StoredEvent) -> Vec<usize> {
    let Some(balances) = event.balances() else {
        proof.find("events", || format!("event {} cannot be read", event.seq));
        return Vec::new();
    };
    let legs = balances.iter().filter_map(|(leg, ..)| *leg).collect();
    rebuilt.extend(balances.into_iter().map(|(_, book, balances)| (book, balances)));
    legs
}

/// The numbers of rows: consecutive, except where a restore skipped numbers. Maps the last number before a gap to the
/// first one after it.
struct Numbers(HashMap<i64, i64>);

impl Numbers {
    fn after(&self, seq: i64) -> i64 {
        self.0.get(&seq).copied().unwrap_or(seq + 1)
    }
}

/// Numbers must be consecutive and, if events were pruned, continue from the checkpoint.
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

/// Compares entries with their events, in the same order. An entry may have several consecutive events, one for each of
/// its clients; together they must show every leg exactly once.
struct Entries<'n> {
    numbers: &'n Numbers,
    last: i64,
    /// Legs of the current entry that no event has shown yet.
    missing: HashSet<usize>,
}

impl Entries<'_> {
    fn take(&mut self, proof: &mut Proof, event: &StoredEvent, entry: i64, shown: &[usize]) {
        if entry != self.last {
            self.close(proof);
            let expected = self.numbers.after(self.last);
            if entry != expected {
                proof.find("events", || format!("event {} is about entry {entry}, not {expected}", event.seq));
            }
            self.last = entry;
            let legs = if event.version == LEGACY_VERSION { 0 } else { event.legs().map_or(0, |legs| legs.len()) };
            self.missing = (0..legs).collect();
        }
        if !shown.iter().all(|leg| self.missing.remove(leg)) {
            proof.find("events", || format!("event {} shows a leg of entry {entry} again", event.seq));
        }
    }

    /// Checks the last entry once all of its events have been read.
    fn close(&mut self, proof: &mut Proof) {
        if !self.missing.is_empty() {
            let (entry, missing) = (self.last, self.missing.len());
            proof.find("events", || format!("the events of entry {entry} leave out {missing} of its legs"));
            self.missing.clear();
        }
    }

    /// Checks after the last event that it reports the last entry.
    fn finish(&mut self, proof: &mut Proof, last: i64) {
        self.close(proof);
        if self.last != last {
            let of_events = self.last;
            proof.find("events", || format!("the last entry with an event is {of_events}, the last one is {last}"));
        }
    }
}

/// Compares the audit log with the events: each row covers a range of events, and together the rows cover all of them.
struct Record<'s> {
    rows: Rows<'s>,
    /// The first event checked; ranges of rows before it are ignored.
    begins: i64,
    numbers: &'s Numbers,
    row: i64,
    first: i64,
    object: Option<Uuid>,
    /// The principal and the moment.
    by: (i64, i64),
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
        self.by = (row.get(4)?, row.get(5)?);
        let (row, first) = (self.row, self.first.max(self.begins));
        if first != expected {
            proof.find("record", || format!("row {row} of the audit log begins with event {first}, not {expected}"));
        }
        Ok(())
    }

    fn take(&mut self, proof: &mut Proof, event: &StoredEvent, object: Option<Uuid>) -> Result<(), StoreError> {
        let seq = event.seq;
        while seq > self.end && !self.is_over {
            self.advance(proof)?;
        }
        let row = self.row;
        if seq > self.end {
            proof.find("record", || format!("event {seq} is not in the audit log"));
        } else if seq == self.first && self.object != object {
            proof.find("record", || format!("row {row} of the audit log and event {seq} differ"));
        }
        if seq <= self.end && self.by != (event.principal, event.recorded_at.unix_ms()) {
            proof.find("actors", || {
                format!("row {row} of the audit log names another actor or time than its event {seq}")
            });
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

/// What events can be about, besides profiles, accounts, movements and entries.
struct Objects {
    installation: Option<Uuid>,
    timelines: HashSet<i64>,
}

impl Objects {
    /// The public id of what an event is about; none if that does not exist.
    fn of(&self, event: &StoredEvent) -> Option<Uuid> {
        match event.kind? {
            EventType::ReferenceChanged => self.installation.filter(|_| event.subject.is_none()),
            EventType::RestoreApplied | EventType::RestoreResumed => {
                // Legacy events do not say which restore they are about.
                let is_known = match event.subject {
                    Some(timeline) => self.timelines.contains(&timeline),
                    None => event.version == LEGACY_VERSION,
                };
                self.installation.filter(|_| is_known)
            }
            _ => event.object,
        }
    }
}
