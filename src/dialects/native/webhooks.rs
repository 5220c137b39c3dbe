//! Webhooks: receivers that events are sent to, and what was sent.

use super::events::sequence;
use super::fields;
use super::profiles::Empty;
use super::webhook_messages::{API, secret_text};
use crate::app::events::{
    ChangeWebhook, DeleteWebhook, GetWebhook, ListDeliveries, ListWebhooks, PlacedWebhook, RECEIVER_MAX,
    RedeliverEvent, RegisterWebhook, ReplayFrom, ReplayWebhook, RotateWebhookSecret, SecretWebhook, TestWebhook,
    WebhookChange, WebhookScope,
};
use crate::dialects::kit::formats::{capitals, receiver, rfc3339};
use crate::dialects::kit::{Call, Literal, Rejection, Reply, Sent, optional, required_text};
use crate::domain::events::{Attempt, Delivery, DeliveryState, EventType, Webhook, WebhookSettings};
use crate::domain::ids::EventSeq;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(super) const LIMIT_DEFAULT: u32 = 100;
pub(super) const LIMIT_MAX: u32 = 500;

/// Those of this API: how the others are changed is up to their APIs.
const OWN: WebhookScope = WebhookScope { api: Some(API), principal: None };
const ALL: WebhookScope = WebhookScope { api: None, principal: None };

/// A receiver of events.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Webhook)]
pub(super) struct WebhookView {
    id: String,
    /// The API whose form its events have; only those of `native` are changed here.
    #[schema(example = "native")]
    api: String,
    #[schema(example = "https://crm.example.com/events")]
    url: String,
    /// Types of events, or prefixes such as `account.*`; empty for all.
    #[schema(example = json!(["account.*", "entry.posted"]))]
    types: Vec<String>,
    enabled: bool,
    #[schema(example = "CRM")]
    description: String,
    /// When the server disabled it, because its receiver took nothing for long or its maker was disabled.
    #[schema(required)]
    paused_at: Option<String>,
    created_at: String,
    updated_at: String,
    /// The last event that it is done with; null if it gets none until it is enabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "1207")]
    delivered_seq: Option<String>,
    /// The secret that signs its requests, in the answer that makes it only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: Option<String>,
}

impl WebhookView {
    fn of(webhook: Webhook) -> WebhookView {
        WebhookView {
            id: webhook.id.to_string(),
            api: webhook.api,
            url: webhook.settings.address,
            types: webhook.settings.types,
            enabled: webhook.settings.is_enabled,
            description: webhook.settings.title,
            paused_at: webhook.paused_at.map(|at| at.to_string()),
            created_at: webhook.created_at.to_string(),
            updated_at: webhook.updated_at.to_string(),
            delivered_seq: None,
            secret: None,
        }
    }

    fn placed(PlacedWebhook { webhook, delivered }: PlacedWebhook) -> WebhookView {
        WebhookView { delivered_seq: delivered.map(|seq| seq.to_string()), ..WebhookView::of(webhook) }
    }

    fn secretly(SecretWebhook { webhook, secret, .. }: SecretWebhook) -> WebhookView {
        WebhookView { secret: secret.as_ref().map(secret_text), ..WebhookView::of(webhook) }
    }
}

/// All webhooks, oldest first.
#[derive(Serialize, ToSchema)]
pub(super) struct WebhookList {
    webhooks: Vec<WebhookView>,
}

/// A new webhook, or what changes of one.
#[derive(Deserialize, ToSchema)]
#[schema(as = WebhookBody)]
pub(super) struct WebhookBody {
    /// An http or https URL without a user.
    #[schema(example = "https://crm.example.com/events")]
    url: Option<String>,
    /// Types of events, or prefixes such as `account.*`; empty for all.
    types: Option<Vec<String>>,
    /// Whether it gets events; true for a new one.
    enabled: Option<bool>,
    /// At most 255 characters.
    description: Option<String>,
}

fn checked_url(text: String) -> Result<String, Rejection> {
    optional("url", Some(&text), receiver)?;
    Ok(text)
}

fn checked_types(types: Vec<String>) -> Result<Vec<String>, Rejection> {
    match types.iter().find(|pattern| EventType::matching(pattern).is_empty()) {
        None => Ok(types),
        Some(_) => {
            let known = EventType::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ");
            Err(Rejection::invalid("types", format!("names or beginnings such as account.*, out of {known}")))
        }
    }
}

/// Make a webhook. It gets the events from now on that you see, with your tags.
#[utoipa::path(post, path = "/webhooks", tag = "Webhooks", request_body = WebhookBody,
    responses((status = 200, body = WebhookView)))]
pub(super) async fn create(call: Call) -> Result<Reply, Rejection> {
    call.refuse_rehearsal()?;
    let body: WebhookBody = call.body()?;
    let settings = WebhookSettings {
        address: checked_url(required_text("url", body.url, RECEIVER_MAX)?)?,
        types: checked_types(body.types.unwrap_or_default())?,
        title: body.description.unwrap_or_default(),
        is_enabled: body.enabled.unwrap_or(true),
        delay_ms: None,
        package_bytes: None,
    };
    let command = RegisterWebhook { api: API, settings, has_secret: true };
    call.run(command, |made| Reply::ok(&WebhookView::secretly(made))).await
}

/// List webhooks, of all APIs.
#[utoipa::path(get, path = "/webhooks", tag = "Webhooks", responses((status = 200, body = WebhookList)))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let found = call.ask(ListWebhooks { scope: ALL }).await?;
    Reply::ok(&WebhookList { webhooks: found.into_iter().map(WebhookView::placed).collect() })
}

/// Get a webhook.
#[utoipa::path(get, path = "/webhooks/{id}", tag = "Webhooks",
    params(("id" = Uuid, Path, description = "id of the webhook")), responses((status = 200, body = WebhookView)))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    let query = GetWebhook { id: fields::path_id(&call)?, scope: ALL };
    Reply::ok(&WebhookView::placed(call.ask(query).await?))
}

/// Change a webhook; what is not sent stays. From then on it gets the events that you see. One that was disabled goes
/// on where it stopped.
#[utoipa::path(put, path = "/webhooks/{id}", tag = "Webhooks",
    params(("id" = Uuid, Path, description = "id of the webhook")), request_body = WebhookBody,
    responses((status = 200, body = WebhookView)))]
pub(super) async fn change(call: Call) -> Result<Reply, Rejection> {
    let id = fields::path_id(&call)?;
    let body: WebhookBody = call.body()?;
    let change = WebhookChange {
        address: body.url.filter(|url| !url.is_empty()).map(checked_url).transpose()?,
        types: body.types.map(checked_types).transpose()?,
        title: body.description,
        is_enabled: body.enabled,
        ..WebhookChange::default()
    };
    let command = ChangeWebhook { id, scope: OWN, change, drops_missed: false };
    call.run(command, |webhook| Reply::ok(&WebhookView::of(webhook))).await
}

/// Delete a webhook, with its secrets and the log of its deliveries.
#[utoipa::path(delete, path = "/webhooks/{id}", tag = "Webhooks",
    params(("id" = Uuid, Path, description = "id of the webhook")), responses((status = 200, body = Empty)))]
pub(super) async fn delete(call: Call) -> Result<Reply, Rejection> {
    let command = DeleteWebhook { id: fields::path_id(&call)?, scope: ALL };
    call.run(command, |()| Reply::ok(&Empty {})).await
}

/// Make a new secret. The old one signs beside it for 24 hours.
#[utoipa::path(post, path = "/webhooks/{id}/rotate-secret", tag = "Webhooks",
    params(("id" = Uuid, Path, description = "id of the webhook")), responses((status = 200, body = WebhookView)))]
pub(super) async fn rotate_secret(call: Call) -> Result<Reply, Rejection> {
    call.refuse_rehearsal()?;
    let command = RotateWebhookSecret { id: fields::path_id(&call)?, scope: OWN };
    call.run(command, |made| Reply::ok(&WebhookView::secretly(made))).await
}

/// Send an event of type `webhook.test` once, even if the webhook is disabled. It is listed as a delivery of event 0.
#[utoipa::path(post, path = "/webhooks/{id}/test", tag = "Webhooks",
    params(("id" = Uuid, Path, description = "id of the webhook")), responses((status = 200, body = Empty)))]
pub(super) async fn test(call: Call) -> Result<Reply, Rejection> {
    let command = TestWebhook { id: fields::path_id(&call)?, scope: ALL };
    call.run(command, |()| Reply::ok(&Empty {})).await
}

/// Where a webhook goes on: exactly one of the two.
#[derive(Deserialize, ToSchema)]
#[schema(as = ReplayBody)]
pub(super) struct ReplayBody {
    /// Behind this event.
    #[schema(value_type = Option<String>, example = "1207")]
    after: Option<Literal>,
    /// With the first event recorded at this time or later.
    #[schema(value_type = Option<String>)]
    from: Option<String>,
}

/// Where a webhook goes on.
#[derive(Serialize, ToSchema)]
pub(super) struct Replayed {
    /// Behind this event.
    #[schema(example = "1207")]
    after: String,
}

/// Go on behind an event, or at a time: everything from there on is sent again, in order.
#[utoipa::path(post, path = "/webhooks/{id}/replay", tag = "Webhooks",
    params(("id" = Uuid, Path, description = "id of the webhook")), request_body = ReplayBody,
    responses((status = 200, body = Replayed), (status = 410)))]
pub(super) async fn replay(call: Call) -> Result<Reply, Rejection> {
    let id = fields::path_id(&call)?;
    let body: ReplayBody = call.body()?;
    let after = body.after.as_ref().and_then(Sent::text).map(|text| sequence("after", text)).transpose()?;
    let from = match (after, optional("from", body.from.as_ref(), rfc3339)?) {
        (Some(after), None) => ReplayFrom::After(EventSeq(after)),
        (None, Some(moment)) => ReplayFrom::Moment(moment),
        (None, None) => return Err(Rejection::missing("after")),
        (Some(_), Some(_)) => return Err(Rejection::invalid("from", "send either after or from")),
    };
    let command = ReplayWebhook { id, scope: ALL, from };
    call.run(command, |after| Reply::ok(&Replayed { after: after.to_string() })).await
}

/// One time that an event was sent.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Attempt)]
pub(super) struct AttemptView {
    at: String,
    /// The HTTP status of the answer; null without an answer.
    #[schema(required, example = 503)]
    status: Option<u16>,
    #[schema(example = 41)]
    duration_ms: u32,
    /// Why it failed; empty if it did not.
    #[schema(example = "it answered 503")]
    error: String,
}

/// An event that was sent to a webhook.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Delivery)]
pub(super) struct DeliveryView {
    /// The event; 0 is a test.
    #[schema(example = "1207")]
    event_seq: String,
    /// PENDING (it is sent again), DELIVERED or FAILED (it is not sent again by itself).
    #[schema(example = "PENDING")]
    state: String,
    /// How often it was sent.
    #[schema(example = 3)]
    tries: u32,
    /// The latest 20, oldest first.
    attempts: Vec<AttemptView>,
    /// Null if it is not sent again by itself.
    #[schema(required)]
    next_attempt_at: Option<String>,
}

impl From<Attempt> for AttemptView {
    fn from(Attempt { at, status, duration_ms, error }: Attempt) -> Self {
        AttemptView { at: at.to_string(), status, duration_ms, error }
    }
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        DeliveryView {
            event_seq: delivery.event.to_string(),
            state: delivery.state.name().to_uppercase(),
            tries: delivery.tries,
            attempts: delivery.attempts.into_iter().map(AttemptView::from).collect(),
            next_attempt_at: delivery.next_at.map(|at| at.to_string()),
        }
    }
}

/// Deliveries in the order of events.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Deliveries)]
pub(super) struct DeliveryList {
    deliveries: Vec<DeliveryView>,
    /// Whether there are deliveries after these.
    has_more: bool,
}

/// List what was sent to a webhook lately, in the order of events.
#[utoipa::path(get, path = "/webhooks/{id}/deliveries", tag = "Webhooks",
    params(
        ("id" = Uuid, Path, description = "id of the webhook"),
        ("limit" = Option<u32>, Query, description = "1 to 500, default 100"),
        ("after" = Option<String>, Query, description = "only deliveries of events after this one"),
        ("state" = Option<String>, Query, description = "PENDING, DELIVERED or FAILED; defaults to all"),
    ), responses((status = 200, body = DeliveryList)))]
pub(super) async fn deliveries(call: Call) -> Result<Reply, Rejection> {
    let (id, query) = (fields::path_id(&call)?, call.query());
    let limit = query.within("limit", 1..=LIMIT_MAX)?.unwrap_or(LIMIT_DEFAULT);
    let after = query.one("after")?.map(|text| sequence("after", text)).transpose()?.map(EventSeq);
    let state = query.value("state", capitals(DeliveryState::ALL, DeliveryState::name))?;
    let part = call.ask(ListDeliveries { id, scope: ALL, after, state, limit }).await?;
    let has_more = part.next.is_some();
    Reply::ok(&DeliveryList { deliveries: part.rows.into_iter().map(DeliveryView::from).collect(), has_more })
}

/// Send an event once more, whatever its type and outside of the order. It is not repeated if it fails.
#[utoipa::path(post, path = "/webhooks/{id}/deliveries/{eventSeq}/redeliver", tag = "Webhooks",
    params(
        ("id" = Uuid, Path, description = "id of the webhook"),
        ("eventSeq" = String, Path, description = "sequence number of the event"),
    ), responses((status = 200, body = Empty)))]
pub(super) async fn redeliver(call: Call) -> Result<Reply, Rejection> {
    let event = EventSeq(sequence("eventSeq", call.path("eventSeq"))?);
    let command = RedeliverEvent { id: fields::path_id(&call)?, scope: ALL, event };
    call.run(command, |()| Reply::ok(&Empty {})).await
}
