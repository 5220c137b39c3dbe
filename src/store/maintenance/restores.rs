//! Restores: a restored database begins a new timeline. Numbers that the old timeline may have issued after the
//! restored moment are not issued again, all tokens and sessions are revoked, and jobs are paused until an operator
//! resumes them.

use crate::domain::access::ObjectKind;
use crate::domain::clock::Moment;
use crate::domain::events::{Event, EventType};
use crate::domain::ids::{EventSeq, PrincipalSerial};
use crate::store::access::{AuditRow, KeyRow};
use crate::store::database::transaction::{ReadTx, WriteTx, sql};
use crate::store::{OtherHistory, StoreError};
use rusqlite::{Row, params};
use uuid::Uuid;

/// Entry and event numbers skipped after the highest one known to have been issued.
const SEQUENCE_MARGIN: i64 = 1_000_000;
/// The same for serials and account numbers, which people read and type.
const SERIAL_MARGIN: i64 = 10_000;
/// The same within each portfolio.
const PORTFOLIO_MARGIN: i64 = 1_000;

/// The highest numbers that a database has issued.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Issued {
    pub entries: i64,
    pub events: i64,
    pub profiles: i64,
    pub portfolios: i64,
    pub movements: i64,
    /// Counts external accounts as well.
    pub accounts: i64,
}

impl Issued {
    /// The maximum of each number.
    #[must_use]
    pub fn max(self, other: Issued) -> Issued {
        Issued {
            entries: self.entries.max(other.entries),
            events: self.events.max(other.events),
            profiles: self.profiles.max(other.profiles),
            portfolios: self.portfolios.max(other.portfolios),
            movements: self.movements.max(other.movements),
            accounts: self.accounts.max(other.accounts),
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RestoreRow {
    /// The timeline that it began.
    pub timeline: i64,
    pub restored_at: Moment,
    /// The name of the backup that it started from.
    pub backup: String,
    /// The requested moment; none for the latest possible.
    pub asked_for: Option<Moment>,
    /// The time of the last restored commit.
    pub reached_at: Moment,
    /// The last restored entry.
    pub last_entry: i64,
    /// The last restored event.
    pub last_event: i64,
    /// The first entry of the new timeline.
    pub next_entry: i64,
    /// The first event of the new timeline.
    pub next_event: i64,
    /// When jobs were resumed; none while they are paused.
    pub resumed_at: Option<Moment>,
}

fn restore(row: &Row<'_>) -> rusqlite::Result<RestoreRow> {
    let moment = |name: &str| row.get(name).map(Moment::from_unix_ms);
    let moment_if_any =
        |name: &str| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(name)?.map(Moment::from_unix_ms));
    Ok(RestoreRow {
        timeline: row.get("timeline")?,
        restored_at: moment("restored_at")?,
        backup: row.get("backup")?,
        asked_for: moment_if_any("asked_for")?,
        reached_at: moment("reached_at")?,
        last_entry: row.get("last_entry")?,
        last_event: row.get("last_event")?,
        next_entry: row.get("next_entry")?,
        next_event: row.get("next_event")?,
        resumed_at: moment_if_any("resumed_at")?,
    })
}

/// A timeline to begin.
#[derive(Clone, Debug)]
pub struct NewTimeline {
    pub timeline: i64,
    pub restored_at: Moment,
    /// The name of the backup that it started from.
    pub backup: String,
    /// The requested moment; none for the latest possible.
    pub asked_for: Option<Moment>,
    /// The time of the last restored commit.
    pub reached_at: Moment,
    /// The numbers known to have been issued by the old timeline.
    pub issued: Issued,
    /// The key that signs end-user tokens from now on; earlier keys are withdrawn.
    pub key: KeyRow,
    /// The user of the machine who restores it.
    pub machine_user: String,
    /// What is left behind.
    pub superseded: Vec<OtherHistory>,
}

/// How many rows a database has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Census {
    pub profiles: u64,
    /// Counts archived accounts as well.
    pub accounts: u64,
    pub movements: u64,
    pub entries: u64,
    pub postings: u64,
    pub events: u64,
}

impl ReadTx<'_> {
    pub fn census(&self) -> Result<Census, StoreError> {
        self.one(sql!("restores/census"), [], |row| {
            Ok(Census {
                profiles: row.get("profiles")?,
                accounts: row.get("accounts")?,
                movements: row.get("movements")?,
                entries: row.get("entries")?,
                postings: row.get("postings")?,
                events: row.get("events")?,
            })
        })
    }

    /// The highest numbers issued or skipped so far.
    pub fn issued(&self) -> Result<Issued, StoreError> {
        self.one(sql!("restores/issued"), [], |row| {
            Ok(Issued {
                entries: row.get("entries")?,
                events: row.get("events")?,
                profiles: row.get("profiles")?,
                portfolios: row.get("portfolios")?,
                movements: row.get("movements")?,
                accounts: row.get("accounts")?,
            })
        })
    }

    /// All restores, oldest first.
    pub fn restores(&self) -> Result<Vec<RestoreRow>, StoreError> {
        self.all("SELECT * FROM restores ORDER BY timeline", [], restore)
    }

    /// The latest restore after which jobs are still paused.
    pub fn restore_to_resume(&self) -> Result<Option<RestoreRow>, StoreError> {
        self.find("SELECT * FROM restores WHERE resumed_at IS NULL ORDER BY timeline DESC LIMIT 1", [], restore)
    }

    /// The number after which rows of a table are numbered; zero without a restore.
    pub(in crate::store) fn number_floor(&self, table: &str) -> Result<i64, StoreError> {
        let floor = self.find("SELECT floor FROM number_floors WHERE table_name = ?1", [table], |row| row.get(0))?;
        Ok(floor.unwrap_or(0))
    }
}

impl WriteTx<'_> {
    /// Begins a timeline with the event of its restore.
    pub fn begin_timeline(&self, new: &NewTimeline, installation: Uuid) -> Result<RestoreRow, StoreError> {
        let now = new.restored_at.unix_ms();
        let highest = self.issued()?.max(new.issued);
        let (last_entry, last_event) = self.one(sql!("restores/last"), [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let floors = [
            ("entries", highest.entries + SEQUENCE_MARGIN),
            ("profiles", highest.profiles + SERIAL_MARGIN),
            ("portfolios", highest.portfolios + SERIAL_MARGIN),
            ("movements", highest.movements + SERIAL_MARGIN),
        ];
        // Replacing rows would hide from the log that they were deleted.
        self.run("DELETE FROM number_floors", [])?;
        for (table, floor) in floors {
            self.run("INSERT INTO number_floors (table_name, floor) VALUES (?1, ?2)", (table, floor))?;
        }
        let sql = "INSERT INTO counters (name, last) VALUES ('account', ?1) ON CONFLICT (name) DO UPDATE SET last = ?1";
        self.run(sql, [highest.accounts + SERIAL_MARGIN])?;
        self.run("UPDATE portfolios SET last_account_serial = last_account_serial + ?1", [PORTFOLIO_MARGIN])?;
        self.run("UPDATE tokens SET revoked_at = ?1 WHERE revoked_at IS NULL", [now])?;
        self.run("UPDATE sessions SET revoked_at = ?1 WHERE revoked_at IS NULL", [now])?;
        self.withdraw_signing_keys(new.key.signs_from)?;
        self.add_signing_key(&new.key)?;
        self.run("UPDATE installation SET timeline = ?1", [new.timeline])?;
        self.begin_stream()?;
        self.note_other_histories(&new.superseded)?;
        let row = RestoreRow {
            timeline: new.timeline,
            restored_at: new.restored_at,
            backup: new.backup.clone(),
            asked_for: new.asked_for,
            reached_at: new.reached_at,
            last_entry,
            last_event,
            next_entry: floors[0].1 + 1,
            next_event: highest.events + SEQUENCE_MARGIN + 1,
            resumed_at: None,
        };
        self.run(
            sql!("restores/insert"),
            params![
                row.timeline,
                now,
                &row.backup,
                row.asked_for.map(Moment::unix_ms),
                row.reached_at.unix_ms(),
                row.last_entry,
                row.last_event,
                row.next_entry,
                row.next_event,
            ],
        )?;
        let event = Event::of_restore(EventType::RestoreApplied, installation, row.timeline);
        let log = "UPDATE restores SET (log_id, log_size) = (SELECT log_id, log_size FROM change_journal)
                   WHERE timeline = ?1";
        self.run(log, [row.timeline])?;
        self.rename_log()?;
        self.append_event_at(row.next_event, &event, PrincipalSerial(1), new.restored_at)?;
        self.append_audit(&AuditRow {
            at: new.restored_at,
            principal: PrincipalSerial(1),
            token: None,
            action: "restore.apply",
            machine_user: Some(&new.machine_user),
            object: Some((ObjectKind::Installation, event.object)),
            profile: None,
            request: None,
            address: None,
            events: Some((EventSeq(row.next_event), EventSeq(row.next_event))),
            detail: None,
        })?;
        Ok(row)
    }

    /// Resumes jobs. False if they were not paused.
    pub fn resume_after_restore(&self, now: Moment) -> Result<bool, StoreError> {
        Ok(self.run("UPDATE restores SET resumed_at = ?1 WHERE resumed_at IS NULL", [now.unix_ms()])? > 0)
    }
}
