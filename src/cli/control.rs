//! Commands that write, in serialisable form. If a server runs, it executes them, over a socket in the data directory
//! that only its owner may open; otherwise this process does.
//!
//! The protocol is one line of JSON each way: a [`ControlCommand`] of at most 16 MiB, then a [`Reply`]. Neither
//! contains a password or a token, only hashes, which the command's own process computes.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::import;
use super::outcome::{Exit, Failure};
use crate::app::App;
use crate::app::access::{
    AddOperator, CreateApiClient, CreateToken, DisableOperator, PasswordHash, ResetPassword, RevokeApiClient,
    RevokeToken, RotateApiClient, TokenHash, UpdateOperator,
};
use crate::app::maintenance::ResumeAfterRestore;
use crate::app::reference::{ApplyReference, ReferenceFile};
use crate::domain::access::{PublicKey, Right, Role};
use crate::domain::ids::{PrincipalId, TokenId};
use crate::domain::refusal::{Field, Refusal};
use crate::http::clock_json;
use crate::store::{DataDir, LATEST_SCHEMA};

/// The longest line in either direction, in bytes. Reference data with thousands of symbols takes a few MiB.
pub const LINE_MAX: u64 = 16 * 1024 * 1024;

/// How long a command that writes waits for the server's answer.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// A command that writes, or that only the server can answer.
#[derive(Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum ControlCommand {
    /// Checks that the database can be written.
    Health,
    AddOperator {
        name: String,
        role: Role,
        /// The operator sees only clients with these tags; empty: all clients.
        tags: BTreeSet<String>,
        /// Rights beyond those of the role.
        grants: BTreeSet<Right>,
        /// Argon2id in PHC form; none if it only uses tokens.
        password_hash: Option<String>,
    },
    /// Grants rights beyond those of the role, and withdraws granted ones.
    UpdateOperator {
        name: String,
        grant: BTreeSet<Right>,
        withdraw: BTreeSet<Right>,
    },
    /// Disables an operator and revokes all its tokens.
    DisableOperator {
        name: String,
    },
    /// Sets a new password and revokes all tokens.
    ResetPassword {
        name: String,
        /// Argon2id in PHC form.
        password_hash: String,
    },
    CreateToken {
        operator: String,
        label: String,
        /// Names of rights; empty: all rights of the operator's role.
        scopes: Vec<String>,
        /// Narrow the operator's tags; empty: no narrowing.
        tags: BTreeSet<String>,
        /// Networks that it may be used from; empty: any that `access.allow` admits.
        networks: Vec<IpNet>,
        /// Days until it expires; `None`: never.
        days: Option<u32>,
        token: TokenHash,
    },
    RevokeToken {
        id: TokenId,
    },
    CreateApiClient {
        /// The API that it calls.
        api: String,
        label: String,
        rights: BTreeSet<Right>,
        /// Limit the clients that it sees; empty: no limit.
        tags: BTreeSet<String>,
        /// Networks that it may call from; empty: any that `access.allow` admits.
        networks: Vec<IpNet>,
        /// Days until its secret expires; `None`: never.
        days: Option<u32>,
        secret: TokenHash,
        key: Option<PublicKey>,
    },
    /// Gives an API client a new secret, and a new key if there is one.
    RotateApiClient {
        id: PrincipalId,
        secret: TokenHash,
        key: Option<PublicKey>,
        /// How long the old ones stay good.
        overlap_hours: u32,
        /// Days until the new secret expires; `None`: never.
        days: Option<u32>,
    },
    /// Ends an API client with all its secrets and tokens.
    RevokeApiClient {
        id: PrincipalId,
    },
    /// Makes the reference data match a file.
    ApplyReference {
        file: ReferenceFile,
    },
    /// Takes what a trading platform reports.
    FeedEvents {
        /// The JSON of each event, as a text: numbers are read digit by digit.
        events: Vec<String>,
    },
    /// Brings clients of an existing system.
    ImportProfiles {
        /// The JSON of each, as a text.
        profiles: Vec<String>,
    },
    /// Brings accounts of an existing system.
    ImportAccounts {
        /// The JSON of each, as a text.
        accounts: Vec<String>,
    },
    RotateKeys {
        /// Whether the other keys are withdrawn at once.
        at_once: bool,
    },
    ResumeAfterRestore,
    /// Refreshes the statistics of the query planner.
    Optimize,
    ShowClock,
    /// Trusts the machine's clock although it leapt ahead.
    AcceptClock,
}

/// The server's answer to a command.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// The result that `--json` prints.
    Done(Value),
    /// The command failed and changed nothing.
    Failed(Failure),
}

/// Executes a command that a user of the machine has given. Returns what `--json` prints.
///
/// # Errors
/// The refusal of the use case.
pub fn execute(app: &Arc<App>, command: ControlCommand, user: &str) -> Result<Value, Failure> {
    let caller = app.machine_caller(user);
    match command {
        ControlCommand::Health => {
            app.probe_storage()?;
            let mode = app.installation().mode.name();
            let clock = app.clock_report()?.state;
            Ok(json!({"status": "ok", "mode": mode, "schema_version": LATEST_SCHEMA, "clock": clock}))
        }
        ControlCommand::AddOperator { name, role, tags, grants, password_hash } => {
            let mut shown = json!({"name": name, "role": role, "tags": tags, "grants": grants});
            let password = password_hash.map(stored).transpose()?;
            let add = AddOperator { name, role, grants, tags, password };
            shown["id"] = json!(app.execute_blocking(&caller, add)?.outcome);
            Ok(shown)
        }
        ControlCommand::UpdateOperator { name, grant, withdraw } => {
            let update = UpdateOperator { name: name.clone(), grant, withdraw };
            Ok(json!({"name": name, "grants": app.execute_blocking(&caller, update)?.outcome}))
        }
        ControlCommand::DisableOperator { name } => {
            app.execute_blocking(&caller, DisableOperator { name: name.clone() })?;
            Ok(json!({"name": name, "disabled": true}))
        }
        ControlCommand::ResetPassword { name, password_hash } => {
            let reset = ResetPassword { name: name.clone(), password: stored(password_hash)? };
            app.execute_blocking(&caller, reset)?;
            Ok(json!({"name": name, "tokens_revoked": true}))
        }
        ControlCommand::CreateToken { operator, label, scopes, tags, networks, days, token } => {
            let networks = networks.iter().map(IpNet::to_string).collect();
            let create = CreateToken { operator, label, scopes, tags, networks, days, token };
            Ok(json!({"id": app.execute_blocking(&caller, create)?.outcome}))
        }
        ControlCommand::RevokeToken { id } => {
            app.execute_blocking(&caller, RevokeToken { id })?;
            Ok(json!({"id": id, "revoked": true}))
        }
        ControlCommand::CreateApiClient { api, label, rights, tags, networks, days, secret, key } => {
            let create = CreateApiClient { api, label, rights, tags, networks, days, secret, key };
            Ok(json!(app.execute_blocking(&caller, create)?.outcome))
        }
        ControlCommand::RotateApiClient { id, secret, key, overlap_hours, days } => {
            let rotate = RotateApiClient { id, secret, key, overlap_hours, days };
            Ok(json!(app.execute_blocking(&caller, rotate)?.outcome))
        }
        ControlCommand::RevokeApiClient { id } => {
            app.execute_blocking(&caller, RevokeApiClient { id })?;
            Ok(json!({"client_id": id, "revoked": true}))
        }
        ControlCommand::ApplyReference { file } => {
            Ok(json!({"changes": app.execute_blocking(&caller, ApplyReference { file })?.outcome}))
        }
        ControlCommand::FeedEvents { events } => import::feed(app, &caller, &events),
        ControlCommand::ImportProfiles { profiles } => import::import_profiles(app, &caller, &profiles),
        ControlCommand::ImportAccounts { accounts } => import::import_accounts(app, &caller, &accounts),
        ControlCommand::Optimize => {
            app.optimize()?;
            Ok(json!({"optimized": true}))
        }
        ControlCommand::ShowClock => Ok(clock_json(&app.clock_report()?)),
        ControlCommand::AcceptClock => {
            let accepted = app.accept_clock(&caller)?;
            let mut value = clock_json(&app.clock_report()?);
            value["accepted"] = accepted.into();
            Ok(value)
        }
        ControlCommand::ResumeAfterRestore => {
            Ok(json!({"resumed": app.execute_blocking(&caller, ResumeAfterRestore)?.outcome}))
        }
        ControlCommand::RotateKeys { at_once } => {
            let rotated = app.rotate_keys(&caller, at_once)?;
            Ok(json!({"kid": rotated.kid, "signs_from": rotated.signs_from.to_string()}))
        }
    }
}

fn stored(hash: String) -> Result<PasswordHash, Failure> {
    let refusal = || Refusal::invalid(Field::Password, "Argon2id in PHC form");
    PasswordHash::from_stored(hash).ok_or_else(|| refusal().into())
}

/// Sends a command to the server that holds the data directory, and waits up to `timeout` for its answer.
///
/// # Errors
/// The failure that the server reports; exit code 6 if nobody answers.
pub fn ask(dir: &DataDir, command: &ControlCommand, timeout: Duration) -> Result<Value, Failure> {
    ask_or(dir, command, timeout, unreachable)
}

/// Asks the server for its health. If nobody answers, the error says that no server runs, although without the lock
/// that is not certain.
pub fn ask_health(dir: &DataDir, timeout: Duration) -> Result<Value, Failure> {
    ask_or(dir, &ControlCommand::Health, timeout, not_running)
}

fn ask_or(
    dir: &DataDir,
    command: &ControlCommand,
    timeout: Duration,
    on_silence: impl Fn(&DataDir, &io::Error) -> Failure,
) -> Result<Value, Failure> {
    let mut request = serde_json::to_string(command).map_err(|error| not_understood(&error))?;
    if request.len() as u64 >= LINE_MAX {
        let message = "the command is larger than the 16 MiB that a running server accepts";
        return Err(Failure::new(Exit::Failure, message).next("Stop the server, run the command, start the server."));
    }
    request.push('\n');
    let mut stream = connect(dir).map_err(|error| on_silence(dir, &error))?;
    let line = exchange(&mut stream, &request, timeout).map_err(|error| unanswered(dir, &error))?;
    match serde_json::from_str(&line).map_err(|error| not_understood(&error))? {
        Reply::Done(value) => Ok(value),
        Reply::Failed(failure) => Err(failure),
    }
}

fn connect(dir: &DataDir) -> io::Result<UnixStream> {
    let socket = SocketPath::new(&dir.control_socket())?;
    UnixStream::connect(socket.path())
}

fn exchange(stream: &mut UnixStream, request: &str, timeout: Duration) -> io::Result<String> {
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    stream.write_all(request.as_bytes())?;
    read_line(stream)
}

/// Reads one line, without its line break. A truncated or overlong line is an error.
pub(super) fn read_line(stream: &UnixStream) -> io::Result<String> {
    let mut line = String::new();
    BufReader::new(stream.take(LINE_MAX)).read_line(&mut line)?;
    match line.pop() {
        Some('\n') => Ok(line),
        _ => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the line is truncated or longer than 16 MiB")),
    }
}

fn not_running(dir: &DataDir, error: &io::Error) -> Failure {
    let path = dir.path().display();
    Failure::new(Exit::Failure, format!("no server answers at {path} ({error})"))
        .next("Start it with `bursar serve` and the --config and --data-dir of this command.")
}

fn unreachable(dir: &DataDir, error: &io::Error) -> Failure {
    let (path, socket) = (dir.path().display(), dir.control_socket());
    let message = format!("{path} is in use by another bursar process, which accepts no commands ({error})");
    let next = format!(
        "If it is another command, or a server that is starting or stopping, try again. If it is a running server, \
         check its log and {}; if you stop it, this command does the work itself.",
        socket.display()
    );
    Failure::new(Exit::Busy, message).next(next)
}

fn unanswered(dir: &DataDir, error: &io::Error) -> Failure {
    let message = format!("the server of {} did not answer ({error})", dir.path().display());
    let next = "It may or may not have executed the command: check with the list or show command, then try again.";
    Failure::new(Exit::Busy, message).next(next)
}

fn not_understood(error: &serde_json::Error) -> Failure {
    let message = format!("this program and the running server have different versions: {error}");
    Failure::new(Exit::Failure, message).next("Restart the server, so that both have the same version.")
}

/// A socket path that the operating system accepts: at most 107 bytes. A longer one goes through a file descriptor of
/// its directory.
pub(super) struct SocketPath {
    path: PathBuf,
    _directory: Option<File>,
}

impl SocketPath {
    const LENGTH_MAX: usize = 107;

    pub(super) fn new(path: &Path) -> io::Result<SocketPath> {
        let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        if path.as_os_str().as_bytes().len() <= SocketPath::LENGTH_MAX {
            return Ok(SocketPath { path: path.into(), _directory: None });
        }
        let directory = File::open(directory)?;
        let path = PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd())).join(name);
        Ok(SocketPath { path, _directory: Some(directory) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}
