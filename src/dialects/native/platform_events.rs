//! The feed of trading platforms.

use super::event_body::{EventBody, ReadEvents, read_events};
use crate::app::trading::{EVENTS_AT_ONCE, FeedEvents, Incoming, PlatformZones, SHORT_FEED, Status, Taken};
use crate::dialects::kit::formats::one_of;
use crate::dialects::kit::{Call, Rejection, Reply};
use crate::domain::trading::{EVENTS_MAX, Verdict};
use serde::Serialize;
use utoipa::ToSchema;

/// The body limit as a multiple of the usual one: 16 MiB.
pub(super) const BODY_LIMIT_FACTOR: usize = 16;

/// What became of an event.
#[derive(Serialize, ToSchema)]
#[schema(as = EventResult)]
pub(super) struct ResultView {
    /// The place of the event in the call, from 0.
    index: usize,
    /// accepted, duplicate, parked or refused.
    #[schema(example = "parked")]
    status: &'static str,
    /// Why it was not accepted; a word that does not change.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "unknown_symbol")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "String::is_empty")]
    message: String,
}

/// What became of the events of a call.
#[derive(Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FeedReport)]
pub(super) struct FeedView {
    #[schema(example = 1)]
    accepted: usize,
    /// They came before; nothing changed.
    #[schema(example = 0)]
    duplicates: usize,
    /// They wait for something; see `GET /platform/parked`.
    #[schema(example = 0)]
    parked: usize,
    #[schema(example = 0)]
    refused: usize,
    /// Of each event that was not accepted; of all with `results=all`.
    results: Vec<ResultView>,
    /// Members of the events that this version does not know; omitted if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown_members: Vec<String>,
}

impl FeedView {
    fn add(&mut self, index: usize, taken: Taken, with_all: bool) {
        let count = match taken.status {
            Status::Accepted => &mut self.accepted,
            Status::Duplicate => &mut self.duplicates,
            Status::Parked => &mut self.parked,
            Status::Refused => &mut self.refused,
        };
        *count += 1;
        if with_all || taken.status != Status::Accepted {
            let (status, reason) = (taken.status.name(), taken.reason.map(Verdict::name));
            self.results.push(ResultView { index, status, reason, message: taken.message });
        }
    }
}

/// Feed what happened on a trading platform: orders, executions, corrections, charges, quotes, snapshots.
///
/// At most 10,000 events and 16 MiB, as a JSON array, one object, or NDJSON. Each event is taken or not on its own, and
/// sending one again changes nothing.
#[utoipa::path(post, path = "/platform/events", tag = "Trading data",
    params(("results" = Option<String>, Query, description = "all, to get a result for each event")),
    request_body(content((EventBody = "application/json"), (String = "application/x-ndjson"))),
    responses((status = 200, body = FeedView)))]
pub(super) async fn feed(call: Call) -> Result<Reply, Rejection> {
    let with_all = call.query().value("results", one_of(&[("all", true), ("others", false)]))?.unwrap_or(false);
    let ReadEvents { events, unknown_members } = {
        let items = items(&call)?;
        let zones = call.ask_ahead(PlatformZones).await?;
        read_events(items, &zones)
    };
    let mut view = FeedView { unknown_members: unknown_members.into_iter().collect(), ..FeedView::default() };
    let mut is_replayed = true;
    let mut events = events.into_iter().peekable();
    let (mut index, mut number) = (0, 0);
    while events.peek().is_some() {
        let part: Vec<Incoming> = events.by_ref().take(EVENTS_AT_ONCE).collect();
        let done = if part.len() > SHORT_FEED {
            call.run_part(number, FeedEvents::<true> { events: part }).await?
        } else {
            call.run_part(number, FeedEvents::<false> { events: part }).await?
        };
        is_replayed &= done.replayed;
        number += 1;
        for taken in done.outcome {
            view.add(index, taken, with_all);
            index += 1;
        }
    }
    Ok(Reply::ok(&view)?.replayed(is_replayed))
}

/// The texts of the events in a body.
fn items(call: &Call) -> Result<Vec<&[u8]>, Rejection> {
    let content_type = call.header("content-type").unwrap_or("application/json");
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let body = call.raw_body()?;
    let items = match essence.as_str() {
        "application/json" => values(body)?,
        "application/x-ndjson" | "application/ndjson" => lines(body),
        _ => return Err(Rejection::WrongContentType),
    };
    if !(1..=EVENTS_MAX).contains(&items.len()) {
        return Err(Rejection::MalformedBody { reason: format!("send 1 to {EVENTS_MAX} events") });
    }
    Ok(items)
}

/// The lines that are not blank.
fn lines(body: &[u8]) -> Vec<&[u8]> {
    body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()).collect()
}

/// The items of a JSON array, or a lone object. Each is read later on its own, so that a bad one does not affect the
/// others; an array that breaks off ends with what is left.
fn values(body: &[u8]) -> Result<Vec<&[u8]>, Rejection> {
    let malformed = |reason: &str| Rejection::MalformedBody { reason: reason.into() };
    let body = body.trim_ascii();
    let inside = match body.first() {
        Some(b'{') => return Ok(vec![body]),
        Some(b'[') => &body[1..],
        _ => return Err(malformed("expected an array of events")),
    };
    let (mut items, mut from, mut depth, mut in_text, mut is_escaped) = (Vec::new(), 0, 0usize, false, false);
    for (at, byte) in inside.iter().enumerate() {
        match (in_text, *byte) {
            (true, _) if is_escaped => is_escaped = false,
            (true, b'\\') => is_escaped = true,
            (_, b'"') => in_text = !in_text,
            (false, b'[' | b'{') => depth += 1,
            (false, b',') if depth == 0 => {
                items.push(inside[from..at].trim_ascii());
                from = at + 1;
            }
            (false, b']') if depth == 0 => {
                let last = inside[from..at].trim_ascii();
                if !(last.is_empty() && items.is_empty()) {
                    items.push(last);
                }
                let is_end = inside[at + 1..].trim_ascii().is_empty();
                return if is_end { Ok(items) } else { Err(malformed("something follows the array")) };
            }
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    items.push(inside[from..].trim_ascii());
    Ok(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(body: &str) -> Vec<&str> {
        values(body.as_bytes()).unwrap().into_iter().map(|item| std::str::from_utf8(item).unwrap()).collect()
    }

    #[test]
    fn an_array_is_split_into_its_items() {
        assert_eq!(split("[]"), [""; 0]);
        assert_eq!(split(" { } "), ["{ }"]);
        assert_eq!(split(r#"[{"a":[1,2]}, {"b":"],}\"["} ,5]"#), [r#"{"a":[1,2]}"#, r#"{"b":"],}\"["}"#, "5"]);
        assert_eq!(split(r#"[{"a":1},{"b":"#), [r#"{"a":1}"#, r#"{"b":"#]);
        assert_eq!(split("[{},"), ["{}", ""]);
        for bad in ["", "5", "\"x\"", "[1] 2"] {
            assert!(values(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn blank_lines_are_skipped() {
        assert_eq!(lines(b"{}\r\n\n  \n{\"a\":1}"), [&b"{}"[..], b"{\"a\":1}"]);
    }
}
