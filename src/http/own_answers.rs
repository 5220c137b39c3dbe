//! What the HTTP library answers by itself, in the envelope of a dialect.
//!
//! A request that the library cannot parse never reaches routing: the library answers with a bare head, without a body
//! or a request id, and closes the connection. It offers no hook for that, so the connection watches what is written
//! and replaces such a head. Answers of bursar always have headers of their own, and a bare head is the last that is
//! written to a connection, so the end of each write tells one from the other.

use super::gate::HEAD_LIMIT;
use super::mounts::Plan;
use crate::app::App;
use crate::dialects::kit::{Rejection, Reply, ReplyBody, ReplyContext};
use crate::domain::refusal::Refusal;
use actix_web::http::StatusCode;
use actix_web::web::{Buf, Bytes};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Makes the answers of one listener.
pub(super) struct OwnAnswers {
    app: Arc<App>,
    plan: Plan,
    hsts: Option<String>,
}

impl OwnAnswers {
    pub(super) fn new(app: Arc<App>, plan: Plan, hsts: Option<String>) -> Arc<OwnAnswers> {
        Arc::new(OwnAnswers { app, plan, hsts })
    }

    /// The answer that replaces a bare head, to a request that begins so; none if no dialect is mounted at all.
    fn instead_of(&self, bare: &Bare<'_>, beginning: &[u8], peer: Option<SocketAddr>) -> Option<Bytes> {
        let rejection = match bare.status {
            408 => Rejection::HeadTimeout,
            431 => Rejection::HeadersTooLarge { limit_bytes: HEAD_LIMIT },
            400..=499 => Rejection::MalformedRequest,
            _ => Refusal::Internal.into(),
        };
        let (request, dialect) = (self.app.request_id(), self.plan.endpoint_of(beginning)?.dialect());
        let Reply { status, headers, body, .. } = dialect.refuse(&rejection, &ReplyContext::new(request));
        let body = match body {
            ReplyBody::Whole(body) => body,
            ReplyBody::Empty | ReplyBody::Stream(_) => Vec::new(),
        };
        let peer = peer.map(tracing::field::display);
        tracing::info!(%request, peer, status = status.as_u16(), "unreadable request");
        let mut answer = format!(
            "{} {} {}\r\ncontent-length: {}\r\nconnection: close\r\ndate: {}\r\ncache-control: no-store\r\n\
             x-content-type-options: nosniff\r\n{}: {request}\r\n",
            bare.version,
            status.as_u16(),
            reason_phrase(status),
            body.len(),
            bare.date,
            dialect.request_id_header()
        )
        .into_bytes();
        let hsts = self.hsts.as_ref().map(|value| ("strict-transport-security", value.as_bytes()));
        let sent = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        for (name, value) in sent.chain(hsts) {
            answer.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        answer.extend(b"\r\n");
        answer.extend(body);
        Some(answer.into())
    }
}

fn reason_phrase(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Refused")
}

/// The head of an answer that is not bursar's.
#[derive(Debug, PartialEq, Eq)]
struct Bare<'a> {
    /// Where it begins in what is written.
    start: usize,
    version: &'a str,
    status: u16,
    date: &'a str,
}

/// The longest bare head, in bytes.
const BARE_MAX: usize = 200;

/// The bare head of an error at the end of `written`, if there is one.
fn bare_head(written: &[u8]) -> Option<Bare<'_>> {
    let head = written.strip_suffix(b"\r\n\r\n")?;
    let end = &head[head.len().saturating_sub(BARE_MAX)..];
    let begin = end.windows(7).rposition(|window| window == b"HTTP/1.")?;
    let mut lines = std::str::from_utf8(&end[begin..]).ok()?.split("\r\n");
    let (version, rest) = lines.next()?.split_once(' ')?;
    let status = rest.split(' ').next()?.parse().ok().filter(|status| *status >= 400)?;
    let mut date = "";
    for line in lines {
        match line.split_once(": ")? {
            ("date", sent) => date = sent,
            ("content-length", "0") | ("connection", _) => {}
            _ => return None,
        }
    }
    Some(Bare { start: head.len() - end.len() + begin, version, status, date })
}

/// How a request begins. One that is sent before the one before it is answered counts as its continuation.
struct Beginning {
    bytes: [u8; Beginning::MAX],
    length: usize,
    /// Whether what comes next begins a request.
    is_due: bool,
}

impl Beginning {
    /// The longest path of a mount, and the method before it.
    const MAX: usize = 256;

    const fn new() -> Beginning {
        Beginning { bytes: [0; Beginning::MAX], length: 0, is_due: false }
    }

    fn note(&mut self, came: &[u8]) {
        if std::mem::take(&mut self.is_due) {
            self.length = 0;
        }
        let noted = came.len().min(Beginning::MAX - self.length);
        self.bytes[self.length..self.length + noted].copy_from_slice(&came[..noted]);
        self.length += noted;
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// A connection on which bare heads are replaced.
pub(super) struct Watched<T> {
    stream: T,
    /// `None` for HTTP/2, whose frames look different.
    answers: Option<Arc<OwnAnswers>>,
    peer: Option<SocketAddr>,
    beginning: Beginning,
    /// What is left to write of a replacement.
    unsent: Bytes,
}

impl<T> Watched<T> {
    pub(super) fn new(stream: T, peer: Option<SocketAddr>, answers: Option<Arc<OwnAnswers>>) -> Watched<T> {
        Watched { stream, answers, peer, beginning: Beginning::new(), unsent: Bytes::new() }
    }

    pub(super) fn stream(&self) -> &T {
        &self.stream
    }
}

impl<T: AsyncWrite + Unpin> Watched<T> {
    fn poll_unsent(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            match ready!(Pin::new(&mut self.stream).poll_write(context, &self.unsent))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.unsent.advance(written),
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, into);
        self.beginning.note(&into.filled()[before..]);
        polled
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        ready!(this.poll_unsent(context))?;
        let bare = this.answers.as_ref().and_then(|answers| Some((answers, bare_head(bytes)?)));
        let instead = match bare {
            // First what comes before it.
            Some((_, bare)) if bare.start > 0 => {
                return Pin::new(&mut this.stream).poll_write(context, &bytes[..bare.start]);
            }
            Some((answers, bare)) => answers.instead_of(&bare, this.beginning.bytes(), this.peer),
            None => None,
        };
        this.beginning.is_due = true;
        match instead {
            Some(answer) => {
                this.unsent = answer;
                Poll::Ready(Ok(bytes.len()))
            }
            None => Pin::new(&mut this.stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_unsent(context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_unsent(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "date: Fri, 27 Nov 2026 12:00:00 GMT";

    #[test]
    fn a_bare_head_is_found_at_the_end_of_a_write() {
        let bare = format!("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n{DATE}\r\n\r\n");
        let found = bare_head(bare.as_bytes()).unwrap();
        assert_eq!((found.start, found.version, found.status), (0, "HTTP/1.1", 400));
        assert_eq!(found.date, "Fri, 27 Nov 2026 12:00:00 GMT");
        let before = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
        let both = format!("{before}{bare}");
        assert_eq!(bare_head(both.as_bytes()).unwrap().start, before.len());
    }

    #[test]
    fn answers_of_bursar_are_left_alone() {
        for written in [
            format!("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nx-request-id: x\r\n{DATE}\r\n\r\n"),
            format!("HTTP/1.1 400 Bad Request\r\ncontent-length: 5\r\n{DATE}\r\n\r\n"),
            format!("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n{DATE}\r\n\r\nx"),
            format!("HTTP/1.1 204 No Content\r\n{DATE}\r\n\r\n"),
            "HTTP/1.1 100 Continue\r\n\r\n".to_owned(),
            "HTTP/1.1 400 Bad Request\r\n0\r\n\r\n".to_owned(),
            "0\r\n\r\n".to_owned(),
            "\r\n\r\n".to_owned(),
            String::new(),
        ] {
            assert_eq!(bare_head(written.as_bytes()), None, "{written}");
        }
    }
}
