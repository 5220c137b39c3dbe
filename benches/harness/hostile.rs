//! Honest callers beside a hostile crowd: how long they wait, and whether any of them fails.

use crate::load::read_answer;
use crate::report::{Goal, Table};
use crate::seed::Place;
use crate::server::{Bursar, Program};
use crate::{Options, Outcome};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// Connections of honest callers that are open and send nothing.
const IDLE: usize = 64;
/// Connections that are open, or being opened, from addresses outside the allow list.
const HOSTILE: usize = 2_000;
/// How long a hostile caller waits after the server has closed its connection.
const HOSTILE_PAUSE: Duration = Duration::from_secs(1);
/// Connections that share the honest requests.
const HONEST: usize = 8;
/// Honest requests a second, every other one a deposit.
const HONEST_RATE: u32 = 200;

/// Measures the honest requests alone and beside the hostile crowd.
pub(crate) fn measure(options: &Options, program: &Program, place: &Place, table: &mut Table) -> Outcome<()> {
    let config = place.directory.join("bench-hostile.toml");
    fs::write(&config, "[access]\nallow = [\"127.0.0.1/32\"]\n")?;
    let server = program.serve_with(&place.directory, &config)?;
    program.first_backup(&place.directory)?;
    let alone = Scene { server: &server, place, time: options.time, hostile: 0 }.play()?;
    let beside = Scene { server: &server, place, time: options.time, hostile: HOSTILE }.play()?;
    server.stop()?;
    let ms = |wait: Duration| wait.as_secs_f64() * 1000.0;
    let row = |honest: &Honest| {
        format!(
            "{} of {} failed, p50 {:.1} ms, slowest {:.1} ms, {} hostile connections made",
            honest.failed,
            honest.sent,
            ms(honest.p50),
            ms(honest.max),
            honest.hostile_connections
        )
    };
    table.note("200 requests a second, p99", "ms", Goal::None, ms(alone.p99), row(&alone));
    table.note("the same beside 2,000 hostile connections, p99", "ms", Goal::None, ms(beside.p99), row(&beside));
    Ok(())
}

/// Honest callers, with or without a hostile crowd.
pub(crate) struct Scene<'a> {
    pub(crate) server: &'a Bursar,
    pub(crate) place: &'a Place,
    pub(crate) time: Duration,
    pub(crate) hostile: usize,
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Honest {
    sent: usize,
    /// Requests without an answer of 200.
    pub(crate) failed: usize,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    max: Duration,
    hostile_connections: u64,
}

impl Scene<'_> {
    pub(crate) fn play(&self) -> Outcome<Honest> {
        let is_over = Arc::new(AtomicBool::new(false));
        let connections = Arc::new(AtomicU64::new(0));
        let (address, count) = (self.server.address, self.hostile);
        let crowd = {
            let (is_over, connections) = (Arc::clone(&is_over), Arc::clone(&connections));
            std::thread::spawn(move || crowd(address, count, &is_over, &connections))
        };
        let honest = self.honest();
        is_over.store(true, Ordering::Relaxed);
        crowd.join().map_err(|_| "the hostile crowd panicked")??;
        Ok(Honest { hostile_connections: connections.load(Ordering::Relaxed), ..honest? })
    }

    fn honest(&self) -> Outcome<Honest> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut idle = Vec::new();
            for _ in 0..IDLE {
                idle.push(TcpStream::connect(self.server.address).await?);
            }
            let mut callers = JoinSet::new();
            for index in 0..HONEST {
                let account = &self.place.accounts[index % self.place.accounts.len()];
                let body = r#"{"amount":"1.00"}"#;
                let requests = [
                    self.server.request("POST", &format!("/accounts/{account}/deposit"), body, ""),
                    self.server.request("GET", &format!("/accounts/{account}"), "", ""),
                ];
                callers.spawn(caller(self.server.address, requests, self.time, index));
            }
            let mut waits = Vec::new();
            while let Some(caller) = callers.join_next().await {
                waits.extend(caller?);
            }
            let mut answered: Vec<Duration> = waits.iter().flatten().copied().collect();
            answered.sort_unstable();
            let at = |share: f64| {
                let index = (answered.len().saturating_sub(1) as f64 * share) as usize;
                answered.get(index).copied().unwrap_or_default()
            };
            Ok(Honest {
                sent: waits.len(),
                failed: waits.len() - answered.len(),
                p50: at(0.50),
                p99: at(0.99),
                max: at(1.0),
                hostile_connections: 0,
            })
        })
    }
}

/// Sends its share of the honest requests, each at its time whether or not the one before was quick. A wait counts from
/// that time; a request that failed has none.
async fn caller(address: SocketAddr, requests: [Vec<u8>; 2], time: Duration, index: usize) -> Vec<Option<Duration>> {
    let period = Duration::from_secs(1) * HONEST as u32 / HONEST_RATE;
    let begun = Instant::now() + period * index as u32 / HONEST as u32;
    let count = (time.as_secs_f64() / period.as_secs_f64()) as u32;
    let mut stream = None;
    let mut waits = Vec::new();
    for turn in 0..count {
        let due = begun + period * turn;
        tokio::time::sleep_until(due.into()).await;
        let request = &requests[turn as usize % 2];
        let answer = tokio::time::timeout(Duration::from_secs(10), ask(&mut stream, address, request)).await;
        let is_good = matches!(answer, Ok(Ok(())));
        if !is_good {
            stream = None;
        }
        waits.push(is_good.then(|| due.elapsed()));
    }
    waits
}

async fn ask(stream: &mut Option<TcpStream>, address: SocketAddr, request: &[u8]) -> Outcome<()> {
    if stream.is_none() {
        *stream = Some(TcpStream::connect(address).await?);
    }
    let stream = stream.as_mut().ok_or("no connection")?;
    stream.write_all(request).await?;
    read_answer(stream, &mut Vec::new()).await?;
    Ok(())
}

/// Holds connections from addresses outside the allow list, and opens each again when the server closes it.
fn crowd(address: SocketAddr, count: usize, is_over: &AtomicBool, connections: &Arc<AtomicU64>) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut callers = JoinSet::new();
        for index in 0..count {
            let connections = Arc::clone(connections);
            callers.spawn(async move {
                loop {
                    if hostile(address, index, &connections).await.is_err() {
                        // Out of ports or descriptors: the next try may do better.
                    }
                    tokio::time::sleep(HOSTILE_PAUSE).await;
                }
            });
        }
        while !is_over.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    })
}

/// One connection: half of them ask something, half never finish their head. It lasts until the server closes it.
async fn hostile(address: SocketAddr, index: usize, connections: &AtomicU64) -> Outcome<()> {
    let socket = TcpSocket::new_v4()?;
    let host = Ipv4Addr::new(127, 0, 1, u8::try_from(index % 200)? + 2);
    socket.bind(SocketAddr::from((host, 0)))?;
    let mut stream = socket.connect(address).await?;
    connections.fetch_add(1, Ordering::Relaxed);
    let end = if index.is_multiple_of(2) { "\r\n" } else { "X-Unfinished: " };
    stream.write_all(format!("GET /accounts HTTP/1.1\r\nHost: localhost\r\n{end}").as_bytes()).await?;
    let mut bytes = [0; 1024];
    while stream.read(&mut bytes).await? > 0 {}
    Ok(())
}
