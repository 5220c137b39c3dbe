//! The load generator: a light HTTP/1.1 client that keeps its connections busy and times each answer. It connects only
//! to this machine, and stops after a given time and number of requests.

use crate::Outcome;
use fastrand::Rng;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// The maximum number of requests per connection in one run.
const REQUESTS_MAX: usize = 1_000_000;

/// The target and shape of the load.
#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<Arc<ClientConfig>>,
    pub(crate) connections: usize,
    /// Client threads. One is enough for slow requests and takes least from the server; fast ones may need more.
    pub(crate) threads: usize,
    /// The warm-up, which is not measured.
    pub(crate) warm_up: Duration,
    pub(crate) time: Duration,
}

/// Writes the next request of one connection.
pub(crate) type NextRequest = Box<dyn FnMut(&mut Vec<u8>) + Send>;

/// The results of a run.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    /// Answers per second in the measured time.
    pub(crate) rate: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    pub(crate) max: Duration,
    /// All answers, including those of the warm-up.
    pub(crate) answers: u64,
}

impl Load {
    /// Runs with one thread and with one per core and returns the better result, so that the server is measured rather
    /// than the client.
    pub(crate) fn best(&self, requests: impl Fn(usize) -> NextRequest) -> Outcome<Figures> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let one = Load { threads: 1, ..self.clone() }.run(&requests)?;
        let many = Load { threads: cores, ..self.clone() }.run(&requests)?;
        let answers = one.answers + many.answers;
        Ok(if one.rate > many.rate { Figures { answers, ..one } } else { Figures { answers, ..many } })
    }

    /// Runs the load. Any answer other than 200 fails the whole run.
    pub(crate) fn run(&self, requests: impl Fn(usize) -> NextRequest) -> Outcome<Figures> {
        let threads = self.threads.clamp(1, self.connections);
        let mut shares: Vec<Vec<NextRequest>> = (0..threads).map(|_| Vec::new()).collect();
        for connection in 0..self.connections {
            shares[connection % threads].push(requests(connection));
        }
        let started = Instant::now();
        let noted_from = started + self.warm_up;
        let until = noted_from + self.time;
        let results: Vec<Outcome<Vec<Noted>>> = std::thread::scope(|scope| {
            let clients: Vec<_> =
                shares.into_iter().map(|share| scope.spawn(move || self.client(share, noted_from, until))).collect();
            clients
                .into_iter()
                .map(|client| client.join().unwrap_or_else(|_| Err("a client panicked".into())))
                .collect()
        });
        let mut latencies = Vec::new();
        let mut answers = 0;
        for result in results {
            for noted in result? {
                answers += noted.answers;
                latencies.extend(noted.latencies_us);
            }
        }
        if latencies.is_empty() {
            return Err("the load got no answer in time".into());
        }
        latencies.sort_unstable();
        let at = |share: f64| {
            let index = ((latencies.len() - 1) as f64 * share) as usize;
            Duration::from_micros(u64::from(latencies[index]))
        };
        Ok(Figures {
            rate: latencies.len() as f64 / self.time.as_secs_f64(),
            p50: at(0.50),
            p99: at(0.99),
            max: at(1.0),
            answers,
        })
    }

    fn client(&self, share: Vec<NextRequest>, noted_from: Instant, until: Instant) -> Outcome<Vec<Noted>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        runtime.block_on(async {
            let mut tasks = Vec::new();
            for next in share {
                let load = self.clone();
                tasks.push(tokio::spawn(async move { load.connection(next, noted_from, until).await }));
            }
            let mut noted = Vec::new();
            for task in tasks {
                noted.push(task.await??);
            }
            Ok(noted)
        })
    }

    async fn connection(self, next: NextRequest, noted_from: Instant, until: Instant) -> Outcome<Noted> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        match self.tls {
            None => converse(stream, next, noted_from, until).await,
            Some(config) => {
                let stream = TlsConnector::from(config).connect(ServerName::try_from("localhost")?, stream).await?;
                converse(stream, next, noted_from, until).await
            }
        }
    }
}

struct Noted {
    latencies_us: Vec<u32>,
    answers: u64,
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    mut next: NextRequest,
    noted_from: Instant,
    until: Instant,
) -> Outcome<Noted> {
    let mut noted = Noted { latencies_us: Vec::with_capacity(65_536), answers: 0 };
    let (mut request, mut answer) = (Vec::with_capacity(1024), Vec::with_capacity(16_384));
    let mut sent = Instant::now();
    while sent < until && noted.latencies_us.len() < REQUESTS_MAX {
        request.clear();
        next(&mut request);
        stream.write_all(&request).await?;
        stream.flush().await?;
        read_answer(&mut stream, &mut answer).await?;
        let now = Instant::now();
        noted.answers += 1;
        if now >= noted_from && now < until {
            noted.latencies_us.push(u32::try_from((now - sent).as_micros()).unwrap_or(u32::MAX));
        }
        sent = now;
    }
    Ok(noted)
}

/// Reads one answer into `buffer` and returns the offset of its body.
pub(crate) async fn read_answer<S: AsyncRead + Unpin>(stream: &mut S, buffer: &mut Vec<u8>) -> Outcome<usize> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err("the server closed the connection".into());
        }
        let Some(body) = buffer.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4) else { continue };
        let head = std::str::from_utf8(&buffer[..body])?;
        let is_good = head.starts_with("HTTP/1.1 200 ");
        let length = content_length(head).ok_or("an answer without a length")?;
        while buffer.len() < body + length {
            if stream.read_buf(buffer).await? == 0 {
                return Err("the server closed the connection within an answer".into());
            }
        }
        if !is_good {
            return Err(String::from_utf8_lossy(buffer).into_owned().into());
        }
        return Ok(body);
    }
}

pub(crate) fn content_length(head: &str) -> Option<usize> {
    head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    })
}

/// A time-ordered id.
pub(crate) fn id_at(ms: u64, dice: &mut Rng) -> uuid::Uuid {
    let mut random = [0; 10];
    random[..8].copy_from_slice(&dice.u64(..).to_be_bytes());
    random[8..].copy_from_slice(&dice.u64(..).to_be_bytes()[..2]);
    uuid::Builder::from_unix_timestamp_millis(ms, &random).into_uuid()
}
