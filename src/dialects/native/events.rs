//! Events: read in pages, or followed as a stream.

use super::{event_data, event_stream};
use crate::app::events::{BookLine, CheckpointPage, EventFilter, EventPage, EventRow, ReadCheckpoint, ReadEvents};
use crate::dialects::kit::{Call, ExactNumber, QueryParams, Rejection, Reply};
use crate::domain::events::{BookBalances, EventType};
use crate::domain::ids::{BookId, EventSeq};
use crate::domain::refusal::Refusal;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// One change of one object.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Event)]
pub(super) struct EventView {
    /// Increases with every event; send the last one as `after` to read on.
    #[schema(example = "1207")]
    pub(super) seq: String,
    /// The kind of object and what happened to it.
    #[serde(rename = "type")]
    #[schema(example = "entry.posted")]
    pub(super) kind: &'static str,
    /// The object that changed.
    pub(super) object_id: String,
    /// The client concerned, if any.
    pub(super) profile_id: Option<String>,
    /// The operator who made the change, or the system.
    pub(super) actor: ActorView,
    pub(super) recorded_at: String,
    /// The object after the change, without comments, reasons and personal data.
    #[schema(value_type = Object)]
    pub(super) data: Box<RawValue>,
}

/// An operator, or the system.
#[derive(Serialize, ToSchema)]
#[schema(as = Actor)]
pub(super) struct ActorView {
    pub(super) id: String,
    #[schema(example = "ada")]
    pub(super) name: String,
}

impl EventView {
    pub(super) fn of(row: EventRow) -> Result<EventView, Rejection> {
        let seq = row.seq;
        Ok(EventView {
            seq: seq.to_string(),
            kind: row.kind.name(),
            object_id: row.object.to_string(),
            profile_id: row.profile.map(|id| id.to_string()),
            actor: ActorView { id: row.actor.to_string(), name: row.actor_name.clone() },
            recorded_at: row.recorded_at.to_string(),
            data: event_data::of(row).map_err(|error| {
                tracing::error!(%error, %seq, "an event cannot be shown");
                Refusal::Internal
            })?,
        })
    }
}

/// Events in the order of their sequence numbers.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Events)]
pub(super) struct EventList {
    events: Vec<EventView>,
    /// Send it as `after` to continue. It also skips events that are hidden from you or filtered out.
    #[schema(example = "1207")]
    next_after: String,
    /// The sequence number of the newest event.
    #[schema(example = "1300")]
    last_seq: String,
    /// Whether there are events after `nextAfter`.
    has_more: bool,
}

impl EventList {
    fn of(page: EventPage) -> Result<EventList, Rejection> {
        Ok(EventList {
            events: page.rows.into_iter().map(EventView::of).collect::<Result<_, _>>()?,
            next_after: page.upto.to_string(),
            last_seq: page.last.to_string(),
            has_more: page.upto < page.last,
        })
    }
}

/// The media type that a caller accepts to follow events.
pub(super) const EVENT_STREAM: &str = "text/event-stream";
pub(super) const LIMIT_DEFAULT: u32 = 100;
pub(super) const LIMIT_MAX: u32 = 1000;

/// `after`, `types` and `limit` of the query string; `Last-Event-ID` takes precedence over `after`.
fn wanted(call: &Call) -> Result<ReadEvents, Rejection> {
    let query = call.query();
    let after = query.one("after")?.map(|text| sequence("after", text)).transpose()?;
    let last = call.header("Last-Event-ID").filter(|text| !text.is_empty());
    let after = last.map(|text| sequence("Last-Event-ID", text)).transpose()?.or(after);
    let limit = query.within("limit", 1..=LIMIT_MAX)?.unwrap_or(LIMIT_DEFAULT);
    let filter = EventFilter { kinds: kinds(query)? };
    Ok(ReadEvents { after: EventSeq(after.unwrap_or(0)), filter, limit })
}

pub(super) fn sequence(field: &str, text: &str) -> Result<i64, Rejection> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Rejection::invalid(field, "the number of an event, or 0"));
    }
    text.parse().map_err(|_| Rejection::out_of_range(field, "there is no such event yet"))
}

/// `types`, repeated or as a list: names, or prefixes such as `account.*`.
fn kinds(query: &QueryParams) -> Result<Option<Vec<EventType>>, Rejection> {
    let mut kinds = Vec::new();
    for pattern in query.all("types").flat_map(|list| list.split(',')).map(str::trim).filter(|text| !text.is_empty()) {
        let found = EventType::matching(pattern);
        if found.is_empty() {
            let known = EventType::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ");
            return Err(Rejection::invalid("types", format!("names or beginnings such as account.*, out of {known}")));
        }
        kinds.extend(found);
    }
    Ok((!kinds.is_empty()).then_some(kinds))
}

/// Read events in order; with `Accept: text/event-stream`, follow new ones as well.
#[utoipa::path(get, path = "/events", tag = "Events",
    params(
        ("after" = Option<String>, Query, description = "only events after this one; 0 if left out"),
        ("types" = Option<String>, Query,
            description = "only events of these types: a list; account.* stands for all that begin with account."),
        ("limit" = Option<u32>, Query, description = "1 to 1000, default 100; streams have none"),
        ("Last-Event-ID" = Option<String>, Header,
            description = "overrides `after`; browsers send it when they reconnect"),
    ), responses((status = 200, body = EventList), (status = 410), (status = 429)))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let wanted = wanted(&call)?;
    if call.accepts(EVENT_STREAM) {
        let followed = call.app()?.follow(call.caller()?, wanted).await?;
        return Ok(call.stream(EVENT_STREAM, event_stream::bytes(followed)));
    }
    Reply::ok(&EventList::of(call.ask(wanted).await?)?)
}

/// The balances of a book at the checkpoint.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CheckpointBook)]
pub(super) struct CheckpointBookView {
    book: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    account_id: Option<String>,
    /// The name of a house account.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    #[schema(example = "bank")]
    house: Option<String>,
    #[schema(example = "USD")]
    currency: String,
    is_demo: bool,
    #[schema(value_type = f64)]
    balance: ExactNumber,
    #[schema(value_type = f64)]
    held: ExactNumber,
    #[schema(value_type = f64)]
    uncleared: ExactNumber,
    #[schema(value_type = f64)]
    pending: ExactNumber,
    #[schema(value_type = f64)]
    credit: ExactNumber,
}

/// Balances at a checkpoint: together with the events after `seq` they lead to the current balances.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Checkpoint)]
pub(super) struct CheckpointView {
    /// The last event that the balances include. If it changes between two pages, start over.
    seq: String,
    balances: Vec<CheckpointBookView>,
    /// Send it as `afterBook` to continue; null on the last page.
    next_after_book: Option<i64>,
}

impl CheckpointView {
    fn of(page: CheckpointPage, limit: u32) -> CheckpointView {
        let is_full = page.books.len() == limit as usize;
        CheckpointView {
            seq: page.seq.to_string(),
            next_after_book: page.books.last().filter(|_| is_full).map(|line| line.book.book.0),
            balances: page.books.into_iter().map(CheckpointBookView::from).collect(),
        }
    }
}

impl From<BookLine> for CheckpointBookView {
    fn from(BookLine { book, balances: BookBalances { balance, reserves }, .. }: BookLine) -> Self {
        let money = |amount| ExactNumber::of(amount, book.decimals);
        CheckpointBookView {
            book: book.book.0,
            account_id: book.account.map(|id| id.to_string()),
            house: book.account.is_none().then_some(book.role),
            currency: book.currency.to_string(),
            is_demo: book.is_demo,
            balance: money(balance),
            held: money(reserves.held),
            uncleared: money(reserves.uncleared),
            pending: money(reserves.pending),
            credit: money(reserves.credit),
        }
    }
}

/// Get the balances at which the retained events start, for operators who see all clients.
#[utoipa::path(get, path = "/events/checkpoint", tag = "Events",
    params(
        ("afterBook" = Option<i64>, Query, description = "only books after this one"),
        ("limit" = Option<u32>, Query, description = "1 to 1000, default 1000"),
    ), responses((status = 200, body = CheckpointView)))]
pub(super) async fn checkpoint(call: Call) -> Result<Reply, Rejection> {
    let query = call.query();
    let after = query.one("afterBook")?.map(|text| sequence("afterBook", text)).transpose()?;
    let limit = query.within("limit", 1..=LIMIT_MAX)?.unwrap_or(LIMIT_MAX);
    let page = call.ask(ReadCheckpoint { after: BookId(after.unwrap_or(0)), limit }).await?;
    Reply::ok(&CheckpointView::of(page, limit))
}
