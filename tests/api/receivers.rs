//! Receivers of webhooks: small servers that keep what they get, and answer as a test wants.

use super::harness::PATIENCE;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Instant;

/// A request as a receiver got it.
#[derive(Clone, Debug)]
pub(super) struct Got {
    /// By names in lower case.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

impl Got {
    #[track_caller]
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The sequence number of its event.
    #[track_caller]
    pub(super) fn seq(&self) -> i64 {
        self.json()["seq"].as_str().unwrap().parse().unwrap()
    }
}

/// How a receiver answers.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Status(u16),
    /// 200, and a body without an end.
    Endless,
    Redirect(String),
    /// None at all, until the receiver is gone.
    Silence,
    /// 200 once the test lets it go.
    Gate,
}

#[derive(Default)]
struct State {
    got: Vec<Got>,
    /// Bytes written of endless answers.
    written: u64,
    is_open: bool,
    is_over: bool,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    answer: Mutex<Answer>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn note(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    /// Waits until the state is as wanted, or the receiver is gone.
    fn until(&self, is_met: impl Fn(&State) -> bool) {
        let _state = self.changed.wait_while(self.lock(), |state| !is_met(state) && !state.is_over);
    }
}

/// A receiver on this machine. It ends when it is dropped.
pub(super) struct Receiver {
    shared: Arc<Shared>,
    port: u16,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.shared.note(|state| state.is_over = true);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Receiver {
    /// A receiver that answers everything like this.
    pub(super) fn start(answer: Answer) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new(), answer: Mutex::new(answer) });
        let of_thread = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if of_thread.lock().is_over {
                    return;
                }
                let (stream, shared) = (stream.unwrap(), Arc::clone(&of_thread));
                thread::spawn(move || serve(&stream, &shared));
            }
        });
        Receiver { shared, port }
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/events", self.port)
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Answers like this from now on.
    pub(super) fn answer(&self, answer: Answer) {
        *self.shared.answer.lock().unwrap() = answer;
    }

    /// Lets the answers behind a gate go.
    pub(super) fn open_gate(&self) {
        self.shared.note(|state| state.is_open = true);
    }

    /// What it got so far.
    pub(super) fn got(&self) -> Vec<Got> {
        self.shared.lock().got.clone()
    }

    /// The sequence numbers of what it got so far.
    pub(super) fn seqs(&self) -> Vec<i64> {
        self.got().iter().map(Got::seq).collect()
    }

    /// Bytes that it has written of endless answers.
    pub(super) fn written(&self) -> u64 {
        self.shared.lock().written
    }

    /// Waits until it got what the test wants, and returns everything.
    #[track_caller]
    pub(super) fn await_got(&self, what: &str, is_met: impl Fn(&[Got]) -> bool) -> Vec<Got> {
        let end = Instant::now() + PATIENCE;
        let mut state = self.shared.lock();
        while !is_met(&state.got) {
            let left = end.checked_duration_since(Instant::now());
            let left = left.unwrap_or_else(|| panic!("a receiver waits for {what}, and got {:#?}", state.got));
            state = self.shared.changed.wait_timeout(state, left).unwrap().0;
        }
        state.got.clone()
    }

    /// Waits for this many requests.
    #[track_caller]
    pub(super) fn await_count(&self, count: usize) -> Vec<Got> {
        self.await_got(&format!("{count} requests"), |got| got.len() >= count)
    }

    /// Waits for an event.
    #[track_caller]
    pub(super) fn await_seq(&self, seq: i64) -> Vec<Got> {
        self.await_got(&format!("event {seq}"), |got| got.iter().any(|got| got.seq() == seq))
    }
}

/// Serves one connection, request after request.
fn serve(stream: &TcpStream, shared: &Shared) {
    let mut reader = BufReader::new(stream);
    while let Some(got) = read(&mut reader) {
        let answer = shared.answer.lock().unwrap().clone();
        shared.note(|state| state.got.push(got));
        if reply(stream, shared, &answer).is_none() {
            break;
        }
    }
    let _ = stream.shutdown(Shutdown::Both);
}

/// Reads a request; `None` at the end of the connection.
fn read(reader: &mut BufReader<&TcpStream>) -> Option<Got> {
    let mut line = || {
        let mut line = String::new();
        (reader.read_line(&mut line).ok()? > 0).then(|| line.trim_end().to_owned())
    };
    line()?;
    let mut headers = BTreeMap::new();
    while let Some((name, value)) = line()?.split_once(": ") {
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let mut body = vec![0; headers.get("content-length").map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut body).ok()?;
    Some(Got { headers, body })
}

/// Answers; `None` if the connection is over.
fn reply(mut stream: &TcpStream, shared: &Shared, answer: &Answer) -> Option<()> {
    let mut say = |text: &str| stream.write_all(text.as_bytes()).ok();
    match answer {
        Answer::Status(status) => say(&format!("HTTP/1.1 {status} X\r\ncontent-length: 2\r\n\r\nok")),
        Answer::Redirect(to) => say(&format!("HTTP/1.1 307 X\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")),
        Answer::Silence => {
            shared.until(|_| false);
            None
        }
        Answer::Gate => {
            shared.until(|state| state.is_open);
            say("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        }
        Answer::Endless => {
            say("HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n")?;
            let chunk = [b'x'; 65536];
            loop {
                let written = stream.write(&chunk).ok()?;
                shared.note(|state| state.written += written as u64);
                if shared.lock().is_over {
                    return None;
                }
            }
        }
    }
}
