//! Events sent to many receivers, one of them dead: how many a second, and how long callers wait meanwhile.

use crate::hostile::{Honest, Scene};
use crate::load::content_length;
use crate::report::{Goal, Table};
use crate::seed::Place;
use crate::server::{Bursar, Program};
use crate::{Options, Outcome};
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Receivers that answer at once.
const LIVING: usize = 19;
/// Events for each receiver; fewer in a quick look.
const EVENTS: u64 = 10_000;
const EVENTS_QUICK: u64 = 300;
/// How long all deliveries may take.
const PATIENCE: Duration = Duration::from_secs(900);

/// Measures deliveries, and the same callers alone and beside them.
pub(crate) fn measure(options: &Options, program: &Program, place: &Place, table: &mut Table) -> Outcome<()> {
    let events = if options.time > Duration::from_secs(1) { EVENTS } else { EVENTS_QUICK };
    let server = program.serve(&place.directory)?;
    program.first_backup(&place.directory)?;
    while last_event(&server)? < events {
        crate::deposits(&server, place, Duration::from_secs(1))?;
    }
    let callers = |time| Scene { server: &server, place, time, hostile: 0 }.play();
    let alone = callers(options.time)?;
    let receivers = Receivers::start()?;
    let dead = StdListener::bind("127.0.0.1:0")?.local_addr()?; // closed again at once
    let after = last_event(&server)? - events;
    for address in receivers.addresses.iter().chain([&dead]) {
        let hook = json!({"url": format!("http://{address}/"), "types": ["entry.posted"]});
        let made = server.ask("POST", "/webhooks", Some(&hook))?;
        let id = made["id"].as_str().ok_or("a webhook without an id")?;
        server.ask("POST", &format!("/webhooks/{id}/replay"), Some(&json!({"after": after.to_string()})))?;
    }
    let started = Instant::now();
    let mut beside: Vec<Honest> = Vec::new();
    let got = loop {
        let before = receivers.least();
        beside.push(callers(options.time.min(Duration::from_secs(2)))?);
        if receivers.least() >= events {
            break receivers.sum();
        }
        if started.elapsed() > PATIENCE || receivers.least() == before {
            return Err(format!("the receivers got {:?} of {events} events", receivers.counts()).into());
        }
    };
    let rate = got as f64 / started.elapsed().as_secs_f64();
    receivers.is_over.store(true, Ordering::Relaxed);
    server.stop()?;
    let made_of = format!("{got} deliveries to {LIVING} receivers beside a dead one");
    table.note("events sent to webhooks", "a second", Goal::None, rate, made_of);
    let ms = |wait: Duration| wait.as_secs_f64() * 1000.0;
    let middle = |figure: fn(&Honest) -> Duration| {
        let mut all: Vec<Duration> = beside.iter().map(figure).collect();
        all.sort_unstable();
        all[all.len() / 2]
    };
    for (what, alone, with) in [
        ("200 requests a second beside deliveries ÷ alone, p50", alone.p50, middle(|honest| honest.p50)),
        ("200 requests a second beside deliveries ÷ alone, p99", alone.p99, middle(|honest| honest.p99)),
    ] {
        let made_of = format!("{:.2} ÷ {:.2} ms", ms(with), ms(alone));
        table.note(what, "", Goal::None, ms(with) / ms(alone), made_of);
    }
    let failed: usize = beside.iter().map(|honest| honest.failed).sum();
    if failed > 0 {
        return Err(format!("{failed} requests failed beside deliveries").into());
    }
    Ok(())
}

fn last_event(server: &Bursar) -> Outcome<u64> {
    let last: Value = server.ask("GET", "/events?limit=1", None)?["lastSeq"].take();
    Ok(last.as_str().ok_or("no last event")?.parse()?)
}

/// Receivers in this process that count what they get.
struct Receivers {
    addresses: Vec<SocketAddr>,
    counts: Arc<[AtomicU64]>,
    is_over: Arc<AtomicBool>,
}

impl Receivers {
    fn start() -> Outcome<Receivers> {
        let counts: Arc<[AtomicU64]> = (0..LIVING).map(|_| AtomicU64::new(0)).collect();
        let mut listeners = Vec::new();
        for _ in 0..LIVING {
            let listener = StdListener::bind("127.0.0.1:0")?;
            listener.set_nonblocking(true)?;
            listeners.push(listener);
        }
        let addresses = listeners.iter().map(StdListener::local_addr).collect::<Result<_, _>>()?;
        let is_over = Arc::new(AtomicBool::new(false));
        let (shared, end) = (Arc::clone(&counts), Arc::clone(&is_over));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::spawn(move || {
            runtime.block_on(async move {
                for (index, listener) in listeners.into_iter().enumerate() {
                    let Ok(listener) = TcpListener::from_std(listener) else { return };
                    let counts = Arc::clone(&shared);
                    tokio::spawn(async move {
                        while let Ok((stream, _)) = listener.accept().await {
                            tokio::spawn(receive(stream, Arc::clone(&counts), index));
                        }
                    });
                }
                while !end.load(Ordering::Relaxed) {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            });
        });
        Ok(Receivers { addresses, counts, is_over })
    }

    fn counts(&self) -> Vec<u64> {
        self.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect()
    }

    fn least(&self) -> u64 {
        self.counts().into_iter().min().unwrap_or_default()
    }

    fn sum(&self) -> u64 {
        self.counts().into_iter().sum()
    }
}

/// Answers each request of a connection with 200.
async fn receive(mut stream: TcpStream, counts: Arc<[AtomicU64]>, index: usize) -> Outcome<()> {
    let mut bytes = Vec::new();
    loop {
        let whole = bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4).map(|body| {
            let head = String::from_utf8_lossy(&bytes[..body]).into_owned();
            body + content_length(&head).unwrap_or_default()
        });
        match whole {
            Some(end) if bytes.len() >= end => {
                bytes.drain(..end);
                counts[index].fetch_add(1, Ordering::Relaxed);
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await?;
            }
            _ => {
                if stream.read_buf(&mut bytes).await? == 0 {
                    return Ok(());
                }
            }
        }
    }
}
