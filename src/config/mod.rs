//! Configuration from four sources, each overriding the one before: built-in defaults, a TOML file, the environment,
//! flags. One struct per section.
//!
//! All problems are reported at once as [`ConfigErrors`], each with its source and its fix. Checks of the machine,
//! rather than of the values, are in [`start`]. This module depends on no other module of bursar.
//!
//! To add a key, add a line to its section and run the tests: they print the expected example file.

mod access;
mod accounts;
mod apis;
mod approvals;
mod backup;
mod browser;
mod clock;
mod environment;
mod events;
mod example;
mod file;
mod idempotency;
mod keys;
mod kubernetes;
mod layer;
mod limits;
mod log;
mod program;
mod schema;
mod section;
mod server;
mod sessions;
mod setting;
mod source;
pub mod start;
mod store;
mod tls;
mod trading;
mod webhooks;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use figment::Figment;
use figment::providers::Serialized;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use access::{Access, ForwardedHeader};
pub use accounts::Accounts;
pub use apis::{Apis, HostName, Mount, PathPrefix};
pub use approvals::Approvals;
pub use backup::{Backup, S3Environment};
pub use browser::{Browser, WebOrigin};
pub use clock::Clock;
pub use events::Events;
pub use example::example;
pub use idempotency::Idempotency;
pub use keys::Keys;
pub use limits::Limits;
pub use log::{Log, LogFormat};
pub use program::Program;
pub use schema::schema;
pub use section::Key;
pub use server::Server;
pub use sessions::Sessions;
pub use source::{ConfigErrors, Finding, Problem, Source};
pub use store::Store;
pub use tls::{Tls, TlsMode};
pub use trading::Trading;
pub use webhooks::Webhooks;

use layer::Layer;
use section::Section;
use setting::Notation;

/// The file that is read if none is named, provided it exists.
pub const DEFAULT_FILE: &str = "/etc/bursar/config.toml";

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub server: Server,
    pub tls: Tls,
    pub access: Access,
    pub sessions: Sessions,
    pub accounts: Accounts,
    pub approvals: Approvals,
    pub trading: Trading,
    pub program: Program,
    pub idempotency: Idempotency,
    pub events: Events,
    pub webhooks: Webhooks,
    pub store: Store,
    pub limits: Limits,
    pub browser: Browser,
    pub backup: Backup,
    pub keys: Keys,
    pub clock: Clock,
    pub log: Log,
    pub apis: Apis,
    /// Not a value of the file, and never shown.
    #[serde(skip)]
    pub s3_environment: S3Environment,
    /// Whether webhooks may send to this machine, as under `--dev`. Not a value of the file.
    #[serde(skip)]
    pub webhooks_to_loopback: bool,
    /// The file that a flag or the environment named. Not a value of the file.
    #[serde(skip)]
    pub named_file: Option<PathBuf>,
}

/// The sources of a configuration. The environment is passed in, so that tests need not change that of their process.
#[derive(Clone, Debug)]
pub struct Sources {
    /// The file named by `--config`; it must exist.
    pub file: Option<PathBuf>,
    /// The file that is read if neither `--config` nor `BURSAR_CONFIG` names one; it need not exist.
    pub default_file: Option<PathBuf>,
    /// Only `BURSAR_*` and the credentials in `AWS_*` are read.
    pub environment: Vec<(OsString, OsString)>,
    pub flags: Flags,
}

impl Sources {
    /// The given sources, with [`DEFAULT_FILE`] as the default file.
    pub fn new<N, V>(environment: impl IntoIterator<Item = (N, V)>, file: Option<PathBuf>, flags: Flags) -> Self
    where
        N: Into<OsString>,
        V: Into<OsString>,
    {
        let environment = environment.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { file, default_file: Some(DEFAULT_FILE.into()), environment, flags }
    }
}

/// The keys that have a flag; `None` if the flag was not given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    pub data_dir: Option<PathBuf>,
    pub listen: Option<SocketAddr>,
    pub insecure_http: Option<bool>,
}

impl Flags {
    fn read(self, keys: &[Key]) -> Layer {
        let mut layer = Layer::new("flags");
        let mut set = |path: &str, flag: &str, value: Option<OsString>| {
            let source = Source::Flag { name: flag.into() };
            match value.map(OsString::into_string) {
                None => {}
                Some(Ok(text)) => layer.set(path.into(), source, &text.into(), Notation::Text, keys),
                Some(Err(_)) => layer.report(path, source, "is not UTF-8", "Write it in UTF-8."),
            }
        };
        set("server.data_dir", "--data-dir", self.data_dir.map(PathBuf::into_os_string));
        set("server.listen", "--listen", self.listen.map(|listen| listen.to_string().into()));
        set("server.insecure_http", "--insecure-http", self.insecure_http.map(|value| value.to_string().into()));
        layer
    }
}

/// A valid configuration, and the source of each value.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub config: Config,
    /// By the dotted path of the key; contains every key.
    pub sources: BTreeMap<String, Source>,
    /// The file that was read, if any.
    pub file: Option<PathBuf>,
}

impl Config {
    /// Reads all sources and merges them.
    ///
    /// # Errors
    /// All problems of the sources, and all findings of [`Config::validate`] in the result.
    pub fn load(sources: Sources) -> Result<Loaded, ConfigErrors> {
        let keys = keys();
        let (file, layer) = sources.file_layer(&keys);
        let named_file = sources.named_file().map(|(file, _)| file);
        let environment = environment::read(&sources.environment, &keys);
        let mut layers: Vec<Layer> = layer.into_iter().chain([environment, sources.flags.read(&keys)]).collect();
        let mut problems: Vec<Problem> = layers.iter_mut().flat_map(|layer| layer.problems.drain(..)).collect();

        let figment =
            layers.iter().fold(Figment::from(Serialized::defaults(Self::default())), |below, layer| layer.over(below));
        let origin = keys.iter().map(|key| (key.path.clone(), Layer::source(&layers, &figment, &key.path)));
        let origin: BTreeMap<String, Source> = origin.collect();
        let config = figment.extract::<Self>().map_err(|error| internal(&error)).inspect_err(|problem| {
            problems.push(problem.clone());
        });
        if let Ok(config) = &config {
            // A key with an unreadable value has that of a lower layer here, so findings about it would mislead.
            let is_readable = |finding: &Finding| !problems.iter().any(|problem| problem.key == finding.key);
            let findings: Vec<_> = config.validate().into_iter().filter(is_readable).collect();
            problems.extend(findings.into_iter().map(|finding| {
                let source = origin.get(&finding.key).cloned().unwrap_or(Source::Default);
                finding.at(source)
            }));
        }
        match config {
            Ok(mut config) if problems.is_empty() => {
                config.s3_environment = S3Environment::read(&sources.environment);
                config.named_file = named_file;
                Ok(Loaded { config, sources: origin, file })
            }
            _ => Err(ConfigErrors { problems }),
        }
    }

    /// Checks the values themselves: numbers out of range, files that are required but not named, mounts that clash.
    /// Reads nothing but the values.
    pub fn validate(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let values = self.to_json();
        for key in keys() {
            if setting::is_private_key(&key.find(&values).to_string()) {
                let fix = "Store the key in a file with mode 0600, and name the file where a key expects one.";
                findings.push(Finding::new(&key.path, "contains a private key", fix));
            }
            let (Some(range), Some(number)) = (&key.range, key.find(&values).as_u64()) else { continue };
            if !range.contains(&number) {
                let fix = format!("Write a number from {} to {}.", range.start(), range.end());
                findings.push(Finding::new(&key.path, format!("{number} is out of range"), fix));
            }
        }
        self.tls.validate(&mut findings);
        self.access.validate(&mut findings);
        self.sessions.validate(&mut findings);
        self.accounts.validate(&mut findings);
        self.limits.validate(&mut findings);
        self.approvals.validate(&mut findings);
        self.program.validate(&mut findings);
        self.backup.validate(&mut findings);
        self.log.validate(&mut findings);
        self.apis.validate(self.server.listen, &mut findings);
        findings
    }

    /// The values as JSON, nested as in the file.
    pub fn to_json(&self) -> Value {
        // Serialising maps with string keys cannot fail.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The value of one key as JSON; null if unset.
    pub fn value(&self, key: &Key) -> Value {
        key.find(&self.to_json()).clone()
    }

    /// The value of one key as TOML.
    pub fn toml(&self, key: &Key) -> String {
        example::toml_text(key.find(&self.to_json()))
    }
}

impl Loaded {
    /// The sources that were used, for the banner: defaults, file, variables and flags, in the order of override.
    pub fn used(&self) -> Vec<String> {
        let file = self.file.iter().map(|file| file.display().to_string());
        let mut others: Vec<_> =
            self.sources.values().filter(|source| !matches!(source, Source::File { .. })).collect();
        others.sort();
        others.dedup();
        let others = others.into_iter().filter(|source| **source != Source::Default).map(Source::to_string);
        ["built-in defaults".to_owned()].into_iter().chain(file).chain(others).collect()
    }
}

impl Sources {
    /// The file that was read, named by flag, by environment or by default, and its layer.
    fn file_layer(&self, keys: &[Key]) -> (Option<PathBuf>, Option<Layer>) {
        let (path, named_by) = match self.named_file() {
            Some((path, source)) => (Some(path), Some(source)),
            None => (self.default_file.clone(), None),
        };
        let layer = path.as_deref().and_then(|path| file::read(path, named_by, keys));
        (path.filter(|_| layer.is_some()), layer)
    }

    /// The file that the flag or else the environment names.
    fn named_file(&self) -> Option<(PathBuf, Source)> {
        let by_flag = self.file.clone().map(|file| (file, Source::Flag { name: "--config".into() }));
        let by_name = || {
            environment::file(&self.environment)
                .map(|file| (file, Source::Environment { name: environment::FILE.into() }))
        };
        by_flag.or_else(by_name)
    }
}

/// The tables of the file (name, description and keys) in the order of the example.
fn sections() -> Vec<(String, &'static str, Vec<Key>)> {
    fn section<T: Section>(name: &str) -> (String, &'static str, Vec<Key>) {
        (name.into(), T::ABOUT.trim(), T::keys(name))
    }
    let mut all = vec![
        section::<Server>("server"),
        section::<Tls>("tls"),
        section::<Access>("access"),
        section::<Sessions>("sessions"),
        section::<Accounts>("accounts"),
        section::<Approvals>("approvals"),
        section::<Trading>("trading"),
        section::<Program>("program"),
        section::<Idempotency>("idempotency"),
        section::<Events>("events"),
        section::<Webhooks>("webhooks"),
        section::<Store>("store"),
        section::<Limits>("limits"),
        section::<Browser>("browser"),
        section::<Backup>("backup"),
        section::<Keys>("keys"),
        section::<Clock>("clock"),
        section::<Log>("log"),
    ];
    all.extend(Apis::sections());
    all
}

/// All keys, in the order of the example.
pub fn keys() -> Vec<Key> {
    sections().into_iter().flat_map(|(_, _, keys)| keys).collect()
}

/// The key table and the structs are generated from one description, so an error here is a bug.
fn internal(error: &figment::Error) -> Problem {
    let fix = "This is a bug in bursar: report it with the output of `bursar version --json`.".into();
    Problem { key: error.path.join("."), source: Source::Default, message: error.to_string(), fix }
}

#[cfg(test)]
mod tests;
