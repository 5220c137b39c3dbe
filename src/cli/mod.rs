//! The command line: one file per command.
//!
//! With `--json`, stdout holds the result as JSON and nothing else; an error is one line of JSON on stderr,
//! `{"error":{"code","message","next"}}`. Logs go to stderr. Exit codes are in [`outcome`].
//!
//! There is never more than one writer. A command that writes takes the data directory's lock and does its work itself;
//! while a server holds the lock, the command goes through the server instead ([`control`]). Commands that read open
//! the file read-only, beside any other process (`data_dir.rs`).

pub mod audit;
pub mod backup;
mod backup_config;
mod banner;
pub mod client;
pub mod clock;
pub mod config;
pub mod control;
mod control_server;
mod data_dir;
pub mod db;
mod dev;
pub mod healthcheck;
pub mod import;
pub mod init;
pub mod keys;
mod logging;
mod machine_user;
pub mod openapi;
pub mod operator;
pub mod outcome;
mod output;
mod owner;
mod password;
mod progress;
pub mod reference;
pub mod restore;
mod restore_view;
pub mod serve;
pub mod token;
pub mod version;

use std::ffi::OsString;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::config::{Config, ConfigErrors, Flags, Loaded, Sources};
use outcome::{Exit, Failure};
use output::{Output, Stdout, ignore_broken_pipe};

/// Accounts & funding back office for small brokers: one binary, one SQLite file.
#[derive(Debug, Parser)]
#[command(name = "bursar", version, propagate_version = false)]
struct Cli {
    /// Read this configuration file [also: BURSAR_CONFIG; default: /etc/bursar/config.toml if it exists]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data directory [also: BURSAR_DATA_DIR; default: /var/lib/bursar]
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Print JSON: the result on stdout, an error on stderr
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Clone, Debug, Default, Args)]
pub struct ListenFlags {
    /// Listen on this address and port; port 0 picks a free one [also: BURSAR_LISTEN; default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT", value_parser = address, global = true)]
    pub listen: Option<SocketAddr>,
    /// Allow plain HTTP beyond this machine, for a proxy that terminates TLS on a trusted network
    #[arg(long, global = true)]
    pub insecure_http: bool,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "expected an IP address with a port, such as 127.0.0.1:8080 or [::1]:8080".to_owned())
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server until SIGTERM or SIGINT
    Serve(serve::ServeArgs),
    /// Create the data directory, the database, its reference data and the first operator
    Init(init::InitArgs),
    /// Write an example configuration, check it, show where values come from
    Config {
        #[command(flatten)]
        flags: ListenFlags,
        #[command(subcommand)]
        command: config::ConfigCommand,
    },
    /// Add, list and disable operators, and reset their passwords
    #[command(subcommand)]
    Operator(operator::OperatorCommand),
    /// Create, list and revoke long-lived API tokens
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Create, list, rotate and revoke programs with credentials for one API
    #[command(subcommand)]
    Client(client::ClientCommand),
    /// Apply, compare and show currencies, platforms and account groups
    #[command(subcommand)]
    Reference(reference::ReferenceCommand),
    /// Import clients, accounts and the events of trading platforms from files
    #[command(subcommand)]
    Import(import::ImportCommand),
    /// List and rotate the keys that sign end-user tokens
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Prove the books: entries, balances, hash chain, file
    Audit(audit::AuditArgs),
    /// Create, list, verify, drill and prune backups
    #[command(subcommand)]
    Backup(backup::BackupCommand),
    /// Restore a database as it was at any moment
    #[command(subcommand)]
    Restore(restore::RestoreCommand),
    /// Show the machine's clock, and confirm it after a leap ahead
    #[command(subcommand)]
    Clock(clock::ClockCommand),
    /// Migrate the database, show its sizes, refresh its statistics
    #[command(subcommand)]
    Db(db::DbCommand),
    /// Ask the running server whether it is healthy: exit code 0 or 1
    Healthcheck,
    /// Print the OpenAPI document of a dialect
    Openapi(openapi::OpenapiArgs),
    /// Print the versions of the program, the schema and the database library
    Version,
}

/// Runs one command with the arguments and environment of a process, and returns its exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>, environment: Vec<(OsString, OsString)>) -> Exit {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let wants_json = arguments.iter().any(|argument| argument == "--json");
    let outcome = match Cli::try_parse_from(&arguments) {
        Ok(cli) => run(cli, environment),
        Err(error) => usage_failure(&error, wants_json),
    };
    match outcome {
        Ok(()) => Exit::Ok,
        Err(failure) => {
            report(&failure, wants_json);
            failure.exit
        }
    }
}

/// Prints a failure. If that fails too, the exit code still reports it.
fn report(failure: &Failure, json: bool) {
    let mut stderr = io::stderr().lock();
    let _ = match json {
        true => writeln!(stderr, "{}", failure.to_json()),
        false => writeln!(stderr, "error: {failure}"),
    };
}

/// Requested help is not a failure; a wrong command line is. An unknown command also gets the list of commands.
fn usage_failure(error: &clap::Error, json: bool) -> Result<(), Failure> {
    if !error.use_stderr() {
        return Ok(ignore_broken_pipe(error.print(), ())?);
    }
    let text = error.render().to_string();
    let mut message = text.trim().trim_start_matches("error: ").to_owned();
    if error.kind() == ErrorKind::InvalidSubcommand && !json {
        message = format!("{message}\n\n{}", Cli::command().render_help());
    }
    Err(Failure::new(Exit::Usage, message))
}

struct Session<'a> {
    loaded: Result<Loaded, ConfigErrors>,
    output: Output<'a>,
}

impl Session<'_> {
    /// The configuration, or a failure with exit code 3 and all its problems.
    fn config(&self) -> Result<&Config, Failure> {
        self.loaded.as_ref().map(|loaded| &loaded.config).map_err(Failure::from)
    }
}

fn run(cli: Cli, environment: Vec<(OsString, OsString)>) -> Result<(), Failure> {
    let mut stdout = Stdout::lock();
    let Some(command) = cli.command else {
        return Ok(write!(stdout, "{}", Cli::command().render_help())?);
    };
    let listen = match &command {
        Command::Serve(args) => args.flags.clone(),
        Command::Config { flags, .. } => flags.clone(),
        _ => ListenFlags::default(),
    };
    let flags =
        Flags { data_dir: cli.data_dir, listen: listen.listen, insecure_http: listen.insecure_http.then_some(true) };
    let mut sources = Sources::new(environment, cli.config, flags);
    if let Command::Serve(args) = &command {
        // A server prints from several threads, so it must not keep stdout locked.
        drop(stdout);
        return serve::run(args, sources, cli.json);
    }
    if matches!(command, Command::Version | Command::Openapi(_)) {
        sources.default_file = None;
    }
    logging::start_for_command(cli.json);
    let session = &mut Session { loaded: Config::load(sources), output: Output { json: cli.json, to: &mut stdout } };
    match command {
        Command::Serve(_) => Ok(()),
        Command::Init(args) => init::run(&args, session),
        Command::Config { command, .. } => {
            config::run(&command, session.loaded.as_ref(), session.output.json, session.output.to)
        }
        Command::Operator(command) => operator::run(command, session),
        Command::Token(command) => token::run(command, session),
        Command::Client(command) => client::run(command, session),
        Command::Reference(command) => reference::run(command, session),
        Command::Import(command) => import::run(command, session),
        Command::Keys(command) => keys::run(command, session),
        Command::Clock(command) => clock::run(command, session),
        Command::Audit(args) => audit::run(&args, session),
        Command::Backup(command) => backup::run(command, session),
        Command::Restore(command) => restore::run(command, session),
        Command::Db(command) => db::run(&command, session),
        Command::Healthcheck => healthcheck::run(session),
        Command::Openapi(args) => openapi::run(&args, session),
        Command::Version => version::run(session),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
