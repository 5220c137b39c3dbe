//! Backups and drills that nobody asked for, on a thread of their own.

use super::Rounds;
use crate::backup::{Keeper, Plan, Stop};
use std::io;
use std::time::Duration;

/// The thread. A backup that is under way when it goes is called off, and nothing of it is left.
pub struct Backups {
    stop: Stop,
    rounds: Option<Rounds>,
}

/// Makes backups as planned, by the clock of the machine.
pub fn backups(keeper: Keeper, plan: Plan) -> io::Result<Backups> {
    let (stop, started) = (keeper.stop(), keeper.now());
    if plan.drill_s.is_some() && !keeper.can_drill() {
        tracing::warn!(
            "backups are encrypted and the private key is not here, so that no drill can be made on this machine: run \
             `bursar backup drill --identity FILE` where it is"
        );
    }
    let rounds = Rounds::start("backups", Duration::from_secs(1), move || {
        keeper.do_what_is_due(&plan, started);
        false
    })?;
    Ok(Backups { stop, rounds: Some(rounds) })
}

impl Drop for Backups {
    fn drop(&mut self) {
        self.stop.call();
        self.rounds = None;
    }
}
