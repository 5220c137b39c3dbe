//! Webhooks: receivers that events are sent to.

use crate::domain::access::Visibility;
use crate::domain::clock::Moment;
use crate::domain::events::EventType;
use crate::domain::ids::{EventSeq, PrincipalSerial, WebhookId, WebhookSerial};
use crate::domain::named::named_enum;
use std::collections::BTreeSet;

/// What can be changed about a webhook. The API that it belongs to has checked it.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct WebhookSettings {
    pub address: String,
    /// Types of events in the words of its API; empty for all.
    pub types: Vec<String>,
    pub title: String,
    pub is_enabled: bool,
    /// How long events are collected for one request; None if they are not.
    pub delay_ms: Option<u32>,
    /// The size at which a request is full; None for one event in each.
    pub package_bytes: Option<u32>,
}

#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Webhook {
    pub serial: WebhookSerial,
    pub id: WebhookId,
    /// The name of the API whose form its events have.
    pub api: String,
    /// Who made it or changed it last.
    pub principal: PrincipalSerial,
    /// The tags that limited that caller, and limit the events; None for all clients.
    pub tags: Option<BTreeSet<String>>,
    pub settings: WebhookSettings,
    /// When the server disabled it because of its receiver or its maker.
    pub paused_at: Option<Moment>,
    pub created_at: Moment,
    pub updated_at: Moment,
}

impl Webhook {
    /// The clients whose events it gets.
    pub fn visibility(&self) -> Visibility {
        self.tags.clone().map_or(Visibility::Everything, Visibility::Tagged)
    }

    /// Whether a caller may see and change it: whoever could change more than that would read events of others.
    pub fn is_visible(&self, to: &Visibility) -> bool {
        match (to, &self.tags) {
            (Visibility::Everything, _) => true,
            (Visibility::Tagged(_), None) => false,
            (Visibility::Tagged(seen), Some(tags)) => tags.is_subset(seen),
        }
    }
}

/// Where a webhook is in the sequence of events.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// The last event that it is done with.
    pub delivered: EventSeq,
    /// Rises when it is set to another event.
    pub run: i64,
}

named_enum! {
    pub enum DeliveryState {
        /// It was sent, and will be sent again.
        Pending = "pending",
        Delivered = "delivered",
        /// It was sent, and will not be sent again by itself.
        Failed = "failed",
    }
}

/// One time that an event was sent.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Attempt {
    pub at: Moment,
    /// The status of the answer; None without an answer.
    pub status: Option<u16>,
    pub duration_ms: u32,
    /// Why it failed; empty if it did not.
    pub error: String,
}

impl Attempt {
    /// The most that are kept of a delivery.
    pub const KEPT_MAX: usize = 20;

    /// The stored text of the latest attempts. Fails like JSON, which it is.
    pub fn encode(attempts: &[Attempt]) -> Result<String, serde_json::Error> {
        serde_json::to_string(attempts.get(attempts.len().saturating_sub(Attempt::KEPT_MAX)..).unwrap_or_default())
    }

    /// Reads such a text; None if it is none.
    pub fn decode(text: &str) -> Option<Vec<Attempt>> {
        serde_json::from_str(text).ok()
    }
}

/// An event that was sent to a webhook.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delivery {
    /// Zero for a test.
    pub event: EventSeq,
    pub state: DeliveryState,
    pub tries: u32,
    /// The latest ones, oldest first.
    pub attempts: Vec<Attempt>,
    /// When the present series of attempts began.
    pub first_at: Moment,
    pub last_at: Moment,
    /// None if it is not sent again by itself.
    pub next_at: Option<Moment>,
}

/// Which receivers events may be sent to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Reach {
    /// Those in public networks.
    #[default]
    Public,
    /// The same, and this machine.
    PublicAndLoopback,
    All,
}

/// How an API repeats what failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pace {
    /// The waits between attempts, in seconds; the last one repeats, and raises an alert.
    pub waits_s: &'static [u32],
    /// Whether a webhook is paused if its receiver takes nothing for long.
    pub is_paused: bool,
}

impl Pace {
    /// The wait after so many failed attempts, in seconds.
    pub fn wait_s(self, failed: u32) -> u32 {
        let index = usize::try_from(failed.saturating_sub(1)).unwrap_or(usize::MAX);
        self.waits_s.get(index).or(self.waits_s.last()).copied().unwrap_or(60)
    }

    /// Whether so many failed attempts are worth an alert.
    pub fn is_alarming(self, failed: u32) -> bool {
        usize::try_from(failed).unwrap_or(usize::MAX) >= self.waits_s.len()
    }
}

/// The types that a list of patterns selects, such as `account.*`; None for all. Patterns that match nothing are
/// passed over.
pub fn types_matching(patterns: &[String]) -> Option<Vec<EventType>> {
    (!patterns.is_empty()).then(|| patterns.iter().flat_map(|pattern| EventType::matching(pattern)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(tags: Option<&[&str]>) -> Webhook {
        let settings = WebhookSettings {
            address: "x".into(),
            types: Vec::new(),
            title: String::new(),
            is_enabled: true,
            delay_ms: None,
            package_bytes: None,
        };
        Webhook {
            serial: WebhookSerial(1),
            id: WebhookId::from(uuid::Uuid::nil()),
            api: "native".into(),
            principal: PrincipalSerial(2),
            tags: tags.map(|tags| tags.iter().map(|tag| (*tag).to_owned()).collect()),
            settings,
            paused_at: None,
            created_at: Moment::from_unix_ms(0),
            updated_at: Moment::from_unix_ms(0),
        }
    }

    #[test]
    fn nobody_sees_a_webhook_that_sees_more() {
        let tagged = |tags: &[&str]| Visibility::Tagged(tags.iter().map(|tag| (*tag).to_owned()).collect());
        for (tags, caller, is_visible) in [
            (None, Visibility::Everything, true),
            (None, tagged(&["a"]), false),
            (Some(&["a"][..]), Visibility::Everything, true),
            (Some(&["a"][..]), tagged(&["a", "b"]), true),
            (Some(&["a", "b"][..]), tagged(&["a"]), false),
            (Some(&[][..]), tagged(&[]), true),
        ] {
            assert_eq!(webhook(tags).is_visible(&caller), is_visible, "{tags:?} {caller:?}");
        }
    }

    #[test]
    fn the_last_wait_repeats_and_is_alarming() {
        let pace = Pace { waits_s: &[1, 2, 3], is_paused: false };
        assert_eq!([1, 2, 3, 4, 100].map(|failed| pace.wait_s(failed)), [1, 2, 3, 3, 3]);
        assert_eq!([1, 2, 3, 4].map(|failed| pace.is_alarming(failed)), [false, false, true, true]);
    }
}
