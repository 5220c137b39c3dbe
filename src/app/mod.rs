//! Use cases: what a caller can do, one file per noun. The only place where business decisions meet storage.
//!
//! A use case is a [`Command`] or a [`Query`]: a value that describes the request, with a `run` that carries it out in
//! one transaction. However it is run - by a handler, a batch or a scheduled job - it gets the same checks and audit
//! rows.

pub mod access;
pub mod accounts;
pub mod approvals;
pub mod bank;
pub mod batch;
pub mod clients;
pub mod clock;
mod command;
pub mod decisions;
mod directory;
pub mod events;
mod exact;
mod idempotency;
pub mod ledger;
pub mod maintenance;
pub mod organizations;
mod reads;
pub mod reference;
pub mod sandbox;
pub mod trading;

pub(in crate::app) use command::to_json;
pub use command::{Caller, Command, Context, Done, Failure, Query, View};
pub use directory::{Directory, Resolved, resolved};
pub use exact::ExactNumber;
pub use idempotency::RetryKey;
pub use reads::{ReadLimits, ReadTurn};

use crate::domain::access::{Principal, PrincipalKind, Right, Visibility};
use crate::domain::clock::{Clock, MachineClock, Moment, Randomness};
use crate::domain::clock_watch::ClockLimits;
use crate::domain::ids::{DEFAULT_LEDGER, PrincipalId, PrincipalSerial, RequestId, TokenId};
use crate::domain::money::DecimalText;
use crate::domain::reference::RateBand;
use crate::domain::refusal::Refusal;
use crate::store::{Installation, InstallationKey, Mode, NoOutcome, Store, StoreError, WriteTx};
use access::{FailedLogins, Hashers, PrincipalCache, Throttle};
use aws_lc_rs::hmac;
use clock::WatchedClock;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// When a second operator is needed, and for how long a request waits.
#[derive(Clone, Copy, Debug)]
pub struct ApprovalRules {
    /// How far a rate may be from the reference rate.
    pub rate_band: RateBand,
    /// Up to which age a reference rate counts.
    pub rate_age_hours: u32,
    /// When a request expires.
    pub expiry_days: u32,
}

/// The programme of bank accounts as a whole.
#[derive(Clone, Debug)]
pub struct Program {
    pub name: String,
    /// Of its days and months.
    pub time_zone: jiff::tz::TimeZone,
    /// The most external accounts of a client that are not archived.
    pub max_external_accounts: u32,
}

/// The part of the configuration that use cases need.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Lifetime of a login token.
    pub login_token_days: u32,
    /// The `iss` claim of end-user tokens.
    pub session_issuer: String,
    /// The `aud` claim of end-user tokens.
    pub session_audience: String,
    /// Lifetime of an end-user token.
    pub session_lifetime_s: u32,
    /// How long a new signing key is published before it signs.
    pub session_key_notice_s: u32,
    /// How long the published keys may be cached.
    pub session_key_cache_s: u32,
    /// The leading digits of generated account numbers.
    pub account_number_prefix: String,
    pub approvals: ApprovalRules,
    pub program: Program,
    /// Seconds for which a quote counts when something is paid out.
    pub quote_age_s: u32,
    /// The most parked events that one command tries again.
    pub retried_at_once: u32,
    /// How long outcomes are stored for retries.
    pub retry_days: u32,
    /// Events older than this are deleted; None keeps all events.
    pub event_days: Option<u32>,
    pub streams: events::StreamLimits,
    pub deliveries: events::DeliveryRules,
    /// How long an operation may wait for the writer.
    pub operation_timeout: Duration,
    pub reads: ReadLimits,
    /// How far the machine's clock may leap.
    pub clock: ClockLimits,
    /// None if the server makes no backups.
    pub backup_interval: Option<Duration>,
    /// Whether the server runs backup drills.
    pub backup_drills: maintenance::BackupDrills,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            login_token_days: 30,
            session_issuer: "bursar".into(),
            session_audience: "trading-platform".into(),
            session_lifetime_s: 900,
            session_key_notice_s: 600,
            session_key_cache_s: 300,
            account_number_prefix: "21".into(),
            approvals: ApprovalRules { rate_band: RateBand(DecimalText::whole(5)), rate_age_hours: 24, expiry_days: 7 },
            program: Program { name: "bursar".into(), time_zone: jiff::tz::TimeZone::UTC, max_external_accounts: 10 },
            quote_age_s: 300,
            retried_at_once: 10_000,
            retry_days: 7,
            event_days: None,
            streams: events::StreamLimits::default(),
            deliveries: events::DeliveryRules::default(),
            operation_timeout: Duration::from_secs(5),
            reads: ReadLimits::default(),
            clock: ClockLimits::default(),
            backup_interval: None,
            backup_drills: maintenance::BackupDrills::Off,
        }
    }
}

/// The use cases that follow whenever money has moved, whichever command moved it: a closing account is archived when
/// its last cent leaves, and a target is met when as much is available.
const FOLLOWERS: &[command::Follower] = &[accounts::complete_closing, accounts::meet_target];

/// Events of platforms that wait are tried again when what they wait for may be there, whichever command brought it.
const RETRY: command::Retry = trading::retry_parked;

/// Everything that use cases work with.
pub struct App {
    store: Store,
    clock: sandbox::MovableClock,
    randomness: Arc<dyn Randomness>,
    settings: Settings,
    installation: Installation,
    key: InstallationKey,
    hash_key: hmac::Key,
    principals: PrincipalCache,
    hashers: Hashers,
    logins: Throttle,
    failed_logins: FailedLogins,
    streams: events::Streams,
    reads: Arc<reads::Reads>,
    long_writes: Arc<tokio::sync::Semaphore>,
}

/// The most events deleted at a time; limits how long the writer is busy.
const EVENTS_AT_ONCE: u32 = 200;

impl App {
    /// Opens the use cases on a database that has been installed ([`install`]).
    pub fn new(
        store: Store,
        clock: Arc<dyn MachineClock>,
        randomness: Arc<dyn Randomness>,
        settings: Settings,
        key: InstallationKey,
    ) -> Result<App, StoreError> {
        let installation = store.read(|tx| tx.installation())?.ok_or_else(StoreError::not_installed)?;
        let recorded = store.read(|tx| tx.latest_moment())?.max(installation.created_at);
        let hash_key = hmac::Key::new(hmac::HMAC_SHA256, &installation.hash_key);
        // A sandbox may lie idle for years.
        let recorded = (installation.mode == Mode::Production).then_some(recorded);
        let clock = Arc::new(WatchedClock::new(clock, settings.clock, store.dir().clone(), recorded));
        let clock = sandbox::MovableClock::new(clock, installation.clock_ahead_ms);
        let streams = events::Streams::new(settings.streams);
        let reads = reads::Reads::new(settings.reads);
        Ok(App {
            store,
            clock,
            randomness,
            settings,
            installation,
            key,
            hash_key,
            principals: PrincipalCache::default(),
            hashers: Hashers::default(),
            logins: Throttle::default(),
            failed_logins: FailedLogins::default(),
            streams,
            reads,
            long_writes: Arc::new(tokio::sync::Semaphore::new(1)),
        })
    }

    /// The present moment; in a sandbox, by its own clock.
    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    /// The machine's clock, even if a sandbox's is ahead.
    pub fn machine_clock(&self) -> Arc<WatchedClock> {
        Arc::clone(self.clock.machine())
    }

    /// The machine's present moment, even if a sandbox's clock is ahead.
    pub fn machine_now(&self) -> Moment {
        self.clock.machine().now()
    }

    pub fn randomness(&self) -> &dyn Randomness {
        self.randomness.as_ref()
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What the database was installed as.
    pub fn installation(&self) -> &Installation {
        &self.installation
    }

    /// Signs for the installation, and seals the secrets that the database stores.
    pub fn key(&self) -> &InstallationKey {
        &self.key
    }

    /// For monitoring the store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// A new id for a request.
    pub fn request_id(&self) -> RequestId {
        RequestId::new(self.now(), self.randomness())
    }

    /// The system as a caller, for background work.
    pub fn system_caller(&self) -> Caller {
        let principal = Principal {
            serial: PrincipalSerial(1),
            id: PrincipalId::from(Uuid::nil()),
            kind: PrincipalKind::System,
            name: "system".into(),
            rights: Right::ALL.into(),
            visibility: Visibility::Everything,
            networks: Vec::new(),
            token: None,
            expires_at: None,
            client: None,
        };
        Caller {
            principal: Arc::new(principal),
            address: None,
            machine_user: None,
            request: self.request_id(),
            nonce: None,
        }
    }

    /// The system as a caller, for a command that a user of the machine has given.
    pub fn machine_caller(&self, user: &str) -> Caller {
        Caller { machine_user: Some(user.into()), ..self.system_caller() }
    }

    /// Why the server is not ready; None if it is. Reasons: the clock is not trusted; the database cannot be read; its
    /// last write failed, and the disk is still full or writes still fail.
    pub async fn unreadiness(self: &Arc<App>) -> Option<String> {
        let app = Arc::clone(self);
        let found = tokio::task::spawn_blocking(move || {
            if app.clock_leap().is_some() {
                return Err(Refusal::ClockLeapt.to_string());
            }
            app.store.read(|tx| tx.installation()).map_err(|_| "the database cannot be read".to_owned())?;
            let is_in_doubt = app.store.health().failure().is_some();
            if is_in_doubt {
                app.store.check_room()?;
            }
            Ok::<_, String>(is_in_doubt)
        });
        match found.await {
            Ok(Ok(false)) => None,
            Ok(Ok(true)) => {
                let refusal = self.probe().await.err()?;
                Some(self.store.health().failure().unwrap_or_else(|| refusal.to_string()))
            }
            Ok(Err(reason)) => Some(reason),
            Err(_) => Some("the server is too busy to check".to_owned()),
        }
    }

    /// Checks that the database can be written to, by writing. Blocks.
    pub fn probe_storage(&self) -> Result<(), Refusal> {
        let ticket = self.store.submit(|tx| tx.touch().map_err(Failure::from)).map_err(refusal_of)?;
        ticket.wait().map_err(refusal_of)?
    }

    /// Deletes a few expired rows, unless the clock is not trusted. True if there are more. Blocks.
    pub fn tidy_up(self: &Arc<App>) -> Result<bool, Refusal> {
        let Ok(now) = self.clock.trusted_now() else { return Ok(false) };
        let retention_s = i64::from(self.settings.retry_days) * 86_400;
        self.note_repeated_logins(self.machine_now(), false);
        let uses = self.principals.uses_to_store(now, false);
        let machine_now = self.machine_now();
        let ticket = self
            .store
            .submit(move |tx| {
                let more = tx.forget_outcomes(now, retention_s)?;
                // Expired tokens stay listed for a while, so that operators can look them up.
                let forgotten =
                    tx.forget_sessions(now.plus_s(-86_400))? + tx.forget_tokens(now.plus_s(-30 * 86_400))?;
                let forgotten = forgotten + tx.forget_nonces(machine_now.plus_s(-60))?;
                note_uses(tx, &uses)?;
                Ok::<_, Failure>(more || forgotten > 0)
            })
            .map_err(refusal_of)?;
        Ok(ticket.wait().map_err(refusal_of)?? | self.prune_events()? | self.prune_deliveries(now)?)
    }

    /// Deletes a few events past their retention time. True if there are more. Blocks.
    fn prune_events(&self) -> Result<bool, Refusal> {
        let Some(days) = self.settings.event_days else { return Ok(false) };
        let Ok(now) = self.clock.trusted_now() else { return Ok(false) };
        let before = now.plus_s(-i64::from(days) * 86_400);
        let ticket = self
            .store
            .submit(move |tx| tx.prune_events(before, EVENTS_AT_ONCE).map_err(Failure::from))
            .map_err(refusal_of)?;
        ticket.wait().map_err(refusal_of)?
    }

    /// Deletes a few entries of the log of webhooks past their retention time. True if there are more. Blocks.
    fn prune_deliveries(&self, now: Moment) -> Result<bool, Refusal> {
        let before = now.plus_s(-i64::from(self.settings.deliveries.log_days) * 86_400);
        let ticket = self
            .store
            .submit(move |tx| tx.prune_deliveries(before, EVENTS_AT_ONCE).map_err(Failure::from))
            .map_err(refusal_of)?;
        ticket.wait().map_err(refusal_of)?
    }

    /// Updates the statistics of the query planner. Blocks.
    pub fn optimize(&self) -> Result<(), Refusal> {
        let ticket = self.store.submit(|tx| tx.optimize().map_err(Failure::from)).map_err(refusal_of)?;
        ticket.wait().map_err(refusal_of)?
    }

    /// Finishes the queued operations and closes the database.
    pub fn close(self: &Arc<App>) {
        self.note_repeated_logins(self.machine_now(), true);
        let uses = self.principals.uses_to_store(self.now(), true);
        if !uses.is_empty() {
            let noted = self.store.submit(move |tx| note_uses(tx, &uses)).map_err(refusal_of);
            if let Err(refusal) = noted.and_then(|ticket| ticket.wait().map_err(refusal_of)?) {
                tracing::warn!(%refusal, "failed to store when tokens were used last");
            }
        }
        if let Err(refusal) = self.sign_log() {
            tracing::warn!(%refusal, "failed to sign the audit log; the next start will do it");
        }
        self.store.close();
    }
}

/// Stores when tokens were used last.
fn note_uses(tx: &WriteTx<'_>, uses: &[(TokenId, Moment)]) -> Result<(), Failure> {
    Ok(uses.iter().try_for_each(|(token, at)| tx.note_use(*token, *at))?)
}

/// Sets up a new database: records its mode, creates the default ledger and the first signing key. Blocks.
pub fn install(
    store: &Store,
    key: &InstallationKey,
    mode: Mode,
    clock: &dyn Clock,
    randomness: &dyn Randomness,
) -> Result<(), Refusal> {
    let now = clock.now();
    let uuid = || crate::domain::ids::uuid_v7(now, randomness);
    let mut hash_key = vec![0; 32];
    randomness.fill(&mut hash_key);
    let installation = Installation { uuid: uuid(), mode, timeline: 1, hash_key, clock_ahead_ms: 0, created_at: now };
    let ids = (uuid(), uuid(), uuid());
    let key = access::new_key(now, randomness, key)?;
    let ticket = store
        .submit(move |tx: &WriteTx<'_>| {
            debug_assert_eq!(DEFAULT_LEDGER, 1);
            if tx.installation()?.is_none() {
                tx.install(&installation, ids.0, ids.1, ids.2)?;
                tx.rotate_signing_key(&key, now)?;
            }
            Ok::<_, Failure>(())
        })
        .map_err(refusal_of)?;
    ticket.wait().map_err(refusal_of)?
}

/// The refusal for an operation without an outcome.
fn refusal_of(reason: NoOutcome) -> Refusal {
    match reason {
        NoOutcome::QueueFull | NoOutcome::Cancelled => Refusal::Busy { retry_after_s: 1 },
        NoOutcome::StorageFailed => Refusal::StorageUnavailable,
        NoOutcome::Closing => Refusal::ShuttingDown,
        // Only for callers inside this machine: those of the APIs get no answer.
        NoOutcome::Defect | NoOutcome::InDoubt => Refusal::Internal,
    }
}
