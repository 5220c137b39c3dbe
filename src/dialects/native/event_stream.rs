//! Server-sent events (WHATWG HTML, "Server-sent events").

use super::events::EventView;
use crate::app::events::{EventStream, Followed};
use crate::dialects::kit::Rejection;
use crate::domain::refusal::Refusal;
use actix_web::web::Bytes;
use futures_util::stream::{self, Stream, StreamExt};

/// How long a browser waits before it connects again, in milliseconds.
const RETRY_MS: u32 = 2000;
/// When a piece is full: a reader who does not read keeps a few of them in memory.
const PIECE_BYTES: usize = 16_384;

/// What a stream looks like, for the document.
pub(super) const EXAMPLE: &str = "\
: events follow
retry: 2000

id: 1207
event: entry.posted
data: {\"seq\":\"1207\",\"type\":\"entry.posted\",\"objectId\":\"0198c1f4-7d3e-7c11-9a54-0c3f7c1f2b10\",…}

: all is well

";

/// The bytes of a stream of events.
pub(super) fn bytes(events: EventStream) -> impl Stream<Item = Bytes> {
    let beginning = Bytes::from(format!(": events follow\nretry: {RETRY_MS}\n\n"));
    let rest = stream::unfold((events, 0), |(mut events, sent)| async move {
        let (pieces, sent) = match events.next().await? {
            Followed::Events(rows, upto) => {
                let mut pieces = vec![String::new()];
                let last = rows.last().map_or(sent, |row| row.seq.0);
                for row in rows {
                    push(&mut pieces, row).ok()?;
                }
                // Only a number: it moves the cursor past what is not shown, and is no event.
                if upto.0 > last {
                    pieces.push(format!("id: {upto}\n\n"));
                }
                (pieces, upto.0)
            }
            Followed::Nothing(upto) if upto.0 > sent => (vec![format!(": all is well\nid: {upto}\n\n")], upto.0),
            Followed::Nothing(_) => (vec![": all is well\n\n".to_owned()], sent),
            Followed::End(refusal) => (vec![format!(": the end: {}\n\n", refusal.reason())], sent),
        };
        Some((stream::iter(pieces.into_iter().map(Bytes::from)), (events, sent)))
    });
    stream::once(async { beginning }).chain(rest.flatten())
}

/// Adds an event to the last piece, or begins another one.
fn push(pieces: &mut Vec<String>, row: crate::app::events::EventRow) -> Result<(), Rejection> {
    let (seq, kind) = (row.seq, row.kind.name());
    let data = serde_json::to_string(&EventView::of(row)?).map_err(|error| {
        tracing::error!(%error, "an event has no JSON form");
        Refusal::Internal
    })?;
    // JSON has no line breaks outside of its texts, and inside they are escaped.
    let block = format!("id: {seq}\nevent: {kind}\ndata: {data}\n\n");
    match pieces.last_mut() {
        Some(piece) if piece.len() < PIECE_BYTES => piece.push_str(&block),
        _ => pieces.push(block),
    }
    Ok(())
}
