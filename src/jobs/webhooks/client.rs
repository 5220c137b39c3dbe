//! Requests to receivers: the address is checked whenever a connection is made, redirects are not followed, and of an
//! answer little more than its status is read.

use super::addresses::is_allowed;
use crate::app::events::Outgoing;
use crate::domain::events::Reach;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{ClientBuilder, Response, Url};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use url::Host;

/// How much of an answer is read, so that its connection can be used again, in bytes.
const ANSWER_MAX: usize = 16 << 10;
/// How long that may take.
const ANSWER_TIME: Duration = Duration::from_millis(500);
/// How long a connection without requests stays open.
const IDLE: Duration = Duration::from_secs(30);
/// Names that are looked up at once. A look-up that hangs keeps a thread, and others need some, too.
const LOOK_UPS_MAX: usize = 32;

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    #[error("the address is malformed")]
    Address,
    #[error("the receiver is not in a public network")]
    NotPublic,
    #[error("it redirects, which is not followed")]
    Redirect(u16),
    #[error("it answered {0}")]
    Status(u16),
    #[error("no answer in time")]
    Timeout,
    #[error("{0}")]
    Connection(String),
}

impl Failed {
    /// The status of the answer; None without one.
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Failed::Redirect(status) | Failed::Status(status) => Some(*status),
            Failed::Address | Failed::NotPublic | Failed::Timeout | Failed::Connection(_) => None,
        }
    }
}

#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    reach: Reach,
    timeout: Duration,
}

impl Client {
    pub(super) fn new(reach: Reach, timeout: Duration) -> Result<Client, reqwest::Error> {
        let resolver = Arc::new(PublicNames { reach, turns: Arc::new(Semaphore::new(LOOK_UPS_MAX)) });
        let built = builder(&resolver, timeout).build().or_else(|error| {
            // A machine may have no root certificates, and receivers that need none.
            tracing::warn!(%error, "no certificate of a receiver can be verified");
            builder(&resolver, timeout).tls_certs_only([]).build()
        });
        Ok(Client { http: built?, reach, timeout })
    }

    /// Sends a request. Success is any status of the 200s, which is returned.
    pub(super) async fn post(&self, address: &str, outgoing: Outgoing) -> Result<u16, Failed> {
        let url = Url::parse(address).map_err(|_| Failed::Address)?;
        // These are not looked up.
        let literal = match url.host().ok_or(Failed::Address)? {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
        };
        if literal.is_some_and(|address| !is_allowed(self.reach, address)) {
            return Err(Failed::NotPublic);
        }
        let mut request = self.http.post(url).body(outgoing.body);
        for (name, value) in outgoing.headers {
            request = request.header(name, value);
        }
        let answer = tokio::time::timeout(self.timeout, request.send()).await.map_err(|_| Failed::Timeout)?;
        let answer = answer.map_err(|error| failed(&error))?;
        let status = answer.status();
        match status.as_u16() {
            number @ 200..=299 => {
                // The receiver has it, whatever becomes of the rest.
                let _ = tokio::time::timeout(ANSWER_TIME, drain(answer)).await;
                Ok(number)
            }
            number @ 300..=399 => Err(Failed::Redirect(number)),
            number => Err(Failed::Status(number)),
        }
    }
}

fn builder(resolver: &Arc<PublicNames>, timeout: Duration) -> ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("bursar/", env!("CARGO_PKG_VERSION")))
        .dns_resolver(Arc::clone(resolver))
        .redirect(Policy::none())
        // A proxy would look the names up itself.
        .no_proxy()
        .http1_only()
        .connect_timeout(timeout)
        .timeout(timeout)
        .pool_max_idle_per_host(2)
        .pool_idle_timeout(IDLE)
}

async fn drain(mut answer: Response) {
    let mut bytes = 0;
    while bytes <= ANSWER_MAX
        && let Ok(Some(chunk)) = answer.chunk().await
    {
        bytes += chunk.len();
    }
}

fn failed(error: &reqwest::Error) -> Failed {
    if error.is_timeout() {
        return Failed::Timeout;
    }
    // The last cause says what happened; those before it repeat the address.
    let mut last: &dyn Error = error;
    while let Some(source) = last.source() {
        last = source;
    }
    match last.downcast_ref() {
        Some(NotPublic) => Failed::NotPublic,
        None => Failed::Connection(last.to_string().chars().take(200).collect()),
    }
}

/// Looks names up, and keeps only the addresses that events may be sent to.
struct PublicNames {
    reach: Reach,
    turns: Arc<Semaphore>,
}

#[derive(Debug, thiserror::Error)]
#[error("no public address")]
struct NotPublic;

impl Resolve for PublicNames {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, turns) = (self.reach, Arc::clone(&self.turns));
        Box::pin(async move {
            let _turn = turns.acquire_owned().await?;
            let found: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed: Vec<_> = found.into_iter().filter(|address| is_allowed(reach, address.ip())).collect();
            match allowed.is_empty() {
                true => Err(Box::new(NotPublic) as Box<dyn Error + Send + Sync>),
                false => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}
