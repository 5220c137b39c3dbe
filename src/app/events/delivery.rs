//! What sending events to webhooks asks of the core. The sender itself is in `jobs`; how an API's requests look is its
//! [`Messenger`].

use crate::app::command::refusal_of_read;
use crate::app::events::{EventFilter, EventPage, EventRow, PauseWebhook, ReadEvents, WebhookSecret, open_secrets};
use crate::app::{App, Failure, Query, View, refusal_of};
use crate::domain::clock::Moment;
use crate::domain::events::{Delivery, Pace, Progress, Reach, Webhook};
use crate::domain::ids::{AlertId, EventSeq, WebhookId, WebhookSerial};
use crate::domain::refusal::Refusal;
use crate::domain::trading::AlertKind;
use crate::store::{ReadTx, StoreError, WebhookRow, WriteTx};
pub use crate::store::{Tried, WebhookOrder};
use std::sync::Arc;
use std::time::Duration;

/// The part of the configuration that sending needs.
#[derive(Clone, Copy, Debug)]
pub struct DeliveryRules {
    pub reach: Reach,
    /// How long a receiver has to answer.
    pub timeout: Duration,
    /// How long a receiver may take nothing before its webhook is paused, in seconds.
    pub dead_after_s: u32,
    /// How long the log of deliveries is kept.
    pub log_days: u32,
}

impl Default for DeliveryRules {
    fn default() -> Self {
        DeliveryRules { reach: Reach::Public, timeout: Duration::from_secs(10), dead_after_s: 3 * 86_400, log_days: 7 }
    }
}

/// The content of a request to a receiver.
pub struct Envelope<'a> {
    pub webhook: &'a Webhook,
    /// The secrets that sign, newest first.
    pub secrets: &'a [WebhookSecret],
    /// The same whenever these messages are sent again.
    pub id: &'a str,
    /// One or more.
    pub messages: &'a [Vec<u8>],
    /// The present moment by the machine's clock, which receivers compare with theirs.
    pub at: Moment,
}

/// A request to a receiver.
pub struct Outgoing {
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

/// How an API tells receivers of events.
pub trait Messenger: Send + Sync + 'static {
    /// The name of the API, as webhooks have it.
    fn api(&self) -> &'static str;

    /// The events that a webhook with these types gets.
    fn filter(&self, types: &[String]) -> EventFilter;

    /// The messages about an event, in order; the API may have none. May read the database.
    fn messages(&self, app: &App, webhook: &Webhook, event: EventRow) -> Result<Vec<Vec<u8>>, Refusal>;

    /// The message of a test.
    fn test(&self, app: &App, webhook: &Webhook) -> Result<Vec<u8>, Refusal>;

    /// Signs messages.
    fn request(&self, app: &App, envelope: &Envelope<'_>) -> Result<Outgoing, Refusal>;

    /// How it repeats what failed.
    fn pace(&self) -> Pace;

    /// Whether it signs with [`App::webhook_signer`].
    fn signs_with_key(&self) -> bool {
        false
    }
}

/// A webhook to send events to.
#[derive(Clone, PartialEq, Debug)]
pub struct Receiver {
    pub webhook: Webhook,
    /// Newest first, each with its end by the machine's clock.
    pub secrets: Vec<(WebhookSecret, Option<Moment>)>,
    /// How many secrets another installation key has sealed.
    pub unreadable_secrets: usize,
    /// The run that it is in; None if it is disabled.
    pub run: Option<i64>,
}

/// What there is to send.
#[derive(Debug, Default)]
pub struct Work {
    /// Empty while the database rests after a restore, and so are the orders.
    pub receivers: Vec<Receiver>,
    pub orders: Vec<WebhookOrder>,
    /// Webhooks whose maker was disabled.
    pub orphans: Vec<WebhookId>,
}

/// What has been sent.
#[derive(Debug, Default)]
pub struct Report {
    pub tried: Vec<Tried>,
    pub advanced: Vec<(WebhookSerial, Progress)>,
    /// Rows of orders that are carried out.
    pub orders: Vec<i64>,
    /// Webhooks whose receivers take nothing, and why.
    pub alarms: Vec<(Webhook, &'static str)>,
    /// Webhooks whose receivers take events again.
    pub settled: Vec<WebhookId>,
}

/// Raises the alert of a webhook, or renews it.
pub(super) fn raise_alert(
    tx: &WriteTx<'_>,
    app: &App,
    webhook: &Webhook,
    reason: &str,
    now: Moment,
) -> Result<(), StoreError> {
    let detail = serde_json::json!({"reason": reason, "api": webhook.api, "receiver": webhook.settings.address});
    let subject = webhook.id.to_string();
    let about = (AlertKind::WebhookFailing, None, subject.as_str());
    tx.raise_alert(AlertId::new(now, app.randomness()), about, &detail.to_string(), now)
}

fn is_unchanged(tx: &ReadTx<'_>, webhook: &Webhook) -> Result<bool, StoreError> {
    Ok(tx.webhook(webhook.id)?.is_some_and(|row| row.webhook == *webhook && !row.is_orphaned))
}

impl App {
    /// Rises with every change of webhooks and every order. Blocks briefly.
    pub fn webhook_changes(&self) -> Result<i64, Refusal> {
        self.store.read(|tx| Ok(tx.webhook_changes()?)).map_err(refusal_of_read)
    }

    /// What there is to send. Blocks briefly.
    pub fn webhook_work(&self) -> Result<Work, Refusal> {
        let now = self.machine_now();
        let read = self.store.read(|tx| {
            if tx.restore_to_resume()?.is_some() {
                return Ok(Work::default());
            }
            let mut work = Work { orders: tx.webhook_orders()?, ..Work::default() };
            for row in tx.webhooks()? {
                let is_enabled = row.webhook.settings.is_enabled;
                if row.is_orphaned && is_enabled {
                    work.orphans.push(row.webhook.id);
                    continue;
                }
                work.receivers.push(self.receiver(tx, row, now)?);
            }
            Ok(work)
        });
        read.map_err(refusal_of_read)
    }

    fn receiver(&self, tx: &ReadTx<'_>, row: WebhookRow, now: Moment) -> Result<Receiver, StoreError> {
        let sealed = tx.webhook_secrets(&row.webhook, now)?;
        let secrets = open_secrets(&sealed, |secret| secret.open(&self.key));
        Ok(Receiver {
            unreadable_secrets: sealed.len() - secrets.len(),
            secrets,
            run: row.progress.filter(|_| row.webhook.settings.is_enabled).map(|progress| progress.run),
            webhook: row.webhook,
        })
    }

    /// A webhook as it is now; None if it was deleted or its maker was disabled. Blocks briefly.
    pub fn webhook_receiver(&self, id: WebhookId) -> Result<Option<Receiver>, Refusal> {
        let now = self.machine_now();
        let read = self.store.read(|tx| {
            let row = tx.webhook(id)?.filter(|row| !row.is_orphaned);
            Ok(row.map(|row| self.receiver(tx, row, now)).transpose()?)
        });
        read.map_err(refusal_of_read)
    }

    /// Whether a webhook is still as it was read. Blocks briefly.
    pub fn is_webhook_unchanged(&self, webhook: &Webhook) -> Result<bool, Refusal> {
        self.store.read(|tx| Ok(is_unchanged(tx, webhook)?)).map_err(refusal_of_read)
    }

    /// Where a webhook is, and the event that it waits with. Blocks briefly.
    pub fn webhook_position(&self, webhook: WebhookSerial) -> Result<Option<(Progress, Option<Delivery>)>, Refusal> {
        let read = self.store.read(|tx| {
            let Some(progress) = tx.progress_of_webhook(webhook)? else { return Ok(None) };
            let waiting = tx.pending_delivery(webhook, progress.delivered)?;
            Ok(Some((progress, waiting)))
        });
        read.map_err(refusal_of_read)
    }

    /// The next events of a webhook; None if the webhook is no longer as it was read: what follows the change is not
    /// for its old settings. Blocks. Refusals: they have been pruned.
    pub fn events_for(&self, webhook: &Webhook, wanted: ReadEvents) -> Result<Option<EventPage>, Refusal> {
        let (visibility, now) = (webhook.visibility(), self.now());
        let read = self.store.read(|tx| match is_unchanged(tx, webhook)? {
            true => wanted.run(&View { tx, visibility: &visibility, now }).map(Some),
            false => Ok(None),
        });
        read.map_err(refusal_of_read)
    }

    /// One event that a webhook sees; None if there is none. Blocks briefly.
    pub fn event_for(&self, webhook: &Webhook, event: EventSeq) -> Result<Option<EventRow>, Refusal> {
        let before = EventSeq(event.0.saturating_sub(1));
        let wanted = ReadEvents { after: before, filter: EventFilter::default(), limit: 1 };
        let found = match self.events_for(webhook, wanted) {
            Err(Refusal::EventsPruned { .. }) => return Ok(None),
            found => found?,
        };
        Ok(found.and_then(|page| page.rows.into_iter().find(|row| row.seq == event)))
    }

    /// Stores what has been sent, in one step. Blocks.
    pub fn record_deliveries(self: &Arc<App>, report: Arc<Report>) -> Result<(), Refusal> {
        let (app, now) = (Arc::clone(self), self.now());
        let ticket = self
            .store
            .submit(move |tx| {
                report.tried.iter().try_for_each(|tried| tx.note_attempt(tried))?;
                for (webhook, progress) in &report.advanced {
                    tx.advance_webhook(*webhook, *progress)?;
                }
                report.orders.iter().try_for_each(|order| tx.drop_webhook_order(*order))?;
                for (webhook, reason) in &report.alarms {
                    raise_alert(tx, &app, webhook, reason, now)?;
                }
                for webhook in &report.settled {
                    tx.settle_alert((AlertKind::WebhookFailing, None, &webhook.to_string()), now)?;
                }
                Ok::<_, Failure>(())
            })
            .map_err(refusal_of)?;
        ticket.wait().map_err(refusal_of)?
    }

    /// Disables a webhook, with an alert that says why. Blocks.
    pub fn pause_webhook(self: &Arc<App>, id: WebhookId, reason: &'static str) -> Result<(), Refusal> {
        self.execute_blocking(&self.system_caller(), PauseWebhook { id, reason }).map(|_| ())
    }

    /// Waits for news of events and webhooks; false once the database closes.
    pub fn webhook_news(&self) -> tokio::sync::watch::Receiver<()> {
        self.store.news()
    }
}
