//! Failed log-ins leave rows in the audit log, bounded so that a flood of them does not fill the disk: repetitions
//! within a minute are counted in one row, and beyond a rate that no honest users reach, attempts are only counted.

use crate::app::access::LoginOrigin;
use crate::app::{App, Caller, Command, Context, Failure};
use crate::domain::access::{ObjectKind, Principal, Right};
use crate::domain::clock::Moment;
use crate::domain::ids::{PrincipalId, ProfileId, ProfileSerial};
use crate::domain::refusal::Refusal;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// The names and addresses that may get rows of their own at once.
const AT_ONCE: i64 = 100;
/// One more of them after each interval: with a row for the first attempt and one for repetitions each, and one for the
/// rest, a flood leaves at most 7,200 rows a day.
const BACK_AFTER_MS: i64 = 30_000;
/// How long repetitions are counted.
const WINDOW_MS: i64 = 60_000;

/// An attempt to log in, with what is known of it when it fails.
pub(in crate::app) struct Attempt<'a> {
    /// As it was typed, folded for case-insensitive comparison.
    pub name: &'a str,
    /// None if nobody has this name.
    pub whose: Option<Whose>,
    pub by: AttemptBy<'a>,
}

/// Whose password was tried.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::app) enum Whose {
    Operator(PrincipalId),
    Client(ProfileSerial, ProfileId),
}

/// Who tried.
#[derive(Clone, Copy)]
pub(in crate::app) enum AttemptBy<'a> {
    /// Nobody is known yet.
    Origin(LoginOrigin),
    /// A caller checked a password: its own, or that of an end user.
    Caller(&'a Caller),
}

/// A row to be written.
#[derive(Clone)]
struct Row {
    whose: Option<Whose>,
    /// Keyed hash of a name that nobody has: somebody may have typed a password there. None if it is known whose it is.
    name_hash: Option<[u8; 16]>,
    times: u32,
    caller: Caller,
}

/// Counts failed attempts; in memory and bounded.
#[derive(Default)]
pub(in crate::app) struct FailedLogins(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    /// The repetitions since the row of the first attempt, and when that was.
    repeated: HashMap<([u8; 16], Option<IpAddr>), (i64, Row)>,
    /// When all rows may be written at once again, in Unix milliseconds.
    free_at_ms: i64,
    /// Attempts without a row of their own.
    rest: Option<Row>,
}

impl FailedLogins {
    /// Counts an attempt. Returns the row to write for it at once, if any.
    fn count(&self, name: [u8; 16], row: Row, now_ms: i64) -> Option<Row> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (name, row.caller.address);
        if let Some((_, repeated)) = counts.repeated.get_mut(&key) {
            repeated.times += 1;
            return None;
        }
        let used_ms = (counts.free_at_ms - now_ms).clamp(0, AT_ONCE * BACK_AFTER_MS);
        if used_ms > (AT_ONCE - 1) * BACK_AFTER_MS {
            let rest = counts.rest.get_or_insert(Row {
                whose: None,
                name_hash: None,
                times: 0,
                caller: Caller { address: None, ..row.caller },
            });
            rest.times += 1;
            return None;
        }
        counts.free_at_ms = now_ms + used_ms + BACK_AFTER_MS;
        counts.repeated.insert(key, (now_ms, Row { times: 0, ..row.clone() }));
        Some(row)
    }

    /// Takes the repetitions that were counted for long enough, or all of them.
    fn take(&self, now_ms: i64, all: bool) -> Vec<Row> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |since_ms: i64| all || !(since_ms..since_ms + WINDOW_MS).contains(&now_ms);
        let over = counts.repeated.extract_if(|_, (since_ms, _)| is_over(*since_ms));
        let mut rows: Vec<Row> = over.map(|(_, (_, row))| row).filter(|row| row.times > 0).collect();
        rows.extend(counts.rest.take());
        rows
    }
}

/// Leaves nothing but its audit row.
struct NoteFailedLogin(Row);

impl Command for NoteFailedLogin {
    type Outcome = ();
    const ACTION: &'static str = "login.failed";
    const RIGHT: Right = Right::ReadReference;

    /// It is not what the caller asked for.
    fn admit(&self, _principal: &Principal) -> Result<(), Refusal> {
        Ok(())
    }

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        match self.0.whose {
            Some(Whose::Operator(id)) => context.concerns(ObjectKind::Operator, id.uuid()),
            Some(Whose::Client(serial, id)) => context.concerns_of(ObjectKind::Client, id.uuid(), Some(serial)),
            None => {}
        }
        context.explain("times", self.0.times);
        if let Some(hash) = self.0.name_hash {
            context.explain("name_hash", format!("{:032x}", u128::from_be_bytes(hash)));
        }
        Ok(())
    }
}

impl App {
    /// Records that a password was wrong, or was not even checked because of too many attempts. A failure to do so is
    /// only logged: the caller is refused in any case.
    pub(in crate::app) async fn note_failed_login(self: &Arc<App>, attempt: &Attempt<'_>) {
        let hash = self.keyed_hash(b"name", attempt.name.as_bytes());
        let caller = match attempt.by {
            AttemptBy::Caller(caller) => caller.clone(),
            AttemptBy::Origin(origin) => {
                Caller { address: Some(origin.address), request: origin.request, ..self.system_caller() }
            }
        };
        let name_hash = Some(hash).filter(|_| attempt.whose.is_none());
        let row = Row { whose: attempt.whose, name_hash, times: 1, caller };
        let Some(row) = self.failed_logins.count(hash, row, self.machine_now().unix_ms()) else { return };
        let caller = row.caller.clone();
        if let Err(refusal) = self.execute(&caller, None, NoteFailedLogin(row)).await {
            tracing::warn!(%refusal, "a failed login could not be recorded in the audit log");
        }
    }

    /// Records how often failed log-ins were repeated. Blocks.
    pub(in crate::app) fn note_repeated_logins(self: &Arc<App>, now: Moment, all: bool) {
        for row in self.failed_logins.take(now.unix_ms(), all) {
            let caller = row.caller.clone();
            if let Err(refusal) = self.execute_blocking(&caller, NoteFailedLogin(row)) {
                tracing::warn!(%refusal, "failed logins could not be recorded in the audit log");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::access::{PrincipalKind, Visibility};
    use crate::domain::ids::{PrincipalSerial, RequestId};
    use uuid::Uuid;

    fn row(last: u8) -> Row {
        let principal = Principal {
            serial: PrincipalSerial(1),
            id: PrincipalId::from(Uuid::nil()),
            kind: PrincipalKind::System,
            name: "system".into(),
            rights: [].into(),
            visibility: Visibility::Everything,
            networks: Vec::new(),
            token: None,
            expires_at: None,
            client: None,
        };
        let address = Some(IpAddr::from([10, 0, 0, last]));
        let request = RequestId::from(Uuid::nil());
        let caller = Caller { principal: Arc::new(principal), address, machine_user: None, request, nonce: None };
        Row { whose: None, name_hash: Some([last; 16]), times: 1, caller }
    }

    #[test]
    fn repetitions_are_counted_in_one_row() {
        let failed = FailedLogins::default();
        assert_eq!(failed.count([1; 16], row(1), 0).map(|row| row.times), Some(1));
        assert!((1..10).all(|at| failed.count([1; 16], row(1), at).is_none()));
        assert!(failed.count([1; 16], row(2), 10).is_some(), "from elsewhere");
        assert!(failed.take(WINDOW_MS - 1, false).is_empty(), "too early");
        let times = |rows: Vec<Row>| rows.iter().map(|row| row.times).collect::<Vec<_>>();
        assert_eq!(times(failed.take(WINDOW_MS + 10, false)), [9], "what was not repeated needs no second row");
        assert!(failed.count([1; 16], row(1), WINDOW_MS + 20).is_some());
        failed.count([1; 16], row(1), WINDOW_MS + 20);
        assert_eq!(times(failed.take(WINDOW_MS + 20, true)), [1], "at the end, all at once");
    }

    #[test]
    fn a_flood_leaves_few_rows() {
        let failed = FailedLogins::default();
        let hash = |n: u32| u128::from(n).to_be_bytes();
        let written = (0..10_000).filter(|n| failed.count(hash(*n), row(1), 0).is_some()).count();
        assert_eq!(written, 100);
        let rest = failed.take(0, false);
        assert_eq!((rest.len(), rest[0].times), (1, 9_900));
        assert!(rest[0].name_hash.is_none() && rest[0].caller.address.is_none());
        failed.take(WINDOW_MS, false);
        let later = (0..10_000).filter(|n| failed.count(hash(*n), row(1), WINDOW_MS).is_some()).count();
        assert_eq!(later, 2, "two more after a minute");
        assert!(failed.0.lock().unwrap().repeated.len() <= 100);
    }
}
