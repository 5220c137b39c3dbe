//! `bursar serve --dev`: a sandbox that is ready at once and persists across restarts.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::outcome::{Exit, Failure};
use super::{data_dir, machine_user, progress};
use crate::app::access::{AddOperator, CreateApiClient, CreateToken, FreshToken, ResetPassword, hash_blocking};
use crate::app::reference::{ApplyReference, sample};
use crate::app::trading::{FeedEvents, Zones};
use crate::app::{App, Caller};
use crate::config::Config;
use crate::dialects::native::{ReadEvents, read_events};
use crate::domain::access::{Password, Role};
use crate::domain::clock::Randomness;
use crate::domain::refusal::{Field, Refusal};
use crate::http::{api_clients, apis_with_clients};
use crate::store::{DataDir, Mode};
use crate::system::SystemRandomness;

/// The data directory if none is named, relative to the working directory.
pub(super) const DATA_DIR: &str = "bursar-dev";

const CREDENTIALS_FILE: &str = "dev-credentials.json";
const OPERATOR: &str = "dev";
const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The login and token of a development server, stored in its data directory to survive restarts.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Credentials {
    pub(super) username: String,
    pub(super) password: String,
    pub(super) token: String,
    /// The client of each API that takes clients. Absent in files of earlier versions.
    #[serde(default)]
    pub(super) clients: BTreeMap<String, ClientCredentials>,
}

/// An API client of a development server, which holds every right of its API.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ClientCredentials {
    pub(super) id: String,
    pub(super) secret: String,
}

/// Opens the sandbox in a data directory; creates it, with reference data and sample clients, on first use.
pub(super) fn open(config: &Config, with_samples: bool) -> Result<(Arc<App>, Credentials), Failure> {
    let dir = DataDir::new(&config.server.data_dir);
    dir.create()?;
    let lock = dir.lock()?;
    let set_up = |app: &Arc<App>| set_up(app, dir.path(), with_samples);
    if !is_sandbox(&dir)? {
        return data_dir::create(lock, config, Mode::Sandbox, set_up);
    }
    data_dir::migrate(&lock, config, progress::watch(false))?;
    let app = data_dir::open(lock, config)?;
    let credentials = set_up(&app).inspect_err(|_| app.close())?;
    Ok((app, credentials))
}

/// Whether the directory has a sandbox; false if it has no database. A production database is refused.
fn is_sandbox(dir: &DataDir) -> Result<bool, Failure> {
    match data_dir::mode(dir)? {
        None => Ok(false),
        Some(Mode::Sandbox) => Ok(true),
        Some(Mode::Production) => {
            let message = format!("{} is a production database, and --dev is for sandboxes", dir.path().display());
            Err(Failure::new(Exit::Database, message)
                .next("Start it without --dev, or name another directory with --data-dir."))
        }
    }
}

fn set_up(app: &Arc<App>, dir: &Path, with_samples: bool) -> Result<Credentials, Failure> {
    let caller = app.machine_caller(&machine_user::of_this_process());
    if app.show_reference()?.currencies.is_empty() {
        let file = sample().map_err(|error| Failure::new(Exit::Failure, error))?;
        app.execute_blocking(&caller, ApplyReference { file })?;
        if with_samples {
            app.add_samples(&caller)?;
            feed_unknown_account(app, &caller)?;
        }
    }
    let file = dir.join(CREDENTIALS_FILE);
    let stored = stored(&file).filter(|stored| app.authenticate(&stored.token, LOCALHOST).is_ok());
    let before = stored.clone();
    let mut credentials = stored.map_or_else(|| fresh(app), Ok)?;
    for api in apis_with_clients() {
        let is_lost =
            |kept: &ClientCredentials| app.authenticate_client(api, &kept.id, &kept.secret, LOCALHOST).is_err();
        if credentials.clients.get(api).is_none_or(is_lost) {
            credentials.clients.insert(api.to_owned(), fresh_client(app, &caller, api)?);
        }
    }
    if before.as_ref() != Some(&credentials) {
        store(&file, &credentials).map_err(|error| Failure::of_file(file.display(), &error))?;
    }
    Ok(credentials)
}

/// Makes a client with every right of an API.
fn fresh_client(app: &Arc<App>, caller: &Caller, api: &str) -> Result<ClientCredentials, Failure> {
    let rights = api_clients(api).and_then(|known| known.rights(&[]).ok()).unwrap_or_default();
    let secret = FreshToken::new(app.randomness());
    let create = CreateApiClient {
        api: api.to_owned(),
        label: "bursar serve --dev".into(),
        rights,
        tags: [].into(),
        networks: Vec::new(),
        days: None,
        secret: secret.hash(),
        key: None,
    };
    let made = app.execute_blocking(caller, create)?.outcome;
    Ok(ClientCredentials { id: made.id.to_string(), secret: secret.reveal() })
}

/// Feeds an event that waits, so that the list of such events is not empty.
fn feed_unknown_account(app: &Arc<App>, caller: &Caller) -> Result<(), Failure> {
    let event = serde_json::json!({
        "kind": "swap", "platform": "mt5", "eventId": "500199-swap-1", "account": "500199", "at": app.now().to_string(),
        "symbol": "EURUSD", "amount": "-4.15",
    });
    let ReadEvents { events, .. } = read_events([event.to_string().as_bytes()], &Zones::default());
    app.execute_blocking(caller, FeedEvents::<false> { events })?;
    Ok(())
}

fn stored(file: &Path) -> Option<Credentials> {
    serde_json::from_str(&fs::read_to_string(file).ok()?).ok()
}

/// Gives the development operator a new password and a new token.
fn fresh(app: &Arc<App>) -> Result<Credentials, Failure> {
    let caller = app.machine_caller(&machine_user::of_this_process());
    let mut secret = [0; 15];
    SystemRandomness.fill(&mut secret);
    let password = URL_SAFE_NO_PAD.encode(secret);
    let hash = hash_blocking(&Password::new(Field::Password, &password)?, app.randomness())?;
    let add = AddOperator {
        name: OPERATOR.into(),
        role: Role::Admin,
        grants: [].into(),
        tags: [].into(),
        password: Some(hash.clone()),
    };
    match app.execute_blocking(&caller, add) {
        Ok(_) => {}
        Err(Refusal::DuplicateName) => {
            app.execute_blocking(&caller, ResetPassword { name: OPERATOR.into(), password: hash }).map_err(
                |refusal| {
                    Failure::from(refusal).next(format!(
                        "The operator {OPERATOR} is disabled. Name another directory with --data-dir, or start without \
                     --dev."
                    ))
                },
            )?;
        }
        Err(refusal) => return Err(refusal.into()),
    }
    let token = FreshToken::new(app.randomness());
    let create = CreateToken {
        operator: OPERATOR.into(),
        label: "bursar serve --dev".into(),
        scopes: Vec::new(),
        tags: [].into(),
        networks: Vec::new(),
        days: None,
        token: token.hash(),
    };
    app.execute_blocking(&caller, create)?;
    Ok(Credentials { username: OPERATOR.into(), password, token: token.reveal(), clients: BTreeMap::new() })
}

fn store(file: &Path, credentials: &Credentials) -> std::io::Result<()> {
    let temporary = file.with_extension("new");
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    writeln!(opened, "{}", serde_json::to_string_pretty(credentials)?)?;
    fs::rename(temporary, file)
}
