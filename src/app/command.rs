//! Commands and queries, and the bridge from callers that must not block to the database, which does.

use crate::app::ReadTurn;
use crate::app::idempotency::{Involved, Kept, RetryHashes, RetryKey};
use crate::app::{App, FOLLOWERS, RETRY, refusal_of};
use crate::domain::access::{Nonce, ObjectKind, Principal, Right, Visibility};
use crate::domain::clock::Moment;
use crate::domain::events::Event;
use crate::domain::ids::{AccountId, EventSeq, ProfileId, ProfileSerial, RequestId};
use crate::domain::refusal::{Credentials, Field, Refusal};
use crate::store::{
    Abort, AuditRow, CommitTime, Mark, NoOutcome, ReadTx, StoreError, StoredOutcome, Ticket, WriteTx, with_causes,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

/// Why a use case ended early: it was refused, or the database failed.
pub type Failure = Abort<Refusal>;

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Abort::Refused(refusal)
    }
}

/// The origin of a call.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The principal, restricted by its token.
    pub principal: Arc<Principal>,
    /// None for commands run on the machine itself.
    pub address: Option<IpAddr>,
    /// The user of the machine who gave a command there; None for API calls and background jobs.
    pub machine_user: Option<Arc<str>>,
    pub request: RequestId,
    /// That of a signed write, which is stored with it.
    pub nonce: Option<Nonce>,
}

/// The result of a command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Done<O> {
    /// For a repeated call, the outcome of the first one.
    pub outcome: O,
    /// Whether the outcome is that of an earlier call with the same key.
    pub replayed: bool,
}

/// An operation that changes the database.
pub trait Command: Send + 'static {
    /// The result, which is stored for retries.
    type Outcome: Serialize + DeserializeOwned + Send + 'static;
    /// The name in audit rows.
    const ACTION: &'static str;
    /// The right that a caller needs.
    const RIGHT: Right;
    /// Whether recorded time restarts at the present clock, even if earlier rows were recorded later.
    const RESTARTS_TIME: bool = false;
    /// Whether the command changes what callers may do, so that cached principals must be looked up again.
    const CHANGES_ACCESS: bool = false;
    /// Whether the command may take long. Long commands run one at a time, so that together they do not block all
    /// others.
    const IS_LONG: bool = false;
    /// Refuses callers who lack the right.
    fn admit(&self, principal: &Principal) -> Result<(), Refusal> {
        principal.require(Self::RIGHT)
    }
    /// The outcome that a retry gets; without what has been erased since it was stored.
    fn recall(_context: &Context<'_>, outcome: Self::Outcome) -> Result<Self::Outcome, Failure> {
        Ok(outcome)
    }
    /// Runs the command. If it fails, all its changes are rolled back.
    fn run(self, context: &Context<'_>) -> Result<Self::Outcome, Failure>;
}

/// An operation that only reads.
pub trait Query: Send + 'static {
    type Answer: Send + 'static;
    /// The right that a caller needs.
    const RIGHT: Right;
    /// Whether the query may take long and must run on the blocking pool.
    const IS_LONG: bool = false;
    fn run(self, view: &View<'_>) -> Result<Self::Answer, Failure>;
}

/// A follow-up for an account whose money has moved, run as the last part of the command that moved it.
pub(in crate::app) type Follower = fn(&Context<'_>, AccountId) -> Result<(), Failure>;

/// Tries events of platforms again that wait for what appeared, as the last part of the command that brought it.
pub(in crate::app) type Retry = fn(&Context<'_>, BTreeSet<String>) -> Result<(), Failure>;

/// What a query sees: a consistent snapshot of the database, as visible to the caller.
pub struct View<'a> {
    pub tx: &'a ReadTx<'a>,
    pub visibility: &'a Visibility,
    /// The same throughout the query.
    pub now: Moment,
}

/// What is rolled back when a part of a command is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::app) enum Undo {
    Part,
    /// The whole command: the code that runs the part must fail with its refusal.
    Whole,
}

/// The environment of a command: a savepoint, the caller, the time.
pub struct Context<'a> {
    pub tx: &'a WriteTx<'a>,
    pub caller: &'a Caller,
    /// The moment that is recorded, the same for the whole commit. It never decreases.
    pub now: Moment,
    /// The time by the clock, for comparisons with times that callers send and for expiries. It differs from `now` only
    /// if the clock was set back.
    pub clock_now: Moment,
    pub app: &'a App,
    first_event: Cell<Option<FirstEvent>>,
    last_event: Cell<Option<EventSeq>>,
    object: Cell<Option<About>>,
    detail: RefCell<serde_json::Map<String, serde_json::Value>>,
    touched: RefCell<BTreeSet<AccountId>>,
    appeared: RefCell<BTreeSet<String>>,
    involved: RefCell<Involved>,
    needs_no_row: Cell<bool>,
}

impl<'a> Context<'a> {
    /// Refusals: the clock is not trusted.
    fn new(tx: &'a WriteTx<'a>, caller: &'a Caller, app: &'a App) -> Result<Context<'a>, Refusal> {
        let CommitTime { recorded: now, shown: clock_now } = tx.time(|| app.clock.trusted_now())?;
        Ok(Context {
            tx,
            caller,
            now,
            clock_now,
            app,
            first_event: Cell::new(None),
            last_event: Cell::new(None),
            object: Cell::new(None),
            detail: RefCell::default(),
            touched: RefCell::default(),
            appeared: RefCell::default(),
            involved: RefCell::default(),
            needs_no_row: Cell::new(false),
        })
    }

    pub fn visibility(&self) -> &Visibility {
        &self.caller.principal.visibility
    }

    /// The refusal of a value that another object has. If the caller cannot see that object, the refusal says only that
    /// the value cannot be used, and the log names the caller, who may be probing.
    pub(in crate::app) fn taken(&self, is_visible: bool, field: Field, visible: Refusal) -> Refusal {
        if is_visible {
            return visible;
        }
        let Caller { principal, request, .. } = self.caller;
        tracing::warn!(operator = principal.name, %request, %field, "refused a value that a hidden object has");
        Refusal::invalid(field, "cannot be used")
    }

    /// Publishes that something changed.
    pub fn publish(&self, event: &Event) -> Result<EventSeq, StoreError> {
        let seq = self.tx.append_event(event, self.caller.principal.serial, self.now)?;
        if self.first_event.get().is_none() {
            let client = event.profile.map(|(serial, _)| serial);
            let object = About { kind: event.kind.object_kind(), id: event.object, client };
            self.first_event.set(Some(FirstEvent { seq, object }));
        }
        if let Some((_, client)) = event.profile {
            self.involve(client);
        }
        self.last_event.set(Some(seq));
        Ok(seq)
    }

    /// Records that the outcome is about a client. A retry by a caller who cannot see that client is refused.
    pub(in crate::app) fn involve(&self, client: ProfileId) {
        self.involved.borrow_mut().clients.insert(client);
    }

    /// Refuses a caller without a right that depends on the object, and so also a retry with a token without it.
    pub(in crate::app) fn require(&self, right: Right) -> Result<(), Refusal> {
        self.caller.principal.require(right)?;
        self.involved.borrow_mut().rights.insert(right);
        Ok(())
    }

    /// Sets the object of the audit row of a command that may leave no events; the first one counts.
    pub(in crate::app) fn concerns(&self, kind: ObjectKind, id: Uuid) {
        self.concerns_of(kind, id, None);
    }

    /// The same for an object of a client, whose tags decide who sees the audit row. The object must exist already.
    pub(in crate::app) fn concerns_of(&self, kind: ObjectKind, id: Uuid, client: Option<ProfileSerial>) {
        self.object.set(self.object.get().or(Some(About { kind, id, client })));
    }

    /// Adds a member to what the audit row says beyond its columns.
    pub(in crate::app) fn explain(&self, name: &str, value: impl Into<serde_json::Value>) {
        self.detail.borrow_mut().insert(name.to_owned(), value.into());
    }

    /// Leaves no audit row, unless an event is published or something is written that the log covers.
    pub(in crate::app) fn leaves_no_row(&self) {
        self.needs_no_row.set(true);
    }

    /// Records that the money of an account has moved, for [`FOLLOWERS`].
    pub(in crate::app) fn touch(&self, account: AccountId) {
        self.touched.borrow_mut().insert(account);
    }

    /// Records that something exists now that events of platforms may wait for, such as `account:2100000001`. One that
    /// ends with a colon stands for all that begin with it.
    pub(in crate::app) fn appeared(&self, awaited: String) {
        self.appeared.borrow_mut().insert(awaited);
    }

    fn run<C: Command>(&self, command: C, retry: Option<&RetryHashes>) -> Result<Done<C::Outcome>, Failure> {
        if let Some(nonce) = self.caller.nonce
            && !self.tx.use_nonce(nonce)?
        {
            return Err(Refusal::Unauthenticated(Credentials::BadSignature).into());
        }
        if let Some(hashes) = retry
            && let Some(earlier) = self.tx.outcome(&hashes.key)?
        {
            if earlier.command_hash != hashes.call || earlier.is_erased() {
                return Err(Refusal::IdempotencyConflict.into());
            }
            let kept: Kept<C::Outcome> = serde_json::from_str(&earlier.outcome).map_err(|error| {
                tracing::error!(%error, "failed to read a stored outcome");
                Refusal::Internal
            })?;
            kept.admit(self)?;
            return Ok(Done { outcome: C::recall(self, kept.outcome)?, replayed: true });
        }
        let outcome = self.perform(command)?;
        if let Some(hashes) = retry {
            let kept = to_json(&Kept::new(self.involved.take(), &outcome))?;
            self.tx.keep_outcome(&hashes.key, &StoredOutcome { command_hash: hashes.call, outcome: kept })?;
        }
        Ok(Done { outcome, replayed: false })
    }

    /// Runs a nested command with its own checks and audit row. With [`Undo::Part`], a refusal rolls back only this
    /// command; that takes a savepoint, for which the database copies each changed page again. With [`Undo::Whole`]
    /// there is no savepoint, and the caller must fail with the refusal.
    pub(in crate::app) fn part<C: Command>(
        &self,
        command: C,
        undo: Undo,
    ) -> Result<Result<C::Outcome, Refusal>, Failure> {
        if let Err(refusal) = command.admit(&self.caller.principal) {
            return Ok(Err(refusal));
        }
        let part = Context::new(self.tx, self.caller, self.app)?;
        let outcome = match undo {
            Undo::Part => self.tx.attempt(|| part.perform(command))?,
            Undo::Whole => match part.perform(command) {
                Ok(outcome) => Ok(outcome),
                Err(Abort::Refused(refusal)) => Err(refusal),
                Err(Abort::Store(error)) => return Err(Abort::Store(error)),
            },
        };
        // Refused parts count too: their refusals can reveal available funds.
        let mut involved = self.involved.borrow_mut();
        involved.join(part.involved.into_inner());
        involved.rights.insert(C::RIGHT);
        Ok(outcome)
    }

    /// Runs some steps of this command in a savepoint. A refusal rolls back these steps alone, and their events no
    /// longer count for the audit row.
    pub(in crate::app) fn attempt<T>(
        &self,
        steps: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<Result<T, Refusal>, StoreError> {
        let (first, last, object) = (self.first_event.get(), self.last_event.get(), self.object.get());
        let outcome = self.tx.attempt(steps)?;
        if outcome.is_err() {
            // Accounts stay touched: followers look at what is there.
            self.first_event.set(first);
            self.last_event.set(last);
            self.object.set(object);
        }
        Ok(outcome)
    }

    /// Runs a command on behalf of others, whose outcome and rights do not concern the caller of this one.
    pub(in crate::app) fn beside<C: Command>(&self, command: C) -> Result<C::Outcome, Failure> {
        Context::new(self.tx, self.caller, self.app)?.perform(command)
    }

    /// Runs a command and writes its audit row.
    fn perform<C: Command>(&self, command: C) -> Result<C::Outcome, Failure> {
        let mark = self.tx.mark();
        let outcome = command.run(self)?;
        for account in self.touched.take() {
            FOLLOWERS.iter().try_for_each(|follow| follow(self, account))?;
        }
        let first = self.first_event.get();
        if !self.needs_no_row.get() || first.is_some() || self.tx.has_changed_since(mark) {
            let object = first.map(|event| event.object).or(self.object.get());
            self.note(C::ACTION, object, first.map(|event| event.seq).zip(self.last_event.get()), mark)?;
        }
        // It has a row of its own, which follows this one because its events follow.
        let appeared = self.appeared.take();
        if !appeared.is_empty() && self.tx.has_parked()? {
            RETRY(self, appeared)?;
        }
        Ok(outcome)
    }

    /// Writes an audit row. The events are the first and the last of the action.
    fn note(
        &self,
        action: &str,
        object: Option<About>,
        events: Option<(EventSeq, EventSeq)>,
        mark: Mark,
    ) -> Result<(), StoreError> {
        if self.clock_now != self.now {
            // Expiries are compared with the clock.
            self.explain("clock", self.clock_now.unix_ms());
        }
        let detail = self.detail.take();
        let detail = (!detail.is_empty()).then(|| serde_json::Value::Object(detail).to_string());
        let row = AuditRow {
            at: self.now,
            principal: self.caller.principal.serial,
            token: self.caller.principal.token,
            machine_user: self.caller.machine_user.as_deref(),
            action,
            object: object.map(|about| (about.kind, about.id)),
            profile: object.and_then(|about| about.client),
            request: Some(self.caller.request),
            address: self.caller.address,
            events,
            detail: detail.as_deref(),
        };
        self.tx.append_audit_since(&row, mark)
    }
}

/// Serializes a value as JSON, which does not fail for our types.
pub(in crate::app) fn to_json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|error| {
        tracing::error!(%error, "failed to serialize a value as JSON");
        Refusal::Internal.into()
    })
}

/// How a rehearsal ended.
enum Rehearsal<O> {
    Refused(Refusal),
    Done(O),
}

/// What an action is about, and the client whose object that is.
#[derive(Clone, Copy)]
struct About {
    kind: ObjectKind,
    id: Uuid,
    client: Option<ProfileSerial>,
}

#[derive(Clone, Copy)]
struct FirstEvent {
    seq: EventSeq,
    object: About,
}

impl App {
    /// Runs a command and returns once it is on disk. A refused command changes nothing.
    ///
    /// The answer is definite. If the operation waits too long, it is cancelled before the writer takes it; once the
    /// writer has it, the call waits for the outcome. If that stays in doubt, because the disk is broken, it never
    /// returns.
    pub async fn execute<C: Command>(
        self: &Arc<App>,
        caller: &Caller,
        retry: Option<RetryKey>,
        command: C,
    ) -> Result<Done<C::Outcome>, Refusal> {
        command.admit(&caller.principal)?;
        let hashes = match retry {
            Some(retry) => Some(self.retry_hashes(caller, retry).await?),
            None => None,
        };
        let turn = self.turn::<C>().await?;
        let answer = self.await_answer(self.submit(caller.clone(), hashes, command, turn)?).await;
        self.follow_access::<C>();
        answer
    }

    /// Looks callers up again after a command that changed what they may do.
    fn follow_access<C: Command>(&self) {
        if C::CHANGES_ACCESS {
            self.forget_principals();
        }
    }

    /// Dry run: returns the outcome the command would have, and rolls everything back. It leaves an audit row that says
    /// who asked; nothing is stored for retries.
    pub async fn rehearse<C: Command>(self: &Arc<App>, caller: &Caller, command: C) -> Result<C::Outcome, Refusal> {
        command.admit(&caller.principal)?;
        let turn = self.turn::<C>().await?;
        let (app, caller) = (Arc::clone(self), caller.clone());
        let rehearsal = move |tx: &WriteTx<'_>| {
            let _until_the_end = turn;
            let refused = |failure| match failure {
                Abort::Refused(refusal) => Abort::Refused(Rehearsal::Refused(refusal)),
                Abort::Store(error) => Abort::Store(error),
            };
            let context = Context::new(tx, &caller, &app)?;
            let rehearsed = tx.attempt(|| {
                let done = context.run(command, None).map_err(refused)?;
                // Rolls back the savepoint, as a refusal does.
                Err::<std::convert::Infallible, _>(Abort::Refused(Rehearsal::Done(done.outcome)))
            })?;
            match rehearsed {
                Err(Rehearsal::Done(outcome)) => {
                    let object = context.object.get();
                    // A client that the rehearsal made is gone again.
                    let object = match object.and_then(|about| about.client) {
                        Some(client) if !tx.is_profile_visible(client, &Visibility::Everything)? => None,
                        _ => object,
                    };
                    context.note(&format!("{}.rehearse", C::ACTION), object, None, Mark::default())?;
                    Ok(outcome)
                }
                Err(Rehearsal::Refused(refusal)) => Err(refusal.into()),
                Ok(never) => match never {},
            }
        };
        self.await_answer(self.queue::<C, _, _, _>(rehearsal)?).await
    }

    /// Checks that the database can be written to by writing, within the time limit of an operation.
    pub async fn probe(self: &Arc<App>) -> Result<(), Refusal> {
        let ticket = self.store.submit(|tx| tx.touch().map_err(Failure::from)).map_err(refusal_of)?;
        self.await_answer(ticket).await
    }

    /// Waits until a command may go to the writer: at once unless it is long. Long commands go one at a time, and the
    /// next one queues behind everything that reached the writer in the meantime.
    async fn turn<C: Command>(&self) -> Result<Option<OwnedSemaphorePermit>, Refusal> {
        if !C::IS_LONG {
            return Ok(None);
        }
        let turn = Arc::clone(&self.long_writes).acquire_owned();
        match tokio::time::timeout(self.settings.operation_timeout, turn).await {
            Ok(turn) => turn.map(Some).map_err(|_| Refusal::ShuttingDown),
            Err(_) => Err(Refusal::Busy { retry_after_s: 1 }),
        }
    }

    async fn await_answer<T>(&self, ticket: Ticket<T, Refusal>) -> Result<T, Refusal> {
        self.await_fate(ticket).await?
    }

    async fn await_fate<T, E>(&self, mut ticket: Ticket<T, E>) -> Result<Result<T, E>, Refusal> {
        let answer = tokio::time::timeout(self.settings.operation_timeout, ticket.answer()).await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(_) if ticket.cancel() => return Err(Refusal::Busy { retry_after_s: 1 }),
            Err(_) => ticket.answer().await,
        };
        match answer {
            // Any answer could be false. The caller gives up, and a retry with its key gets the truth.
            Err(NoOutcome::InDoubt) => std::future::pending().await,
            answer => answer.map_err(refusal_of),
        }
    }

    /// Like `execute`, for callers that may block their thread, such as commands run on the machine itself.
    pub fn execute_blocking<C: Command>(
        self: &Arc<App>,
        caller: &Caller,
        command: C,
    ) -> Result<Done<C::Outcome>, Refusal> {
        command.admit(&caller.principal)?;
        let answer = self.submit(caller.clone(), None, command, None)?.wait().map_err(refusal_of);
        self.follow_access::<C>();
        answer?
    }

    fn submit<C: Command>(
        self: &Arc<App>,
        caller: Caller,
        hashes: Option<RetryHashes>,
        command: C,
        turn: Option<OwnedSemaphorePermit>,
    ) -> Result<Ticket<Done<C::Outcome>, Refusal>, Refusal> {
        let app = Arc::clone(self);
        self.queue::<C, _, _, _>(move |tx| {
            let _until_the_end = turn;
            if C::RESTARTS_TIME {
                tx.restart_time(app.clock.trusted_now().map_err(Refusal::from)?);
            }
            let context = Context::new(tx, &caller, &app)?;
            context.run(command, hashes.as_ref())
        })
    }

    /// Queues the operation of a command.
    fn queue<C, T, E, F>(&self, operation: F) -> Result<Ticket<T, E>, Refusal>
    where
        C: Command,
        T: Send + 'static,
        E: Send + 'static,
        F: FnOnce(&WriteTx<'_>) -> Result<T, Abort<E>> + Send + 'static,
    {
        let queued = if C::IS_LONG { self.store.submit_long(operation) } else { self.store.submit(operation) };
        queued.map_err(refusal_of)
    }

    /// Answers a query: on the current thread if it is short, on the blocking pool if it may take long. A long query
    /// also returns its turn, which the caller holds until it has rendered the answer.
    pub async fn ask<Q: Query>(
        self: &Arc<App>,
        caller: &Caller,
        query: Q,
    ) -> Result<(Q::Answer, Option<ReadTurn>), Refusal> {
        caller.principal.require(Q::RIGHT)?;
        if !Q::IS_LONG {
            return Ok((self.ask_here(&caller.principal, query)?, None));
        }
        let turn = self.reads.turn(caller.principal.serial).await?;
        let (app, principal) = (Arc::clone(self), Arc::clone(&caller.principal));
        // The read holds the turn, too: a caller that disconnects does not make room for another one.
        let read = move || Ok((app.ask_here(&principal, query)?, Some(turn)));
        tokio::task::spawn_blocking(read).await.map_err(|error| {
            tracing::error!(%error, "a query panicked");
            Refusal::Internal
        })?
    }

    /// Like `ask`, for callers that may block their thread, such as commands run on the machine itself.
    pub fn ask_blocking<Q: Query>(&self, caller: &Caller, query: Q) -> Result<Q::Answer, Refusal> {
        caller.principal.require(Q::RIGHT)?;
        self.ask_here(&caller.principal, query)
    }

    pub(in crate::app) fn ask_here<Q: Query>(&self, principal: &Principal, query: Q) -> Result<Q::Answer, Refusal> {
        let now = self.now();
        self.store.read(|tx| query.run(&View { tx, visibility: &principal.visibility, now })).map_err(refusal_of_read)
    }
}

/// The refusal for a failed read.
pub(in crate::app) fn refusal_of_read(failure: Failure) -> Refusal {
    match failure {
        Abort::Refused(refusal) => refusal,
        Abort::Store(error) => {
            tracing::error!(error = with_causes(&error), "a read failed");
            if error.is_storage_failure() { Refusal::StorageUnavailable } else { Refusal::Internal }
        }
    }
}
