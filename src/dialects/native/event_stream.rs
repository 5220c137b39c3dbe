//! Server-sent events (WHATWG HTML, "Server-sent events").

use super::events::EventView;
use crate::app::feed::{EventStream, Followed};
use crate::domain::refusal::Refusal;
use actix_web::web::Bytes;
use futures_util::stream::{self, Stream};

/// How long a browser waits before it connects again, in milliseconds.
const RETRY_MS: u32 = 2000;

/// The bytes of a stream of events.
pub(super) fn bytes(events: EventStream) -> impl Stream<Item = Bytes> {
    let beginning = Bytes::from(format!(": events follow\nretry: {RETRY_MS}\n\n"));
    let rest = stream::unfold((events, 0), |(mut events, told)| async move {
        let (bytes, told) = match events.next().await? {
            Followed::Events(rows, upto) => {
                let mut text = String::new();
                let last = rows.last().map_or(told, |row| row.seq.0);
                for row in rows {
                    push(&mut text, row).ok()?;
                }
                // Only a number: it moves the cursor past what is not told, and is no event.
                if upto.0 > last {
                    text.push_str(&format!("id: {upto}\n\n"));
                }
                (text, upto.0)
            }
            Followed::Nothing(upto) if upto.0 > told => (format!(": all is well\nid: {upto}\n\n"), upto.0),
            Followed::Nothing(_) => (": all is well\n\n".to_owned(), told),
            Followed::End(refusal) => (format!(": the end: {}\n\n", refusal.reason()), told),
        };
        Some((Bytes::from(bytes), (events, told)))
    });
    stream::StreamExt::chain(stream::once(async { beginning }), rest)
}

fn push(text: &mut String, row: crate::app::events::EventRow) -> Result<(), Refusal> {
    let (seq, kind) = (row.seq, row.kind.clone());
    let data = serde_json::to_string(&EventView::of(row)?).map_err(|error| {
        tracing::error!(%error, "an event has no JSON form");
        Refusal::Internal
    })?;
    // JSON has no line breaks outside of its texts, and inside they are escaped.
    text.push_str(&format!("id: {seq}\nevent: {kind}\ndata: {data}\n\n"));
    Ok(())
}
