//! Webhooks: made, changed, tested, and set to another event. Who may make one decides where events of clients go.

use crate::app::{Command, Context, Failure, Query, View};
use crate::domain::access::{ObjectKind, Right, Visibility};
use crate::domain::clock::{Moment, Randomness};
use crate::domain::events::{Delivery, DeliveryState, Webhook, WebhookSettings};
use crate::domain::ids::{EventSeq, PrincipalSerial, WebhookId};
use crate::domain::page::{Part, Position};
use crate::domain::refusal::{Field, Noun, Refusal};
use crate::domain::text;
use crate::domain::trading::AlertKind;
use crate::store::{EventFilter, Feed, NewWebhook, ReadTx, SealedSecret, WebhookRow};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// The most webhooks of an installation.
pub const WEBHOOKS_MAX: usize = 100;
/// The longest address of a receiver, in characters.
pub const RECEIVER_MAX: usize = 1000;
/// The most types of events that a webhook names, and the longest one, in characters.
pub const TYPES_MAX: usize = 100;
pub const TYPE_MAX: usize = 64;
/// The longest title, in characters.
pub const TITLE_MAX: usize = 255;
/// The most tests and repeated deliveries of a webhook that may wait.
const ORDERS_MAX: u32 = 100;
/// Bytes of a secret.
const SECRET_BYTES: usize = 32;
/// How long a replaced secret signs beside the new one, in seconds.
const OVERLAP_S: i64 = 86_400;

/// The webhooks that a caller of an API works with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct WebhookScope {
    /// Those of this API; None for all.
    pub api: Option<&'static str>,
    /// Those that this principal made or changed last; None for all.
    pub principal: Option<PrincipalSerial>,
}

impl WebhookScope {
    fn find(self, tx: &ReadTx<'_>, id: WebhookId, visibility: &Visibility) -> Result<WebhookRow, Failure> {
        let found = tx.webhook(id)?.filter(|row| self.includes(&row.webhook, visibility));
        Ok(found.ok_or(Refusal::not_found(Noun::Webhook))?)
    }

    fn includes(self, webhook: &Webhook, visibility: &Visibility) -> bool {
        self.api.is_none_or(|api| webhook.api == api)
            && self.principal.is_none_or(|principal| webhook.principal == principal)
            && webhook.is_visible(visibility)
    }
}

/// What signs the requests of a webhook. Its bytes are shown once, to who made it.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(pub Vec<u8>);

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret")
    }
}

impl WebhookSecret {
    fn new(randomness: &dyn Randomness) -> WebhookSecret {
        let mut bytes = vec![0; SECRET_BYTES];
        randomness.fill(&mut bytes);
        WebhookSecret(bytes)
    }
}

/// A webhook, and the secret that was made for it. The secret is stored sealed only, and so not with the outcome.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SecretWebhook {
    pub webhook: Webhook,
    secret_row: Option<i64>,
    /// None if it has none, or if it no longer signs.
    #[serde(skip)]
    pub secret: Option<WebhookSecret>,
}

impl SecretWebhook {
    fn recall(self, context: &Context<'_>) -> Result<SecretWebhook, Failure> {
        let secrets = context.tx.webhook_secrets(&self.webhook, context.app.machine_now())?;
        let own = secrets.iter().find(|secret| Some(secret.row) == self.secret_row);
        let secret = own.and_then(|secret| secret.open(context.app.key())).map(WebhookSecret);
        Ok(SecretWebhook { secret, ..self })
    }
}

/// Makes a secret, and seals it. The earlier one signs for a while beside it.
fn add_secret(context: &Context<'_>, webhook: Webhook) -> Result<SecretWebhook, Failure> {
    let (now, secret) = (context.app.machine_now(), WebhookSecret::new(context.app.randomness()));
    let row = context.tx.add_webhook_secret(&webhook, (&secret.0, context.app.key()), (now, now.plus_s(OVERLAP_S)))?;
    if row.is_none() {
        tracing::error!("failed to seal the secret of a webhook");
        return Err(Refusal::Internal.into());
    }
    Ok(SecretWebhook { webhook, secret_row: row, secret: Some(secret) })
}

/// Refuses texts that are too long. What an address looks like, its API has checked.
fn checked(settings: WebhookSettings) -> Result<WebhookSettings, Refusal> {
    if settings.address.chars().count() > RECEIVER_MAX {
        return Err(Refusal::out_of_range(Field::Receiver, format!("at most {RECEIVER_MAX} characters")));
    }
    if settings.types.len() > TYPES_MAX || settings.types.iter().any(|name| name.chars().count() > TYPE_MAX) {
        let reason = format!("at most {TYPES_MAX} types with at most {TYPE_MAX} characters each");
        return Err(Refusal::out_of_range(Field::EventTypes, reason));
    }
    Ok(WebhookSettings { title: text::note(Field::Purpose, settings.title, TITLE_MAX)?, ..settings })
}

fn tags_of(context: &Context<'_>) -> Option<BTreeSet<String>> {
    match context.visibility() {
        Visibility::Everything => None,
        Visibility::Tagged(tags) => Some(tags.clone()),
    }
}

/// Makes a webhook, which gets the events from now on that its maker sees.
///
/// Refusals: no right to read events; an address or a title that is too long; too many webhooks.
pub struct RegisterWebhook {
    /// The API whose form its events have.
    pub api: &'static str,
    pub settings: WebhookSettings,
    /// Whether a secret signs its requests.
    pub has_secret: bool,
}

impl Command for RegisterWebhook {
    type Outcome = SecretWebhook;
    const ACTION: &'static str = "webhook.register";
    const RIGHT: Right = Right::WriteWebhooks;

    fn run(self, context: &Context<'_>) -> Result<SecretWebhook, Failure> {
        context.require(Right::ReadEvents)?;
        let settings = checked(self.settings)?;
        if context.tx.webhooks()?.len() >= WEBHOOKS_MAX {
            let reason = format!("there are {WEBHOOKS_MAX} webhooks, the most there can be; delete one");
            return Err(Refusal::invalid(Field::Receiver, reason).into());
        }
        let id = WebhookId::new(context.now, context.app.randomness());
        let (principal, tags) = (context.caller.principal.serial, tags_of(context));
        let new = NewWebhook { id, api: self.api, principal, tags: tags.as_ref(), settings: &settings };
        let serial = context.tx.add_webhook(&new, context.now)?;
        context.tx.place_webhook(serial, context.tx.feed()?.last)?;
        context.concerns(ObjectKind::Webhook, id.uuid());
        let webhook = Webhook {
            serial,
            id,
            api: self.api.to_owned(),
            principal,
            tags,
            settings,
            paused_at: None,
            created_at: context.now,
            updated_at: context.now,
        };
        if self.has_secret {
            return add_secret(context, webhook);
        }
        Ok(SecretWebhook { webhook, secret_row: None, secret: None })
    }

    fn recall(context: &Context<'_>, outcome: SecretWebhook) -> Result<SecretWebhook, Failure> {
        outcome.recall(context)
    }
}

/// Members that are None stay as they are.
#[derive(Clone, Debug, Default)]
pub struct WebhookChange {
    pub address: Option<String>,
    pub types: Option<Vec<String>>,
    pub title: Option<String>,
    pub is_enabled: Option<bool>,
    pub delay_ms: Option<u32>,
    pub package_bytes: Option<u32>,
}

/// Changes a webhook. From then on it gets the events that this caller sees.
///
/// Refusals: no right to read events; unknown or hidden; an address or a title that is too long.
pub struct ChangeWebhook {
    pub id: WebhookId,
    pub scope: WebhookScope,
    pub change: WebhookChange,
    /// Whether what happens while it is disabled is not for it. Otherwise it goes on where it stopped.
    pub drops_missed: bool,
}

impl Command for ChangeWebhook {
    type Outcome = Webhook;
    const ACTION: &'static str = "webhook.change";
    const RIGHT: Right = Right::WriteWebhooks;

    fn run(self, context: &Context<'_>) -> Result<Webhook, Failure> {
        context.require(Right::ReadEvents)?;
        let row = self.scope.find(context.tx, self.id, context.visibility())?;
        context.concerns(ObjectKind::Webhook, self.id.uuid());
        let (before, WebhookChange { address, types, title, is_enabled, delay_ms, package_bytes }) =
            (row.webhook.settings.clone(), self.change);
        let settings = checked(WebhookSettings {
            address: address.unwrap_or(before.address),
            types: types.unwrap_or(before.types),
            title: title.unwrap_or(before.title),
            is_enabled: is_enabled.unwrap_or(before.is_enabled),
            delay_ms: delay_ms.or(before.delay_ms),
            package_bytes: package_bytes.or(before.package_bytes),
        })?;
        let paused_at = row.webhook.paused_at.filter(|_| !settings.is_enabled);
        let webhook = Webhook {
            principal: context.caller.principal.serial,
            tags: tags_of(context),
            paused_at,
            settings,
            updated_at: context.now,
            ..row.webhook
        };
        context.tx.change_webhook(&webhook, context.now)?;
        if self.drops_missed {
            match (row.progress, webhook.settings.is_enabled) {
                (Some(_), false) => context.tx.displace_webhook(webhook.serial)?,
                (None, true) => context.tx.place_webhook(webhook.serial, context.tx.feed()?.last)?,
                (Some(_), true) | (None, false) => {}
            }
        }
        if webhook.settings.is_enabled {
            let about = webhook.id.to_string();
            context.tx.settle_alert((AlertKind::WebhookFailing, None, &about), context.now)?;
        }
        Ok(webhook)
    }
}

/// Deletes a webhook with the log of its deliveries. Refusals: unknown or hidden.
pub struct DeleteWebhook {
    pub id: WebhookId,
    pub scope: WebhookScope,
}

impl Command for DeleteWebhook {
    type Outcome = ();
    const ACTION: &'static str = "webhook.delete";
    const RIGHT: Right = Right::WriteWebhooks;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let WebhookRow { webhook, .. } = self.scope.find(context.tx, self.id, context.visibility())?;
        context.concerns(ObjectKind::Webhook, self.id.uuid());
        context.tx.settle_alert((AlertKind::WebhookFailing, None, &webhook.id.to_string()), context.now)?;
        Ok(context.tx.delete_webhook(webhook.serial)?)
    }
}

/// Makes a new secret. The old one signs beside it for a day. Refusals: no right to read events; unknown or hidden.
pub struct RotateWebhookSecret {
    pub id: WebhookId,
    pub scope: WebhookScope,
}

impl Command for RotateWebhookSecret {
    type Outcome = SecretWebhook;
    const ACTION: &'static str = "webhook.rotate_secret";
    const RIGHT: Right = Right::WriteWebhooks;

    fn run(self, context: &Context<'_>) -> Result<SecretWebhook, Failure> {
        context.require(Right::ReadEvents)?;
        let WebhookRow { webhook, .. } = self.scope.find(context.tx, self.id, context.visibility())?;
        context.concerns(ObjectKind::Webhook, self.id.uuid());
        add_secret(context, webhook)
    }

    fn recall(context: &Context<'_>, outcome: SecretWebhook) -> Result<SecretWebhook, Failure> {
        outcome.recall(context)
    }
}

/// Sends a test to a webhook, even if it is disabled. Refusals: unknown or hidden; too many wait.
pub struct TestWebhook {
    pub id: WebhookId,
    pub scope: WebhookScope,
}

impl Command for TestWebhook {
    type Outcome = ();
    const ACTION: &'static str = "webhook.test";
    const RIGHT: Right = Right::WriteWebhooks;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let WebhookRow { webhook, .. } = self.scope.find(context.tx, self.id, context.visibility())?;
        context.concerns(ObjectKind::Webhook, self.id.uuid());
        order(context, &webhook, EventSeq(0))
    }
}

fn order(context: &Context<'_>, webhook: &Webhook, event: EventSeq) -> Result<(), Failure> {
    if context.tx.count_webhook_orders(webhook.serial)? >= ORDERS_MAX {
        return Err(Refusal::Busy { retry_after_s: 5 }.into());
    }
    Ok(context.tx.add_webhook_order(webhook.serial, event)?)
}

/// Sends an event to a webhook once more, whatever its type and outside of the order.
///
/// Refusals: no right to read events; unknown or hidden; the event is pruned, or not one that the webhook sees; too
/// many wait.
pub struct RedeliverEvent {
    pub id: WebhookId,
    pub scope: WebhookScope,
    pub event: EventSeq,
}

impl Command for RedeliverEvent {
    type Outcome = ();
    const ACTION: &'static str = "webhook.redeliver";
    const RIGHT: Right = Right::WriteWebhooks;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        context.require(Right::ReadEvents)?;
        let WebhookRow { webhook, .. } = self.scope.find(context.tx, self.id, context.visibility())?;
        context.concerns(ObjectKind::Webhook, self.id.uuid());
        let before = EventSeq(self.event.0.saturating_sub(1));
        let (all, visibility) = (EventFilter::default(), webhook.visibility());
        if context.tx.events(&all, &visibility, before, self.event, 1)?.is_empty() {
            return Err(Refusal::not_found(Noun::Delivery).into());
        }
        order(context, &webhook, self.event)
    }
}

/// Where a webhook goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReplayFrom {
    /// With the event after this one.
    After(EventSeq),
    /// With the first event that was recorded at this moment or later.
    Moment(Moment),
}

/// Sets a webhook to another event: it gets everything after that, in order.
///
/// Refusals: no right to read events; unknown or hidden; the events are pruned; there is no such event yet.
pub struct ReplayWebhook {
    pub id: WebhookId,
    pub scope: WebhookScope,
    pub from: ReplayFrom,
}

impl Command for ReplayWebhook {
    /// The event after which it goes on.
    type Outcome = EventSeq;
    const ACTION: &'static str = "webhook.replay";
    const RIGHT: Right = Right::WriteWebhooks;

    fn run(self, context: &Context<'_>) -> Result<EventSeq, Failure> {
        context.require(Right::ReadEvents)?;
        let WebhookRow { webhook, .. } = self.scope.find(context.tx, self.id, context.visibility())?;
        context.concerns(ObjectKind::Webhook, self.id.uuid());
        let Feed { pruned, last } = context.tx.feed()?;
        let after = match self.from {
            ReplayFrom::After(after) => after,
            ReplayFrom::Moment(moment) => context.tx.last_event_before(moment)?.unwrap_or(pruned),
        };
        if after < pruned {
            return Err(Refusal::EventsPruned { oldest: pruned.0 + 1 }.into());
        }
        if after > last {
            return Err(Refusal::out_of_range(Field::After, format!("the last event is {last}")).into());
        }
        context.explain("after", after.0);
        context.tx.place_webhook(webhook.serial, after)?;
        Ok(after)
    }
}

/// Disables a webhook whose receiver takes nothing, or whose maker was disabled.
pub(in crate::app) struct PauseWebhook {
    pub(in crate::app) id: WebhookId,
    /// What the alert says.
    pub(in crate::app) reason: &'static str,
}

impl Command for PauseWebhook {
    type Outcome = ();
    const ACTION: &'static str = "webhook.pause";
    const RIGHT: Right = Right::Administer;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        context.concerns(ObjectKind::Webhook, self.id.uuid());
        let Some(row) = context.tx.webhook(self.id)?.filter(|row| row.webhook.settings.is_enabled) else {
            return Ok(());
        };
        let settings = WebhookSettings { is_enabled: false, ..row.webhook.settings };
        let webhook = Webhook { paused_at: Some(context.now), settings, ..row.webhook };
        context.explain("reason", self.reason);
        context.tx.change_webhook(&webhook, context.now)?;
        super::delivery::raise_alert(context.tx, context.app, &webhook, self.reason, context.now)?;
        Ok(())
    }
}

/// A webhook with the last event that it is done with; None if it is disabled and missed events are not for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlacedWebhook {
    pub webhook: Webhook,
    pub delivered: Option<EventSeq>,
}

impl From<WebhookRow> for PlacedWebhook {
    fn from(WebhookRow { webhook, progress, .. }: WebhookRow) -> Self {
        PlacedWebhook { webhook, delivered: progress.map(|progress| progress.delivered) }
    }
}

/// All webhooks, oldest first.
pub struct ListWebhooks {
    pub scope: WebhookScope,
}

impl Query for ListWebhooks {
    type Answer = Vec<PlacedWebhook>;
    const RIGHT: Right = Right::ReadWebhooks;

    fn run(self, view: &View<'_>) -> Result<Vec<PlacedWebhook>, Failure> {
        let rows = view.tx.webhooks()?.into_iter();
        Ok(rows.filter(|row| self.scope.includes(&row.webhook, view.visibility)).map(PlacedWebhook::from).collect())
    }
}

/// One webhook. Refusals: unknown or hidden.
pub struct GetWebhook {
    pub id: WebhookId,
    pub scope: WebhookScope,
}

impl Query for GetWebhook {
    type Answer = PlacedWebhook;
    const RIGHT: Right = Right::ReadWebhooks;

    fn run(self, view: &View<'_>) -> Result<PlacedWebhook, Failure> {
        Ok(self.scope.find(view.tx, self.id, view.visibility)?.into())
    }
}

/// What was sent to a webhook, in the order of events; a test comes first. Refusals: unknown or hidden.
pub struct ListDeliveries {
    pub id: WebhookId,
    pub scope: WebhookScope,
    /// Only deliveries of events after this one; None for all.
    pub after: Option<EventSeq>,
    pub state: Option<DeliveryState>,
    pub limit: u32,
}

impl Query for ListDeliveries {
    type Answer = Part<Delivery>;
    const RIGHT: Right = Right::ReadWebhooks;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<Part<Delivery>, Failure> {
        let WebhookRow { webhook, .. } = self.scope.find(view.tx, self.id, view.visibility)?;
        let after = self.after.unwrap_or(EventSeq(-1));
        let rows = view.tx.deliveries(webhook.serial, after, self.state, self.limit.saturating_add(1))?;
        Ok(Part::cut(rows, self.limit, |delivery| Position::of(delivery.event.0)))
    }
}

/// The secrets that sign at a moment of the machine's clock, newest first, each with its end.
pub(super) fn open_secrets(
    sealed: &[SealedSecret],
    open: impl Fn(&SealedSecret) -> Option<Vec<u8>>,
) -> Vec<(WebhookSecret, Option<Moment>)> {
    sealed.iter().filter_map(|secret| Some((WebhookSecret(open(secret)?), secret.ends_at))).collect()
}
