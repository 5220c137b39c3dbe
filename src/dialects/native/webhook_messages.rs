//! Requests to webhooks of the native API: one event in each, as `GET /events` shows it, signed as Standard Webhooks
//! ("Standard Webhooks Specification", symmetric signatures).

use super::events::{ActorView, EventView};
use crate::app::App;
use crate::app::events::{Envelope, EventFilter, EventRow, Messenger, Outgoing, WebhookSecret};
use crate::dialects::kit::Rejection;
use crate::domain::events::{Pace, Webhook, types_matching};
use crate::domain::refusal::Refusal;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;
use uuid::Uuid;

/// The name of this API in webhooks.
pub(super) const API: &str = "native";

/// The type of the event that a test sends.
const TEST: &str = "webhook.test";

/// Seconds between attempts; then every hour.
const PACE: Pace = Pace { waits_s: &[1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600], is_paused: true };

/// The secret as receivers get it.
pub(super) fn secret_text(secret: &WebhookSecret) -> String {
    format!("whsec_{}", STANDARD.encode(&secret.0))
}

pub struct StandardWebhooks;

impl Messenger for StandardWebhooks {
    fn api(&self) -> &'static str {
        API
    }

    fn filter(&self, types: &[String]) -> EventFilter {
        EventFilter { kinds: types_matching(types) }
    }

    fn messages(&self, _app: &App, _webhook: &Webhook, event: EventRow) -> Result<Vec<Vec<u8>>, Refusal> {
        let view = EventView::of(event).map_err(|rejection| match rejection {
            Rejection::Refused(refusal) => refusal,
            _ => Refusal::Internal,
        })?;
        Ok(vec![json(&view)?])
    }

    fn test(&self, app: &App, webhook: &Webhook) -> Result<Vec<u8>, Refusal> {
        json(&EventView {
            seq: "0".into(),
            kind: TEST,
            object_id: webhook.id.to_string(),
            profile_id: None,
            actor: ActorView { id: Uuid::nil().to_string(), name: "system".into() },
            recorded_at: app.now().to_string(),
            data: RawValue::from_string("{}".into()).map_err(|_| Refusal::Internal)?,
        })
    }

    fn request(&self, _app: &App, envelope: &Envelope<'_>) -> Result<Outgoing, Refusal> {
        let [body] = envelope.messages else { return Err(Refusal::Internal) };
        let timestamp = envelope.at.unix_s().to_string();
        let signed = [envelope.id.as_bytes(), timestamp.as_bytes(), body].join(&b'.');
        let signatures: Vec<String> = envelope.secrets.iter().map(|secret| signature(secret, &signed)).collect();
        Ok(Outgoing {
            headers: vec![
                ("content-type", "application/json".into()),
                ("webhook-id", envelope.id.to_owned()),
                ("webhook-timestamp", timestamp),
                ("webhook-signature", signatures.join(" ")),
            ],
            body: body.clone(),
        })
    }

    fn pace(&self) -> Pace {
        PACE
    }
}

fn signature(secret: &WebhookSecret, signed: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &secret.0);
    format!("v1,{}", STANDARD.encode(hmac::sign(&key, signed)))
}

fn json(view: &EventView) -> Result<Vec<u8>, Refusal> {
    serde_json::to_vec(view).map_err(|error| {
        tracing::error!(%error, "an event has no JSON form");
        Refusal::Internal
    })
}
