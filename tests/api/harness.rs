//! The real program on a free port in a directory of its own, callers with names, and replies whose digits are kept.

use bursar::domain::clock::Moment;
use bursar::store::read_file;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use ureq::http::{HeaderMap, Request};

/// How long a test waits for something that happens at once when all is well.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// A server that runs until this value goes.
pub(super) struct Server {
    child: Child,
    home: TempDir,
    way: &'static [&'static str],
    log: Arc<Log>,
    /// What it said about itself when it was ready.
    pub(super) banner: Value,
    agent: ureq::Agent,
    tokens: Mutex<BTreeMap<String, String>>,
}

/// What the server has written to its log so far.
#[derive(Default)]
struct Log {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

impl Server {
    /// A server that other tests use at the same time: good for all that looks only at what it made itself.
    pub(super) fn shared() -> Arc<Server> {
        static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let server = Arc::new(Server::start(""));
            *shared = Arc::downgrade(&server);
            server
        })
    }

    /// A server of one's own with this configuration; `HOME` stands for its directory.
    pub(super) fn start(config: &str) -> Server {
        Server::start_with(config, &[])
    }

    /// The same, with files beside its configuration.
    pub(super) fn start_with(config: &str, files: &[(&str, &str)]) -> Server {
        let home = tempfile::tempdir().unwrap();
        for (name, content) in files {
            write_private(&home.path().join(name), content);
        }
        let config = config.replace("HOME", &home.path().display().to_string());
        write_private(&home.path().join("config.toml"), &config);
        Server::launch(home, &["serve", "--dev", "--no-sample"])
    }

    /// A server that is meant seriously, with the operator `dev`, who is an administrator.
    pub(super) fn production() -> Server {
        let home = tempfile::tempdir().unwrap();
        write_private(&home.path().join("config.toml"), "");
        write_private(&home.path().join("password"), PASSWORD);
        let init = ["init", "--operator", "dev", "--password-file", "password"];
        let output = program(home.path()).args(init).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Server::launch(home, &["serve", "--json"])
    }

    fn launch(home: TempDir, way: &'static [&'static str]) -> Server {
        let (child, log, banner) = launch(home.path(), way);
        let agent = ureq::Agent::new_with_config(client_config().build());
        Server { child, home, way, log, banner, agent, tokens: Mutex::default() }
    }

    /// Kills it as a power cut would, and starts it again on its data.
    pub(super) fn restart(&mut self) {
        self.kill();
        self.start_again();
    }

    /// Kills it, lets somebody change its database file, and starts it again.
    pub(super) fn restart_after(&mut self, change: impl FnOnce(&Path)) {
        self.kill();
        change(&self.data_dir().join("bursar.db"));
        self.start_again();
    }

    /// Kills it as a power cut would.
    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again on its data.
    pub(super) fn start_again(&mut self) {
        (self.child, self.log, self.banner) = launch(self.home.path(), self.way);
    }

    /// The program in the place of this server, with its configuration.
    pub(super) fn program(&self, args: &[&str]) -> Command {
        let mut command = program(self.home.path());
        command.args(args).args(["--config", "config.toml", "--json"]);
        command
    }

    /// Lets clients of this server trust a certificate.
    pub(super) fn trusting(mut self, certificate_pem: &str) -> Server {
        let root = ureq::tls::Certificate::from_pem(certificate_pem.as_bytes()).unwrap();
        let tls = ureq::tls::TlsConfig::builder()
            .provider(ureq::tls::TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .root_certs(ureq::tls::RootCerts::new_with_certs(&[root]))
            .build();
        self.agent = ureq::Agent::new_with_config(client_config().tls_config(tls).build());
        self
    }

    /// Its first address as a URL, without a slash at the end.
    pub(super) fn url(&self) -> &str {
        self.banner["url"].as_str().unwrap().trim_end_matches('/')
    }

    /// Its first address, for plain connections.
    pub(super) fn address(&self) -> &str {
        self.url().split_once("://").unwrap().1
    }

    /// The URLs of the native dialect.
    pub(super) fn native_urls(&self) -> Vec<String> {
        let urls = self.banner["apis"]["native"].as_array().unwrap();
        urls.iter().map(|url| url.as_str().unwrap().trim_end_matches('/').to_owned()).collect()
    }

    /// The directory of its database.
    pub(super) fn data_dir(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// The directory of its configuration.
    pub(super) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Sends it a signal, such as `HUP`.
    pub(super) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").arg(format!("-{name}")).arg(id).status().unwrap().success());
    }

    /// Waits until so many lines of its log contain this text.
    #[track_caller]
    pub(super) fn await_log(&self, text: &str, times: usize) {
        let end = Instant::now() + PATIENCE;
        let mut lines = self.log.lines.lock().unwrap();
        while lines.iter().filter(|line| line.contains(text)).count() < times {
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "not in the log: {text}\n{}", lines.join("\n"));
            lines = self.log.more.wait_timeout(lines, left).unwrap().0;
        }
    }

    /// Runs a command beside it and returns the JSON that it prints.
    #[track_caller]
    pub(super) fn command(&self, args: &[&str]) -> Value {
        let output = program(self.home.path()).args(args).arg("--json").output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Adds an operator with the password `PASSWORD`.
    pub(super) fn add_operator(&self, name: &str, role: &str, tags: &[&str]) {
        let file = self.home.path().join(format!("password-{name}"));
        write_private(&file, PASSWORD);
        let file = file.display().to_string();
        let mut args = vec!["operator", "add", name, "--role", role, "--password-file", &file];
        args.extend(tags.iter().flat_map(|tag| ["--tag", tag]));
        self.command(&args);
    }

    /// Makes a token; returns its id and itself.
    pub(super) fn add_token(&self, operator: &str, limits: &[&str]) -> (String, String) {
        let made = self.command(&[&["token", "create", "--operator", operator, "--label", "test"], limits].concat());
        (made["id"].as_str().unwrap().to_owned(), made["token"].as_str().unwrap().to_owned())
    }

    /// The administrator.
    pub(super) fn admin(&self) -> Caller<'_> {
        self.bearer(self.banner["token"].as_str().unwrap())
    }

    /// Somebody without a token.
    pub(super) fn anyone(&self) -> Caller<'_> {
        Caller { server: self, base: self.url().to_owned(), headers: Vec::new() }
    }

    /// Somebody with this token.
    pub(super) fn bearer(&self, token: &str) -> Caller<'_> {
        self.anyone().with("Authorization", &format!("Bearer {token}"))
    }

    /// An operator of this role who sees clients with these tags; with none, all of them.
    pub(super) fn operator(&self, role: &str, tags: &[&str]) -> Caller<'_> {
        let name = format!("{role}-{}", tags.join("-"));
        let mut tokens = self.tokens.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let token = tokens.entry(name.clone()).or_insert_with(|| {
            self.add_operator(&name, role, tags);
            self.add_token(&name, &[]).1
        });
        self.bearer(token)
    }

    /// An operator who may only look.
    pub(super) fn viewer(&self) -> Caller<'_> {
        self.operator("viewer", &[])
    }

    /// Adds these rules to the group `live-standard`, the one that new accounts of these tests have.
    pub(super) fn set_rules(&self, rules: &str) {
        let group = "code = \"live-standard\"\n";
        self.apply_reference(
            &include_str!("../../packaging/reference.toml").replace(group, &format!("{group}{rules}\n")),
        );
    }

    /// Brings the reference data to what a file says.
    pub(super) fn apply_reference(&self, file: &str) {
        let path = self.home.path().join("reference.toml");
        write_private(&path, file);
        self.command(&["reference", "apply", &path.display().to_string()]);
    }

    /// Moves the clock ahead by some seconds; returns the time that it is then.
    pub(super) fn advance(&self, seconds: i64) -> Moment {
        let reply = self.admin().post("/sandbox/clock", &json!({"advance": seconds})).ok();
        Moment::parse(&reply.text_at("now")).unwrap()
    }

    /// What every change leaves behind: if two of these are equal, nothing was changed in between.
    pub(super) fn trace(&self) -> (u64, u64, u64, u64) {
        let proof = read_file(&self.data_dir().join("bursar.db"), |tx| tx.prove()).unwrap();
        assert_eq!(proof.findings, [], "the books are not right");
        (proof.entries, proof.postings, proof.books, proof.events)
    }

    /// Sends bytes and nothing more, and returns what comes back.
    pub(super) fn raw_once(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Sends bytes of which the server may not take all, and returns what comes back.
    pub(super) fn raw_until_refused(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut answer = [0; 64];
        thread::scope(|scope| {
            // Both at once: a server that stops reading resets the connection, and with it the answer.
            let mut writer = stream.try_clone().unwrap();
            scope.spawn(move || writer.write_all(request));
            let length = stream.read(&mut answer).unwrap();
            String::from_utf8_lossy(&answer[..length]).into_owned()
        })
    }

    /// Sends bytes over a connection of its own and returns all that comes back until the server closes it.
    pub(super) fn raw(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let lines = self.log.lines.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            eprintln!("the server's log:\n{}", lines.join("\n"));
        }
    }
}

/// Starts the program; returns once it listens.
fn launch(home: &Path, way: &[&str]) -> (Child, Arc<Log>, Value) {
    let mut child = program(home)
        .args(way)
        .args(["--listen", "127.0.0.1:0", "--config", "config.toml"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = Arc::new(Log::default());
    let stderr = child.stderr.take().unwrap();
    let written = Arc::clone(&log);
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            written.lines.lock().unwrap().push(line);
            written.more.notify_all();
        }
    });
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let banner = serde_json::from_str(&line)
        .unwrap_or_else(|error| panic!("no banner ({error}): {line}{}", log.lines.lock().unwrap().join("\n")));
    (child, log, banner)
}

/// The password of operators and clients of these tests.
pub(super) const PASSWORD: &str = "correct horse";

fn program(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bursar"));
    command.env_clear().env("BURSAR_DATA_DIR", home.join("data")).current_dir(home).stdin(Stdio::null());
    command
}

fn client_config() -> ureq::config::ConfigBuilder<ureq::typestate::AgentScope> {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .allow_non_standard_methods(true)
        .timeout_global(Some(PATIENCE))
        .max_idle_connections(128)
        .max_idle_connections_per_host(128)
}

/// Writes a file that only its owner may read.
pub(super) fn write_private(path: &Path, content: &str) {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path).unwrap();
    file.write_all(content.as_bytes()).unwrap();
}

/// A text that no other test uses.
pub(super) fn unique(word: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{word}-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Somebody who calls.
#[derive(Clone)]
pub(super) struct Caller<'a> {
    server: &'a Server,
    base: String,
    headers: Vec<(String, String)>,
}

impl<'a> Caller<'a> {
    /// The same caller with one more header.
    pub(super) fn with(&self, name: &str, value: &str) -> Caller<'a> {
        let mut headers = self.headers.clone();
        headers.push((name.to_owned(), value.to_owned()));
        Caller { headers, ..self.clone() }
    }

    /// The same caller with an idempotency key.
    pub(super) fn key(&self, key: &str) -> Caller<'a> {
        self.with("Idempotency-Key", key)
    }

    /// The same caller with another idempotency key than the one that it has.
    pub(super) fn key_again(&self, key: &str) -> Caller<'a> {
        let headers = self.headers.iter().filter(|(name, _)| name != "Idempotency-Key").cloned().collect();
        Caller { headers, ..self.clone() }.key(key)
    }

    /// The same caller from an address that a proxy tells.
    pub(super) fn from(&self, address: &str) -> Caller<'a> {
        self.with("X-Forwarded-For", address)
    }

    /// The same caller at another URL of the same server.
    pub(super) fn at(&self, base: &str) -> Caller<'a> {
        Caller { base: base.to_owned(), ..self.clone() }
    }

    /// Any request; the body as it is.
    #[track_caller]
    pub(super) fn send(&self, method: &str, path: &str, content_type: Option<&str>, body: Option<&[u8]>) -> Reply {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(content_type) = content_type {
            request = request.header("Content-Type", content_type);
        }
        let answer = match body {
            Some(body) => self.server.agent.run(request.body(body).unwrap()),
            None => self.server.agent.run(request.body(()).unwrap()),
        };
        let mut answer = answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let text = answer.body_mut().with_config().limit(64 << 20).read_to_string().unwrap();
        Reply {
            call: format!("{method} {path}"),
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            text,
        }
    }

    #[track_caller]
    pub(super) fn get(&self, path: &str) -> Reply {
        self.send("GET", path, None, None)
    }

    #[track_caller]
    pub(super) fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, None, None)
    }

    #[track_caller]
    pub(super) fn post(&self, path: &str, body: &Value) -> Reply {
        self.post_text(path, &body.to_string())
    }

    /// Posts JSON exactly as it is written here.
    #[track_caller]
    pub(super) fn post_text(&self, path: &str, body: &str) -> Reply {
        self.send("POST", path, Some("application/json"), Some(body.as_bytes()))
    }

    #[track_caller]
    pub(super) fn put(&self, path: &str, body: &Value) -> Reply {
        self.send("PUT", path, Some("application/json"), Some(body.to_string().as_bytes()))
    }

    /// A new client; returns its id.
    #[track_caller]
    pub(super) fn new_profile(&self) -> String {
        self.new_profile_with(&json!({}))
    }

    /// A new client with these fields beside an address of its own.
    #[track_caller]
    pub(super) fn new_profile_with(&self, fields: &Value) -> String {
        let mut body = json!({"email": format!("{}@example.com", unique("client"))});
        for (name, value) in fields.as_object().unwrap() {
            body[name] = value.clone();
        }
        self.post("/profiles", &body).ok().text_at("id")
    }

    /// The id of the first group of this mode that offers a currency.
    #[track_caller]
    pub(super) fn group(&self, currency: &str, is_demo: bool) -> String {
        let groups = self.get(&format!("/account-groups?currency={currency}")).ok().json();
        let mut groups = groups["groups"].as_array().unwrap().iter();
        let group = groups.find(|group| group["isDemo"] == is_demo).expect("a group");
        group["id"].as_str().unwrap().to_owned()
    }

    /// A new account of a new client in a live group; returns its id.
    #[track_caller]
    pub(super) fn new_account(&self, currency: &str) -> String {
        let profile = self.new_profile();
        self.new_account_of(&profile, currency)
    }

    /// A new account of this client in a live group; returns its id.
    #[track_caller]
    pub(super) fn new_account_of(&self, profile: &str, currency: &str) -> String {
        let group = self.group(currency, false);
        let body = json!({"profileId": profile, "currency": currency, "groupId": group});
        self.post("/accounts", &body).ok().text_at("account/id")
    }

    /// Deposits; returns the deal's id.
    #[track_caller]
    pub(super) fn deposit(&self, account: &str, amount: &str) -> String {
        self.post(&format!("/accounts/{account}/deposit"), &json!({"amount": amount})).ok().text_at("dealId")
    }

    /// The balance of an account, digit by digit.
    #[track_caller]
    pub(super) fn balance(&self, account: &str) -> String {
        self.get(&format!("/accounts/{account}")).ok().digits("balance")
    }

    /// What an account can dispose of, digit by digit.
    #[track_caller]
    pub(super) fn available(&self, account: &str) -> String {
        self.get(&format!("/accounts/{account}")).ok().digits("availableBalance")
    }

    /// Asks for a movement, such as one of `holds`; returns its id.
    #[track_caller]
    pub(super) fn ask(&self, account: &str, movements: &str, amount: &str) -> String {
        self.post(&format!("/accounts/{account}/{movements}"), &json!({"amount": amount})).ok().text_at("id")
    }

    /// Lets something go on, such as `/holds/{id}/release`.
    #[track_caller]
    pub(super) fn step(&self, path: &str) -> Reply {
        self.post(path, &json!({}))
    }

    /// The deals of an account, newest first.
    #[track_caller]
    pub(super) fn deals(&self, account: &str) -> Vec<Value> {
        self.get(&format!("/accounts/{account}/deals")).ok().json()["deals"].as_array().unwrap().clone()
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    call: String,
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Reply {
    /// The answer, which must be a success.
    #[track_caller]
    pub(super) fn ok(self) -> Reply {
        assert_eq!(self.status, 200, "{}: {}", self.call, self.text);
        assert_eq!(self.header("content-type"), Some("application/json"), "{}", self.call);
        self
    }

    /// The answer, which must be this refusal in the envelope of the native dialect.
    #[track_caller]
    pub(super) fn refused(self, status: u16, code: u64, reason: &str) -> Reply {
        assert_eq!(self.status, status, "{}: {}", self.call, self.text);
        assert_eq!(self.header("content-type"), Some("application/json"), "{}", self.call);
        let body = self.json();
        assert_eq!(body["code"], code, "{}: {}", self.call, self.text);
        assert!(!body["message"].as_str().unwrap().is_empty());
        assert_eq!(body["details"][0]["@type"], "type.googleapis.com/google.rpc.ErrorInfo", "{body}");
        assert_eq!(body["details"][0]["reason"], reason, "{}: {}", self.call, self.text);
        assert_eq!(body["details"][1]["requestId"], self.header("x-request-id").unwrap(), "{body}");
        self
    }

    /// The field that a refusal names.
    #[track_caller]
    pub(super) fn field(&self) -> String {
        self.json()["details"][0]["metadata"]["field"].as_str().unwrap_or_default().to_owned()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Whether it repeats an earlier answer.
    pub(super) fn is_replayed(&self) -> bool {
        self.header("idempotency-replayed") == Some("true")
    }

    #[track_caller]
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{}: {error}: {}", self.call, self.text))
    }

    /// The text at a path such as `deals/0/id`.
    #[track_caller]
    pub(super) fn text_at(&self, path: &str) -> String {
        serde_json::from_str(&self.digits(path)).unwrap_or_else(|error| panic!("{path}: {error}: {}", self.text))
    }

    /// What stands at a path, exactly as it was written: money must not pass through a binary float, not even here.
    #[track_caller]
    pub(super) fn digits(&self, path: &str) -> String {
        let mut raw: Box<RawValue> = serde_json::from_str(&self.text).unwrap();
        for part in path.split('/') {
            raw = match part.parse::<usize>() {
                Ok(index) => serde_json::from_str::<Vec<Box<RawValue>>>(raw.get()).unwrap().swap_remove(index),
                Err(_) => serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(raw.get())
                    .unwrap()
                    .remove(part)
                    .unwrap_or_else(|| panic!("no {path} in {}", self.text)),
            };
        }
        raw.get().to_owned()
    }
}
