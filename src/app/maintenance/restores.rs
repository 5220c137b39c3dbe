//! After a restore: starts the new timeline and pauses its jobs until an operator has checked it.

use crate::app::command::refusal_of_read;
use crate::app::{App, Command, Context, Failure, access, refusal_of};
use crate::domain::access::{ObjectKind, Right};
use crate::domain::clock::{Clock, Moment, Randomness};
use crate::domain::events::{Event, EventType};
use crate::domain::refusal::Refusal;
use crate::store::{InstallationKey, Issued, NewTimeline, OtherHistory, RestoreRow, Store};

#[derive(Clone, Debug)]
pub struct Restored {
    /// The number of the new timeline.
    pub timeline: i64,
    /// The backup that it starts from.
    pub backup: String,
    /// The requested moment; None means the latest that could be reached.
    pub asked_for: Option<Moment>,
    /// What is known of the numbers that the old timeline issued.
    pub issued: Issued,
    /// The user of the machine who restores it.
    pub machine_user: String,
    /// The histories at the targets that the new timeline leaves behind.
    pub superseded: Vec<OtherHistory>,
}

/// Starts the new timeline of a database that was restored and is not in use yet, with a new key for end-user tokens,
/// sealed with `key`. Blocks.
pub fn begin_timeline(
    store: &Store,
    key: &InstallationKey,
    restored: Restored,
    clock: &dyn Clock,
    randomness: &dyn Randomness,
) -> Result<RestoreRow, Refusal> {
    let machine = clock.now();
    let (signer, key) = (key.clone(), access::new_key(machine, randomness, key)?);
    let ticket = store.submit(move |tx| {
        let installation = tx.installation()?.ok_or_else(crate::store::StoreError::not_installed)?;
        let reached_at = tx.journal_row()?.recorded_at;
        // A sandbox's clock is ahead; time must not go back here either.
        let now = tx.time(|| Ok::<_, Failure>(machine.plus_ms(installation.clock_ahead_ms)))?.recorded;
        let Restored { timeline, backup, asked_for, issued, machine_user, superseded } = restored;
        let new = NewTimeline {
            timeline,
            restored_at: now,
            backup,
            asked_for,
            reached_at,
            issued,
            key,
            machine_user,
            superseded,
        };
        let row = tx.begin_timeline(&new, installation.uuid)?;
        // The key may be another one than that which signed the log so far.
        tx.sign_log(&signer, now)?;
        Ok::<_, Failure>(row)
    });
    ticket.map_err(refusal_of)?.wait().map_err(refusal_of)?
}

/// Resumes jobs after a restore. The outcome is true if they were paused.
pub struct ResumeAfterRestore;

impl Command for ResumeAfterRestore {
    type Outcome = bool;
    const ACTION: &'static str = "restore.resume";
    const RIGHT: Right = Right::Administer;

    fn run(self, context: &Context<'_>) -> Result<bool, Failure> {
        let installation = context.app.installation().uuid;
        context.concerns(ObjectKind::Installation, installation);
        let Some(row) = context.tx.restore_to_resume()? else { return Ok(false) };
        context.tx.resume_after_restore(context.now)?;
        context.publish(&Event::of_restore(EventType::RestoreResumed, installation, row.timeline))?;
        Ok(true)
    }
}

impl App {
    /// The restore after which jobs and outgoing calls are still paused. Blocks briefly.
    pub fn rests_after(&self) -> Result<Option<RestoreRow>, Refusal> {
        self.store().read(|tx| Ok(tx.restore_to_resume()?)).map_err(refusal_of_read)
    }
}
