//! Streaming bodies that end when the client stops reading.

use actix_web::web::Bytes;
use futures_util::Stream;
use futures_util::{StreamExt, stream};
use socket2::Socket;
use std::net::Shutdown;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// A request's connection, kept so that it can be shut down when the client stops reading.
#[derive(Clone)]
pub struct Connection(Arc<Socket>);

impl Connection {
    /// Takes a duplicate handle of the connection's socket.
    pub fn new(socket: Socket) -> Connection {
        Connection(Arc::new(socket))
    }

    fn shut_down(&self) {
        // Fails if the client has closed it already.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// Forwards a stream and buffers one chunk. If the client does not take a chunk within `send_timeout`, the stream ends,
/// its source is dropped and the connection is shut down. A task of its own does this, so it works even if nothing
/// polls the body any more.
pub(super) fn paced_by_reader(
    bytes: impl Stream<Item = Bytes> + 'static,
    send_timeout: Duration,
    connection: Option<Connection>,
) -> impl Stream<Item = Bytes> {
    let (sender, mut receiver) = mpsc::channel(1);
    actix_web::rt::spawn(async move {
        let mut bytes = pin!(bytes);
        loop {
            let next = tokio::select! {
                biased;
                () = sender.closed() => None,
                next = bytes.next() => next,
            };
            let Some(chunk) = next else { return };
            match tokio::time::timeout(send_timeout, sender.send(chunk)).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return,
                Err(_) => {
                    tracing::info!("disconnected a client that did not read its stream in time");
                    return connection.iter().for_each(Connection::shut_down);
                }
            }
        }
    });
    stream::poll_fn(move |context| receiver.poll_recv(context))
}
