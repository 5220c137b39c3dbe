//! The server's end of the control socket: accepts commands and answers them.

use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::control::{self, ControlCommand, Reply, SocketPath};
use super::machine_user;
use super::outcome::{Exit, Failure};
use crate::app::App;
use crate::store::DataDir;

/// Concurrent connections; further ones are answered "busy".
const CONNECTIONS_MAX: usize = 4;
/// How long a client may take to send its command, and to receive its answer.
const LINE_TIMEOUT: Duration = Duration::from_secs(2);

/// The pause after a connection could not be accepted, such as when the process may open no more files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);
/// The least time between two lines in the log about that.
const LOG_PAUSE: Duration = Duration::from_secs(10);

/// Accepts commands until it is dropped. The caller holds the data directory's lock.
pub(super) struct ControlServer {
    socket: PathBuf,
    served: Arc<Served>,
    thread: Option<JoinHandle<()>>,
}

struct Served {
    app: Arc<App>,
    url: OnceLock<String>,
    stopping: AtomicBool,
}

impl ControlServer {
    /// Starts accepting commands. Replaces a socket that a dead server left behind.
    pub(super) fn start(dir: &DataDir, app: Arc<App>) -> io::Result<ControlServer> {
        let socket = dir.control_socket();
        let listener = bind(&socket)?;
        let served = Arc::new(Served { app, url: OnceLock::new(), stopping: AtomicBool::new(false) });
        let shared = Arc::clone(&served);
        let thread = thread::Builder::new().name("control".into()).spawn(move || listen(&listener, &shared))?;
        Ok(ControlServer { socket, served, thread: Some(thread) })
    }

    /// Sets the URL of the HTTP listener, which health checks report.
    pub(super) fn announce(&self, url: &str) {
        // Called once; a second call would have no effect.
        let _ = self.served.url.set(url.to_owned());
    }
}

/// Creates the socket in a private directory, and moves it into place once its mode is right.
fn bind(socket: &Path) -> io::Result<UnixListener> {
    let private = socket.with_extension("new");
    if private.exists() {
        fs::remove_dir_all(&private)?;
    }
    DirBuilder::new().mode(0o700).create(&private)?;
    let fresh = private.join("s");
    let listener = UnixListener::bind(SocketPath::new(&fresh)?.path())?;
    fs::set_permissions(&fresh, Permissions::from_mode(0o600))?;
    fs::rename(&fresh, socket)?;
    fs::remove_dir(&private)?;
    Ok(listener)
}

fn listen(listener: &UnixListener, served: &Arc<Served>) {
    let mut connections: Vec<JoinHandle<()>> = Vec::new();
    // Failures that have not been logged yet, and when one was.
    let (mut failures, mut logged) = (0, None::<Instant>);
    for stream in listener.incoming() {
        if served.stopping.load(Ordering::Acquire) {
            break;
        }
        let stream = match stream {
            Ok(stream) => stream,
            Err(error) => {
                failures += 1;
                if logged.is_none_or(|at| at.elapsed() >= LOG_PAUSE) {
                    tracing::warn!(%error, failures, "connections for commands could not be accepted");
                    (failures, logged) = (0, Some(Instant::now()));
                }
                // The connection still waits, so without a pause the next attempt would fail at once.
                thread::park_timeout(ACCEPT_PAUSE);
                continue;
            }
        };
        connections.retain(|connection| !connection.is_finished());
        if connections.len() >= CONNECTIONS_MAX {
            answer(&stream, Err(Failure::new(Exit::Busy, "the server is busy with other commands").next("Try again.")));
            continue;
        }
        let shared = Arc::clone(served);
        match thread::Builder::new().name("command".into()).spawn(move || serve(&stream, &shared)) {
            Ok(connection) => connections.push(connection),
            Err(error) => tracing::warn!(%error, "a connection for a command could not be accepted"),
        }
    }
    // Accepted commands finish and are answered before the database closes.
    for connection in connections {
        let _ = connection.join();
    }
}

fn serve(stream: &UnixStream, served: &Served) {
    let line = stream.set_read_timeout(Some(LINE_TIMEOUT)).and_then(|()| control::read_line(stream));
    // A client that sends nothing, such as this server when it wakes its listener to stop, gets no answer.
    let Ok(line) = line else { return };
    let outcome = match serde_json::from_str(&line) {
        Ok(command) => served.execute(command, &machine_user::of_peer(stream)),
        Err(error) => {
            Err(Failure::new(Exit::Failure, format!("the running server does not know this command: {error}"))
                .next("Restart the server with the version of this program."))
        }
    };
    answer(stream, outcome);
}

impl Served {
    fn execute(&self, command: ControlCommand, user: &str) -> Result<Value, Failure> {
        let wants_health = matches!(command, ControlCommand::Health);
        let mut value = control::execute(&self.app, command, user)?;
        if wants_health {
            value["url"] = self.url.get().cloned().into();
        }
        Ok(value)
    }
}

fn answer(mut stream: &UnixStream, outcome: Result<Value, Failure>) {
    let reply = match outcome {
        Ok(value) => Reply::Done(value),
        Err(failure) => Reply::Failed(failure),
    };
    let sent = stream
        .set_write_timeout(Some(LINE_TIMEOUT))
        .and_then(|()| serde_json::to_string(&reply).map_err(io::Error::from))
        .and_then(|line| stream.write_all(format!("{line}\n").as_bytes()));
    if let Err(error) = sent {
        tracing::warn!(%error, "the answer to a command could not be sent");
    }
}

impl Drop for ControlServer {
    fn drop(&mut self) {
        self.served.stopping.store(true, Ordering::Release);
        // A connection wakes the listener. If the socket is gone, none is possible; the thread ends with the process.
        let woken = SocketPath::new(&self.socket).and_then(|socket| UnixStream::connect(socket.path()));
        if let (Ok(_), Some(thread)) = (woken, self.thread.take()) {
            let _ = thread.join();
        }
        let _ = fs::remove_file(&self.socket);
    }
}
