//! The program under test and its data directories.

use crate::client::Client;
use crate::common::program::{Process, SERVE, program_on};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

/// How to start a server.
#[derive(Clone)]
pub(crate) struct Start {
    data: PathBuf,
    config: Option<PathBuf>,
    environment: Vec<(String, String)>,
}

impl Start {
    pub(crate) fn in_directory(data: &Path) -> Start {
        Start { data: data.into(), config: None, environment: Vec::new() }
    }

    /// Adds a configuration file, written beside the data.
    pub(crate) fn config(mut self, text: &str) -> Start {
        let file = self.data.with_extension("toml");
        fs::write(&file, text).unwrap();
        self.config = Some(file);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Start {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// The environment, which includes the data directory.
    pub(crate) fn environment(&self) -> &[(String, String)] {
        &self.environment
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    fn command(&self) -> Command {
        let mut command = program_on(&self.data);
        command.envs(self.environment.iter().map(|(name, value)| (name, value))).args(SERVE);
        if let Some(config) = &self.config {
            command.arg("--config").arg(config);
        }
        command.stderr(fs::OpenOptions::new().create(true).append(true).open(self.log()).unwrap());
        command
    }

    /// The log of all servers started with these settings.
    pub(crate) fn log(&self) -> PathBuf {
        self.data.with_extension("log")
    }

    /// Starts without waiting.
    pub(crate) fn spawn(&self) -> Process {
        Process::spawn(&mut self.command())
    }

    /// Starts and waits until the server listens.
    #[track_caller]
    pub(crate) fn start(&self) -> Server {
        self.try_start().unwrap_or_else(|code| {
            panic!("no server, {code}: {}", fs::read_to_string(self.log()).unwrap_or_default());
        })
    }

    /// Like [`Start::start`], for a server that may end before it listens.
    pub(crate) fn try_start(&self) -> Result<Server, ExitStatus> {
        let mut process = self.spawn();
        match process.banner() {
            Some(banner) => Ok(Server { process, banner }),
            None => Err(process.wait()),
        }
    }

    /// Asserts that `bursar audit` finds nothing.
    #[track_caller]
    pub(crate) fn audit(&self) {
        let ran = program_on(&self.data).args(["audit", "--json"]).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(ran.status.success(), "audit: {}\n{}{}", ran.status, text(&ran.stdout), text(&ran.stderr));
    }
}

/// A running server, killed on drop.
pub(crate) struct Server {
    process: Process,
    banner: Value,
}

impl Server {
    pub(crate) fn client(&self) -> Client {
        let text = |name: &str| self.banner[name].as_str().unwrap();
        Client::new(text("url"), text("token"))
    }

    /// kill -9. Returns the exit status, which may be the process's own.
    pub(crate) fn kill(mut self) -> ExitStatus {
        self.process.kill()
    }

    /// Whether the process has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.process.has_ended()
    }

    pub(crate) fn wait(mut self) -> ExitStatus {
        self.process.wait()
    }

    pub(crate) fn signal_end(&self) {
        self.process.signal("TERM");
    }

    /// Waits for a server that was asked to stop, and checks its exit code.
    #[track_caller]
    pub(crate) fn ended(mut self) {
        let status = self.process.wait();
        assert!(status.success(), "{status}");
    }
}
