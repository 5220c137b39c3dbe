//! Runs the real program on a free port, in its own directory.

use super::callers::agent;
use super::log::Log;
use crate::common::program::{Process, program_on};
use bursar::store::read_file;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// How long to wait for something that should happen immediately.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The password of all operators and clients in these tests.
pub(crate) const PASSWORD: &str = "correct horse";

/// A running server, killed on drop.
pub(crate) struct Server {
    process: Process,
    home: TempDir,
    way: &'static [&'static str],
    environment: Vec<(String, String)>,
    log: Log,
    /// The banner that it printed once it was listening.
    pub(crate) banner: Value,
    pub(super) agent: ureq::Agent,
    pub(super) tokens: Mutex<BTreeMap<String, String>>,
}

impl Server {
    /// A server shared by all tests; use it only for assertions about data that the test created itself.
    pub(crate) fn shared() -> Arc<Server> {
        static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let server = Arc::new(Server::start(""));
            *shared = Arc::downgrade(&server);
            server
        })
    }

    /// Starts a separate server with this configuration, in which `HOME` stands for its directory.
    pub(crate) fn start(config: &str) -> Server {
        Server::start_with(config, &[])
    }

    /// Like [`Server::start`], with additional files beside the configuration.
    pub(crate) fn start_with(config: &str, files: &[(&str, &str)]) -> Server {
        let home = tempfile::tempdir().unwrap();
        for (name, content) in files {
            write_private(&home.path().join(name), content);
        }
        let config = config.replace("HOME", &home.path().display().to_string());
        write_private(&home.path().join("config.toml"), &config);
        Server::launch(home, &["serve", "--dev", "--no-sample"], Vec::new())
    }

    /// Starts a separate server with the sample data.
    pub(crate) fn with_samples() -> Server {
        let home = tempfile::tempdir().unwrap();
        write_private(&home.path().join("config.toml"), "");
        Server::launch(home, &["serve", "--dev"], Vec::new())
    }

    /// Like [`Server::start`], with this environment.
    pub(crate) fn start_in(config: &str, environment: Vec<(String, String)>) -> Server {
        let home = tempfile::tempdir().unwrap();
        write_private(&home.path().join("config.toml"), config);
        Server::launch(home, &["serve", "--dev", "--no-sample"], environment)
    }

    /// Starts a production server with the administrator `dev`.
    pub(crate) fn production() -> Server {
        let home = tempfile::tempdir().unwrap();
        write_private(&home.path().join("config.toml"), "");
        write_private(&home.path().join("password"), PASSWORD);
        let init = ["init", "--operator", "dev", "--password-file", "password"];
        let output = program(home.path()).args(init).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Server::launch(home, &["serve", "--json"], Vec::new())
    }

    fn launch(home: TempDir, way: &'static [&'static str], environment: Vec<(String, String)>) -> Server {
        let (process, log, banner) = launch(home.path(), way, &environment);
        Server { process, home, way, environment, log, banner, agent: agent(None), tokens: Mutex::default() }
    }

    /// Kills the server as a power cut would, and restarts it on the same data.
    pub(crate) fn restart(&mut self) {
        self.kill();
        self.start_again();
    }

    /// Like [`Server::restart`], with this environment from now on.
    pub(crate) fn restart_in(&mut self, environment: Vec<(String, String)>) {
        self.environment = environment;
        self.restart();
    }

    /// Kills the server, applies a change to its database file, and restarts it.
    pub(crate) fn restart_after(&mut self, change: impl FnOnce(&Path)) {
        self.kill();
        change(&self.data_dir().join("bursar.db"));
        self.start_again();
    }

    /// The id of the process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Kills the server as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    /// Asks the server to stop, and waits until it has.
    pub(crate) fn stop(&mut self) {
        assert!(self.process.stop().success());
    }

    /// Restarts the server on its data.
    pub(crate) fn start_again(&mut self) {
        (self.process, self.log, self.banner) = launch(self.home.path(), self.way, &self.environment);
    }

    /// A command of the program with this server's configuration.
    pub(crate) fn program(&self, args: &[&str]) -> Command {
        let mut command = program(self.home.path());
        command.args(args).args(["--config", "config.toml", "--json"]);
        command
    }

    /// The same, printing for people.
    pub(crate) fn program_for_people(&self, args: &[&str]) -> Command {
        let mut command = program(self.home.path());
        command.args(args).args(["--config", "config.toml"]);
        command
    }

    /// Makes this server's callers trust a certificate.
    pub(crate) fn trusting(mut self, certificate_pem: &str) -> Server {
        self.agent = agent(Some(certificate_pem));
        self
    }

    /// The first address as a URL, without a trailing slash.
    pub(crate) fn url(&self) -> &str {
        self.banner["url"].as_str().unwrap().trim_end_matches('/')
    }

    /// The first address, for raw connections.
    pub(crate) fn address(&self) -> &str {
        self.url().split_once("://").unwrap().1
    }

    pub(crate) fn native_urls(&self) -> Vec<String> {
        let urls = self.banner["apis"]["native"].as_array().unwrap();
        urls.iter().map(|url| url.as_str().unwrap().trim_end_matches('/').to_owned()).collect()
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.home.path().join("data")
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Sends a signal, such as `HUP`.
    pub(crate) fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    /// Waits until this many log lines contain the text.
    #[track_caller]
    pub(crate) fn await_log(&self, text: &str, times: usize) {
        self.log.wait_for(text, times);
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// The number of log lines so far that contain the text.
    pub(crate) fn logged(&self, text: &str) -> usize {
        self.log.count(text)
    }

    /// Runs a command beside the server and returns its JSON output.
    #[track_caller]
    pub(crate) fn command(&self, args: &[&str]) -> Value {
        let output = program(self.home.path()).args(args).arg("--json").output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Adds these rules to the group `live-standard`, which the accounts of these tests use.
    pub(crate) fn set_rules(&self, rules: &str) {
        let group = "code = \"live-standard\"\n";
        self.apply_reference(
            &include_str!("../../../packaging/reference.toml").replace(group, &format!("{group}{rules}\n")),
        );
    }

    /// Applies a reference file.
    pub(crate) fn apply_reference(&self, file: &str) {
        let path = self.home.path().join("reference.toml");
        write_private(&path, file);
        self.command(&["reference", "apply", &path.display().to_string()]);
    }

    /// A fingerprint of the database: if two are equal, nothing changed in between.
    pub(crate) fn trace(&self) -> (u64, u64, u64, u64) {
        let proof = read_file(&self.data_dir().join("bursar.db"), |tx| tx.prove()).unwrap();
        assert_eq!(proof.findings, [], "the audit found problems");
        (proof.entries, proof.postings, proof.books, proof.events)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if thread::panicking() {
            self.process.kill();
            eprintln!("the server's log:\n{}", self.log.text());
        }
    }
}

/// Starts the program and returns once it listens.
fn launch(home: &Path, way: &[&str], environment: &[(String, String)]) -> (Process, Log, Value) {
    let mut command = program(home);
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    command.args(way).args(["--listen", "127.0.0.1:0", "--config", "config.toml"]).stderr(Stdio::piped());
    let mut process = Process::spawn(&mut command);
    let log = Log::of(process.take_stderr());
    let banner = process.banner().unwrap_or_else(|| panic!("no banner: {}", log.text()));
    (process, log, banner)
}

fn program(home: &Path) -> Command {
    let mut command = program_on(&home.join("data"));
    command.current_dir(home);
    command
}

/// Writes a file with mode 0600.
pub(crate) fn write_private(path: &Path, content: &str) {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path).unwrap();
    file.write_all(content.as_bytes()).unwrap();
}

/// A string that no other test uses.
pub(crate) fn unique(word: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{word}-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}
