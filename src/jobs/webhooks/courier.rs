//! Sends events to one receiver: in order, each until the receiver has taken it.

use super::client::Client;
use super::recorder::Note;
use crate::app::App;
use crate::app::events::{Envelope, EventPage, Messenger, ReadEvents, Receiver, Tried, WebhookOrder, WebhookSecret};
use crate::domain::clock::Moment;
use crate::domain::events::{Attempt, DeliveryState, Progress, Webhook};
use crate::domain::ids::{EventSeq, WebhookId};
use crate::domain::refusal::Refusal;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

/// Events read at a time.
const AT_ONCE: u32 = 100;
/// The shortest interval between two looks for news, so that a busy writer does not cause a read for each commit.
const REST: Duration = Duration::from_millis(50);
/// The pause after events could not be read.
const PAUSE: Duration = Duration::from_secs(1);
/// How many events a webhook passes over before that is stored, and after which time.
const PASSED_MAX: i64 = 1000;
const PASSED_TIME: Duration = Duration::from_secs(30);

/// What all couriers share.
#[derive(Clone)]
pub(super) struct Office {
    pub(super) app: Arc<App>,
    pub(super) client: Client,
    pub(super) notes: mpsc::Sender<Note>,
    /// Turns of those who read events.
    pub(super) reads: Arc<Semaphore>,
    pub(super) news: watch::Receiver<()>,
}

/// The messages about one event.
struct Prepared {
    event: EventSeq,
    messages: Vec<Vec<u8>>,
}

/// What is sent in one request.
#[derive(Default)]
struct Package {
    events: Vec<EventSeq>,
    messages: Vec<Vec<u8>>,
    bytes: usize,
}

impl Package {
    fn push(&mut self, Prepared { event, messages }: Prepared) {
        self.bytes += size(&messages);
        self.events.push(event);
        self.messages.extend(messages);
    }
}

/// With what separates messages.
fn size(messages: &[Vec<u8>]) -> usize {
    messages.iter().map(|message| message.len() + 1).sum()
}

pub(super) struct Courier {
    office: Office,
    messenger: Arc<dyn Messenger>,
    receiver: Receiver,
    run: i64,
    /// The last event that is done with, also for who takes over from this courier.
    delivered: Arc<AtomicI64>,
    /// The last event that was examined.
    examined: EventSeq,
    prepared: VecDeque<Prepared>,
    failed: u32,
    /// When the present series of failures began.
    since: Option<Moment>,
    /// The last event that is stored as passed over, and when.
    passed: (EventSeq, Instant),
}

impl Courier {
    pub(super) fn new(
        office: Office,
        messenger: Arc<dyn Messenger>,
        receiver: Receiver,
        (run, delivered): (i64, Arc<AtomicI64>),
    ) -> Courier {
        let passed = (EventSeq(0), Instant::now());
        let (examined, prepared) = (EventSeq(0), VecDeque::new());
        Courier { office, messenger, receiver, run, delivered, examined, prepared, failed: 0, since: None, passed }
    }

    /// Runs until it is dropped, or the webhook is no longer as it was read: then the next courier takes over.
    pub(super) async fn work(mut self) {
        let webhook = self.receiver.webhook.serial;
        let (progress, waiting) = loop {
            let app = Arc::clone(&self.office.app);
            match tokio::task::spawn_blocking(move || app.webhook_position(webhook)).await {
                Ok(Ok(Some(position))) => break position,
                Ok(Ok(None)) | Err(_) => return,
                Ok(Err(refusal)) => tracing::warn!(%refusal, "the place of a webhook cannot be read; trying again"),
            }
            sleep(PAUSE).await;
        };
        if progress.run != self.run {
            return; // It was set to another event: the next courier begins there.
        }
        self.delivered.fetch_max(progress.delivered.0, Ordering::AcqRel);
        self.examined = EventSeq(self.delivered.load(Ordering::Acquire));
        self.passed.0 = self.examined;
        if let Some(delivery) = waiting.filter(|delivery| delivery.event > self.examined) {
            (self.failed, self.since) = (delivery.tries, Some(delivery.first_at));
        }
        while let Some(package) = self.next_package().await {
            if !self.deliver(package).await {
                return;
            }
        }
    }

    /// The next events in one package. Waits for them, and then for more as long as the webhook wants it. None if the
    /// webhook has changed.
    async fn next_package(&mut self) -> Option<Package> {
        let settings = &self.receiver.webhook.settings;
        let limit = settings.package_bytes.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        let delay = Duration::from_millis(settings.delay_ms.unwrap_or(0).into());
        let mut package = Package::default();
        let mut end: Option<(Instant, Moment)> = None;
        loop {
            while let Some(next) = self.prepared.front() {
                let is_full = limit.is_none_or(|limit| package.bytes + size(&next.messages) > limit);
                if is_full && !package.events.is_empty() {
                    return Some(package);
                }
                if let Some(next) = self.prepared.pop_front() {
                    package.push(next);
                }
            }
            if !package.events.is_empty() {
                let now = self.office.app.now();
                let by = *end.get_or_insert((Instant::now() + delay, plus(now, delay)));
                if limit.is_none() || Instant::now() >= by.0 || now >= by.1 {
                    return Some(package);
                }
            }
            self.office.news.mark_unchanged();
            if self.read().await? {
                continue;
            }
            if package.events.is_empty() {
                self.note_passed().await;
            }
            let far = Instant::now() + PASSED_TIME;
            tokio::select! {
                _ = self.office.news.changed() => sleep(REST).await,
                () = sleep_until(end.map_or(far, |end| end.0)) => {}
            }
        }
    }

    /// Prepares the next events. False if there are none; None if the webhook has changed.
    async fn read(&mut self) -> Option<bool> {
        let Ok(turn) = Arc::clone(&self.office.reads).acquire_owned().await else { return Some(false) };
        let (app, messenger) = (Arc::clone(&self.office.app), Arc::clone(&self.messenger));
        let (webhook, after) = (self.receiver.webhook.clone(), self.examined);
        let read = move || {
            let _until_the_end = turn;
            let wanted = ReadEvents { after, filter: messenger.filter(&webhook.settings.types), limit: AT_ONCE };
            let Some(EventPage { rows, upto, last }) = app.events_for(&webhook, wanted)? else { return Ok(None) };
            let mut prepared = Vec::with_capacity(rows.len());
            for row in rows {
                let event = row.seq;
                prepared.push(Prepared { event, messages: messenger.messages(&app, &webhook, row)? });
            }
            Ok::<_, Refusal>(Some((prepared, upto, last)))
        };
        match tokio::task::spawn_blocking(read).await {
            Ok(Ok(read)) => {
                let (prepared, upto, last) = read?;
                self.examined = upto;
                self.prepared.extend(prepared.into_iter().filter(|event| !event.messages.is_empty()));
                Some(!self.prepared.is_empty() || upto < last)
            }
            Ok(Err(refusal)) => {
                let webhook = self.receiver.webhook.id;
                tracing::warn!(%refusal, %webhook, "the events for a webhook cannot be read; trying again");
                sleep(PAUSE).await;
                Some(false)
            }
            Err(error) => {
                tracing::error!(%error, "reading the events for a webhook failed");
                sleep(PAUSE).await;
                Some(false)
            }
        }
    }

    /// Stores now and then that there was nothing for the webhook, so that events which it passed over can be pruned.
    async fn note_passed(&mut self) {
        self.delivered.fetch_max(self.examined.0, Ordering::AcqRel);
        let (stored, at) = self.passed;
        let ahead = self.examined.0 - stored.0;
        if ahead >= PASSED_MAX || (ahead > 0 && at.elapsed() >= PASSED_TIME) {
            self.passed = (self.examined, Instant::now());
            let progress = Progress { delivered: self.examined, run: self.run };
            let advanced = Some((self.receiver.webhook.serial, progress));
            self.note(Note { advanced, ..Note::default() }).await;
        }
    }

    /// Whether the webhook is still as it was read, and may be sent to.
    async fn is_unchanged(&self) -> bool {
        let (app, webhook) = (Arc::clone(&self.office.app), self.receiver.webhook.clone());
        matches!(tokio::task::spawn_blocking(move || app.is_webhook_unchanged(&webhook)).await, Ok(Ok(true)))
    }

    /// Sends a package until the receiver has taken it. False if the webhook has changed before that.
    async fn deliver(&mut self, package: Package) -> bool {
        let Some(last) = package.events.last().copied() else { return true };
        let first = package.events.first().copied().unwrap_or(last);
        let webhook = self.receiver.webhook.clone();
        let id = format!("{}_{first}", webhook.id);
        let pace = self.messenger.pace();
        while self.is_unchanged().await {
            let attempt = attempt(&self.office, &*self.messenger, &self.receiver, (&id, &package.messages)).await;
            let tried = |state, next_at| {
                let of = |event: &EventSeq| Tried {
                    webhook: webhook.serial,
                    event: *event,
                    state,
                    attempt: attempt.clone(),
                    next_at,
                };
                package.events.iter().map(of).collect::<Vec<_>>()
            };
            if attempt.error.is_empty() {
                self.delivered.fetch_max(last.0, Ordering::AcqRel);
                self.passed = (last, Instant::now());
                let settled = pace.is_alarming(self.failed).then_some(webhook.id);
                (self.failed, self.since) = (0, None);
                let progress = Progress { delivered: last, run: self.run };
                self.note(Note {
                    tried: tried(DeliveryState::Delivered, None),
                    advanced: Some((webhook.serial, progress)),
                    settled,
                    ..Note::default()
                })
                .await;
                return true;
            }
            self.failed = self.failed.saturating_add(1);
            let now = self.office.app.now();
            let since = *self.since.get_or_insert(attempt.at);
            let dead_after = i64::from(self.office.app.settings().deliveries.dead_after_s);
            let is_dead = pace.is_paused && since.plus_s(dead_after) <= now;
            let wait = Duration::from_secs(pace.wait_s(self.failed).into());
            let next_at = plus(now, wait);
            let reason = "its receiver takes no events";
            self.note(Note {
                tried: tried(DeliveryState::Pending, (!is_dead).then_some(next_at)),
                alarm: pace.is_alarming(self.failed).then(|| (webhook.clone(), reason)),
                ..Note::default()
            })
            .await;
            if is_dead {
                let app = Arc::clone(&self.office.app);
                let paused = tokio::task::spawn_blocking(move || app.pause_webhook(webhook.id, reason)).await;
                match paused {
                    // Whoever looks after the couriers drops this one.
                    Ok(Ok(())) => std::future::pending().await,
                    Ok(Err(refusal)) => tracing::warn!(%refusal, "a webhook could not be paused; trying again"),
                    Err(error) => tracing::error!(%error, "pausing a webhook failed"),
                }
            }
            self.wait(next_at, wait).await;
        }
        false
    }

    async fn note(&self, note: Note) {
        // Without a recorder the server stops.
        let _ = self.office.notes.send(note).await;
    }

    /// Waits until a moment of the clock, which a sandbox can move, but not longer than this.
    async fn wait(&mut self, until: Moment, most: Duration) {
        let end = Instant::now() + most;
        while Instant::now() < end && self.office.app.now() < until {
            tokio::select! {
                changed = self.office.news.changed() => match changed {
                    Ok(()) => sleep(REST).await,
                    Err(_) => return std::future::pending().await,
                },
                () = sleep_until(end) => {}
            }
        }
    }
}

fn plus(moment: Moment, by: Duration) -> Moment {
    moment.plus_ms(i64::try_from(by.as_millis()).unwrap_or(i64::MAX))
}

/// Sends messages once.
async fn attempt(
    office: &Office,
    messenger: &dyn Messenger,
    receiver: &Receiver,
    (id, messages): (&str, &[Vec<u8>]),
) -> Attempt {
    let (app, webhook) = (&office.app, &receiver.webhook);
    let (at, started, now) = (app.now(), Instant::now(), app.machine_now());
    let secrets: Vec<WebhookSecret> = receiver
        .secrets
        .iter()
        .filter(|(_, end)| end.is_none_or(|end| end > now))
        .map(|(key, _)| key.clone())
        .collect();
    let sent = if secrets.is_empty() && receiver.unreadable_secrets > 0 {
        Err((None, "its secret cannot be read with the installation key: make a new one".to_owned()))
    } else {
        match messenger.request(app, &Envelope { webhook, secrets: &secrets, id, messages, at: now }) {
            Ok(outgoing) => {
                let answer = office.client.post(&webhook.settings.address, outgoing).await;
                answer.map_err(|failed| (failed.status(), failed.to_string()))
            }
            Err(refusal) => Err((None, refusal.to_string())),
        }
    };
    let duration_ms = u32::try_from(started.elapsed().as_millis()).unwrap_or(u32::MAX);
    match sent {
        Ok(status) => Attempt { at, status: Some(status), duration_ms, error: String::new() },
        Err((status, error)) => Attempt { at, status, duration_ms, error },
    }
}

/// Carries out the orders of one webhook, each once, as the webhook is by then.
pub(super) async fn carry_out(
    office: Office,
    messenger: Arc<dyn Messenger>,
    receiver: WebhookId,
    orders: Vec<WebhookOrder>,
) {
    for WebhookOrder { row, webhook, event } in orders {
        let (app, for_api) = (Arc::clone(&office.app), Arc::clone(&messenger));
        let prepare = move || {
            let Some(now) = app.webhook_receiver(receiver)? else { return Ok(None) };
            let messages = messages_of(&app, &*for_api, &now.webhook, event)?;
            Ok(Some((now, messages)))
        };
        let prepared = tokio::task::spawn_blocking(prepare).await.unwrap_or(Err(Refusal::Internal));
        let id = match event.0 {
            0 => format!("{receiver}_test_{row}"),
            _ => format!("{receiver}_{event}"),
        };
        let attempt = match prepared {
            Ok(Some((receiver, messages))) if !messages.is_empty() => {
                attempt(&office, &*messenger, &receiver, (&id, &messages)).await
            }
            Ok(Some(_)) => unsent(&office, "the event is not for this webhook".to_owned()),
            Ok(None) => unsent(&office, "its maker was disabled".to_owned()),
            Err(refusal) => unsent(&office, refusal.to_string()),
        };
        let state = if attempt.error.is_empty() { DeliveryState::Delivered } else { DeliveryState::Failed };
        let tried = vec![Tried { webhook, event, state, attempt, next_at: None }];
        let _ = office.notes.send(Note { tried, order: Some(row), ..Note::default() }).await;
    }
}

fn unsent(office: &Office, error: String) -> Attempt {
    Attempt { at: office.app.now(), status: None, duration_ms: 0, error }
}

fn messages_of(
    app: &App,
    messenger: &dyn Messenger,
    webhook: &Webhook,
    event: EventSeq,
) -> Result<Vec<Vec<u8>>, Refusal> {
    if event.0 == 0 {
        return Ok(vec![messenger.test(app, webhook)?]);
    }
    match app.event_for(webhook, event)? {
        Some(row) => messenger.messages(app, webhook, row),
        None => Ok(Vec::new()),
    }
}
