//! The servers under load: the real program, and a minimal server with the same HTTP library.

use crate::Outcome;
use crate::common::program::{Process, SERVE, program_of};
use crate::load::{Load, NextRequest};
use rustls::ClientConfig;
use serde_json::Value;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The program and its options.
#[derive(Clone)]
pub(crate) struct Program {
    pub(crate) binary: PathBuf,
}

/// A running `bursar serve --dev`.
pub(crate) struct Bursar {
    process: Process,
    log: PathBuf,
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    pub(crate) tls: Option<Arc<ClientConfig>>,
    /// From process start to first answer.
    pub(crate) started_in: Duration,
}

/// The writer's statistics, which the program prints when it stops.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written {
    pub(crate) operations: u64,
    pub(crate) commits: u64,
    pub(crate) slowest_commit: Duration,
}

impl Program {
    /// Starts the program on a data directory and waits for its first answer.
    pub(crate) fn serve(&self, directory: &Path) -> Outcome<Bursar> {
        self.start(directory, None)
    }

    /// Like [`Program::serve`], with a configuration file.
    pub(crate) fn serve_with(&self, directory: &Path, config: &Path) -> Outcome<Bursar> {
        self.start(directory, Some((config.to_owned(), None)))
    }

    /// The program on a data directory.
    fn on(&self, directory: &Path) -> Command {
        let mut command = program_of(&self.binary);
        command.env("BURSAR_DATA_DIR", directory);
        command
    }

    /// Runs `bursar backup …` and returns its output.
    pub(crate) fn backup(&self, directory: &Path, config: &Path, command: &[&str]) -> Outcome<Value> {
        self.run("backup", directory, config, command)
    }

    /// Makes a backup after the running server has made the one that its change journal starts from, so that none is
    /// made during a measurement.
    pub(crate) fn first_backup(&self, directory: &Path) -> Outcome<()> {
        let config = directory.join("bench-defaults.toml");
        fs::write(&config, "")?;
        let started = Instant::now();
        loop {
            match self.backup(directory, &config, &["create"]) {
                Err(error) if error.to_string().contains("BUSY") && started.elapsed() < Duration::from_secs(300) => {
                    std::thread::park_timeout(Duration::from_millis(100));
                }
                made => return made.map(|_| ()),
            }
        }
    }

    /// Runs `bursar restore …` and returns its output.
    pub(crate) fn restore(&self, directory: &Path, config: &Path, command: &[&str]) -> Outcome<Value> {
        self.run("restore", directory, config, command)
    }

    fn run(&self, noun: &str, directory: &Path, config: &Path, command: &[&str]) -> Outcome<Value> {
        let mut program = self.on(directory);
        let out = program.arg(noun).args(command).arg("--json").arg("--config").arg(config).output()?;
        if !out.status.success() {
            let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
            return Err(format!("{noun} {}: {text}", command.join(" ")).into());
        }
        Ok(serde_json::from_slice(&out.stdout)?)
    }

    /// Runs `bursar import events` without a server.
    pub(crate) fn import(&self, directory: &Path, file: &Path) -> Outcome<Imported> {
        let log = directory.join("import.log");
        let mut command = self.on(directory);
        command.args(["import", "events", "--json"]).arg(file).stderr(File::create(&log)?);
        let (started, answer) = (Instant::now(), directory.join("import.json"));
        let mut process = Process::spawn_onto(&mut command, File::create(&answer)?);
        let mut peak_kib = 0;
        while !process.has_ended() {
            peak_kib = memory_kib(process.id(), "VmHWM").unwrap_or(peak_kib).max(peak_kib);
            std::thread::park_timeout(Duration::from_millis(20));
        }
        let took = started.elapsed();
        if !process.wait().success() {
            return Err(format!("the import failed: {}", fs::read_to_string(&log)?).into());
        }
        Ok(Imported { summary: serde_json::from_slice(&fs::read(&answer)?)?, took, peak_kib })
    }

    /// Like [`Program::serve`], with TLS.
    pub(crate) fn serve_tls(&self, directory: &Path) -> Outcome<Bursar> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
        let (certificate, key) = (directory.join("bench-cert.pem"), directory.join("bench-key.pem"));
        fs::write(&certificate, made.cert.pem())?;
        write_private(&key, &made.signing_key.serialize_pem())?;
        let config = directory.join("bench.toml");
        let text = format!(
            "[tls]\nmode = \"files\"\ncertificate_file = {:?}\nkey_file = {:?}\n",
            certificate.display().to_string(),
            key.display().to_string()
        );
        fs::write(&config, text)?;
        let mut roots = rustls::RootCertStore::empty();
        roots.add(made.cert.der().clone())?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        self.start(directory, Some((config, Some(Arc::new(client)))))
    }

    fn start(&self, directory: &Path, config: Option<(PathBuf, Option<Arc<ClientConfig>>)>) -> Outcome<Bursar> {
        let log = directory.join("bench.log");
        let mut command = self.on(directory);
        command.args(SERVE).stderr(File::create(&log)?);
        if let Some((config, _)) = &config {
            command.arg("--config").arg(config);
        }
        let started = Instant::now();
        let mut process = Process::spawn(&mut command);
        let told = process
            .banner()
            .ok_or_else(|| format!("the server did not start: {}", fs::read_to_string(&log).unwrap_or_default()))?;
        let text = |name: &str| told[name].as_str().map(str::to_owned).ok_or(format!("the server tells no {name}"));
        let url = text("url")?;
        let address: SocketAddr = url.rsplit('/').next().unwrap_or_default().parse()?;
        let token = text("token")?;
        let tls = config.and_then(|(_, client)| client);
        let is_tls = tls.is_some();
        let mut server = Bursar { process, log, address, token, tls, started_in: Duration::ZERO };
        if !is_tls {
            server.ask("GET", "/account-groups", None)?;
        }
        server.started_in = started.elapsed();
        Ok(server)
    }

    /// Runs `bursar audit --quick` and returns its report; findings are an error.
    pub(crate) fn audit(&self, directory: &Path) -> Outcome<Value> {
        let out = self.on(directory).args(["audit", "--quick", "--json"]).output()?;
        if !out.status.success() {
            let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
            return Err(format!("the audit found something: {text}").into());
        }
        Ok(serde_json::from_slice(&out.stdout)?)
    }
}

fn memory_kib(process: u32, name: &str) -> Outcome<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find(|line| line.starts_with(name)).ok_or("no such line in /proc")?;
    Ok(line.split_whitespace().nth(1).ok_or("no number in /proc")?.parse()?)
}

/// An import that has ended well.
pub(crate) struct Imported {
    pub(crate) summary: Value,
    pub(crate) took: Duration,
    /// The most memory that was resident, as last seen.
    pub(crate) peak_kib: u64,
}

fn write_private(file: &Path, text: &str) -> Outcome<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = fs::OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(file)?;
    Ok(file.write_all(text.as_bytes())?)
}

impl Bursar {
    /// Sends one call on a new connection, outside any measurement.
    pub(crate) fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Outcome<Value> {
        let mut stream = TcpStream::connect(self.address)?;
        let body = body.map(Value::to_string).unwrap_or_default();
        stream.write_all(&self.request(method, path, &body, "connection: close\r\n"))?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("an answer without a body")?;
        if !head.starts_with("HTTP/1.1 200 ") {
            return Err(format!("{method} {path}: {answer}").into());
        }
        Ok(serde_json::from_str(body)?)
    }

    /// The bytes of one request.
    pub(crate) fn request(&self, method: &str, path: &str, body: &str, more: &str) -> Vec<u8> {
        let length = body.len();
        format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n{more}\r\n{body}",
            self.token
        )
        .into_bytes()
    }

    /// A load on this server.
    pub(crate) fn load(&self, connections: usize, time: Duration) -> Load {
        let warm_up = (time / 3).min(Duration::from_secs(1));
        Load { address: self.address, tls: self.tls.clone(), connections, threads: 1, warm_up, time }
    }

    /// Constant requests: `path` with each account in turn.
    pub(crate) fn gets(
        &self,
        accounts: &Arc<[String]>,
        path: impl Fn(&str) -> String,
    ) -> impl Fn(usize) -> NextRequest {
        let requests: Arc<[Vec<u8>]> =
            accounts.iter().map(|account| self.request("GET", &path(account), "", "")).collect();
        move |connection| {
            let requests = Arc::clone(&requests);
            let mut dice = fastrand::Rng::with_seed(connection as u64);
            Box::new(move |bytes| bytes.extend_from_slice(&requests[dice.usize(..requests.len())]))
        }
    }

    /// A process figure of the kernel in KiB, such as `VmRSS`.
    pub(crate) fn memory_kib(&self, name: &str) -> Outcome<u64> {
        memory_kib(self.process.id(), name)
    }

    /// The CPU time used so far. It shows the cost of an answer even if the machine is busy.
    pub(crate) fn processor_time(&self) -> Outcome<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |index: usize| -> Outcome<u64> { Ok(fields.get(index).ok_or("no times in /proc")?.parse()?) };
        // The kernel reports hundredths of a second.
        Ok(Duration::from_millis((ticks(11)? + ticks(12)?) * 10))
    }

    /// Stops the server as a supervisor would, and reads its writer's statistics.
    pub(crate) fn stop(mut self) -> Outcome<Written> {
        if !self.process.stop().success() {
            return Err(format!("the server ended badly: {}", fs::read_to_string(&self.log)?).into());
        }
        let log = fs::read_to_string(&self.log)?;
        let line = log.lines().find(|line| line.contains("the writer has stopped")).ok_or("the writer said nothing")?;
        let told: Value = serde_json::from_str(line)?;
        let number = |name: &str| told[name].as_u64().ok_or(format!("the writer told no {name}"));
        Ok(Written {
            operations: number("operations")?,
            commits: number("commits")?,
            slowest_commit: Duration::from_micros(number("slowest_commit_us")?),
        })
    }
}

/// A minimal server with the same HTTP library, in this process: the lower bound of the cost of a request.
pub(crate) struct Hello {
    pub(crate) address: SocketAddr,
    handle: actix_web::dev::ServerHandle,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Hello {
    pub(crate) fn start() -> Outcome<Hello> {
        let (sender, receiver) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let _ = actix_web::rt::System::new().block_on(async move {
                let workers = std::thread::available_parallelism().map_or(1, usize::from);
                let server = actix_web::HttpServer::new(|| {
                    let hello = || async { actix_web::HttpResponse::Ok().body("hello") };
                    actix_web::App::new().route("/hello", actix_web::web::get().to(hello))
                })
                .workers(workers)
                .keep_alive(Duration::from_secs(75))
                .disable_signals()
                .bind(("127.0.0.1", 0))?;
                let address = server.addrs().first().copied();
                let running = server.run();
                let _ = sender.send((address, running.handle()));
                running.await
            });
        });
        let (address, handle) = receiver.recv()?;
        Ok(Hello { address: address.ok_or("hello has no address")?, handle, thread: Some(thread) })
    }

    pub(crate) fn load(&self, connections: usize, time: Duration) -> Load {
        let warm_up = (time / 3).min(Duration::from_secs(1));
        Load { address: self.address, tls: None, connections, threads: 1, warm_up, time }
    }
}

impl Drop for Hello {
    fn drop(&mut self) {
        // The stop command is sent when called; its future only reports completion.
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
