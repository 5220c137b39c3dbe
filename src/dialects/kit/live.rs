//! Bodies that go on for as long as somebody reads them.

use actix_web::web::Bytes;
use futures_util::Stream;
use futures_util::{StreamExt, stream};
use socket2::Socket;
use std::net::Shutdown;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// The connection that a request came in by, so that it can be closed under a reader who does not read.
#[derive(Clone)]
pub struct Line(Arc<Socket>);

impl Line {
    /// A second handle on the socket of a connection.
    pub fn new(socket: Socket) -> Line {
        Line(Arc::new(socket))
    }

    fn hang_up(&self) {
        // It may be gone by itself.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// Passes pieces on as they are taken, and keeps one for who does not come for it. Where a piece is not taken in time, there is no more, what makes the bytes is dropped,
/// and the line is cut if there is one. It does not need to be read for that: a body that nobody polls ends, too.
pub(super) fn at_the_pace_of_the_reader(
    bytes: impl Stream<Item = Bytes> + 'static,
    patience: Duration,
    line: Option<Line>,
) -> impl Stream<Item = Bytes> {
    let (give, mut take) = mpsc::channel(1);
    actix_web::rt::spawn(async move {
        let mut bytes = pin!(bytes);
        loop {
            let next = tokio::select! {
                biased;
                () = give.closed() => None,
                next = bytes.next() => next,
            };
            let Some(piece) = next else { return };
            match tokio::time::timeout(patience, give.send(piece)).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return,
                Err(_) => {
                    tracing::info!("a client did not read what it asked to follow, and was cut off");
                    return line.iter().for_each(Line::hang_up);
                }
            }
        }
    });
    stream::poll_fn(move |context| take.poll_recv(context))
}
