//! `bursar serve`: runs the server, under production rules or for development.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::banner::{self, Banner, NextBackup};
use super::control_server::ControlServer;
use super::outcome::{Exit, Failure};
use super::{ListenFlags, backup_config, data_dir, dev, logging, progress};
use crate::app::App;
use crate::app::events::Messenger;
use crate::app::maintenance::{BackupHealth, BackupState};
use crate::backup::Shipping;
use crate::backup::target::TargetSpec;
use crate::config::{Config, Loaded, Source, Sources, TlsMode, start};
use crate::dialects::native::StandardWebhooks;
use crate::http::{self, ServeError};
use crate::jobs;
use crate::store::DataDir;

#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Run for development: a sandbox in ./bursar-dev with sample data and a printed token
    #[arg(long)]
    dev: bool,
    /// With --dev: create no sample clients, and move no quotes
    #[arg(long, requires = "dev")]
    no_sample: bool,
    #[command(flatten)]
    pub(super) flags: ListenFlags,
}

/// Runs until SIGTERM or SIGINT.
pub(super) fn run(args: &ServeArgs, mut sources: Sources, json: bool) -> Result<(), Failure> {
    if args.dev {
        sources.default_file = None;
    }
    let mut loaded = Config::load(sources).map_err(|errors| Failure::from(&errors))?;
    let _log = logging::start(&loaded.config.log)?;
    let (app, credentials) = if args.dev {
        prepare_dev(&mut loaded)?;
        let (app, credentials) = dev::open(&loaded.config, !args.no_sample)?;
        (app, Some(credentials))
    } else {
        (open(&loaded.config)?, None)
    };
    let used = loaded.used();
    let config = &loaded.config;
    let dir = DataDir::new(&config.server.data_dir);
    let has_samples = args.dev && !args.no_sample;
    let clock = app.clock_report()?;
    let paused_on = app.rests_after()?.map(|restore| restore.timeline);
    let next_backup = |state: &BackupState| next_backup(config, &dir, state);
    let outcome = serve(&app, config, &dir, has_samples, |listening| {
        let backups = app.backup_state();
        let banner = Banner {
            listening,
            credentials: credentials.as_ref(),
            dir: &dir,
            here: data_dir::flags(config, &DataDir::new(banner::absolute(dir.path()))),
            mode: app.installation().mode,
            sources: &used,
            next_backup: next_backup(&backups),
            backups,
            clock,
            paused_on,
        };
        banner.print(json);
    });
    app.close();
    outcome
}

/// The targets and the time of the server's next backup; `None` if it makes none. If there is no backup yet, the change
/// journal triggers one within its interval.
fn next_backup(config: &Config, dir: &DataDir, state: &BackupState) -> Option<NextBackup> {
    let schedule = backup_config::schedule(config)?;
    let targets = backup_config::settings(config, dir).ok()?.targets.iter().map(TargetSpec::name).collect();
    let journal_s = i64::try_from(config.backup.journal_interval_s).unwrap_or(i64::MAX);
    let planned = schedule.next_backup(&state.record, state.now, state.now);
    let by = match state.health {
        BackupHealth::NoneYet => planned.min(state.now.plus_s(journal_s)),
        _ => planned,
    };
    Some(NextBackup { targets, by })
}

/// Runs everything that works on the open database, and stops it before the database closes.
fn serve(
    app: &Arc<App>,
    config: &Config,
    dir: &DataDir,
    has_samples: bool,
    banner: impl FnOnce(&http::Listening),
) -> Result<(), Failure> {
    let control = ControlServer::start(dir, Arc::clone(app))
        .map_err(|error| Failure::of_file(dir.control_socket().display(), &error))?;
    let _housekeeping = jobs::housekeeping(Arc::clone(app))
        .map_err(|error| Failure::new(Exit::Failure, format!("a thread could not be started: {error}")))?;
    // What a crash has left unsigned is signed before anything follows it.
    if let Err(refusal) = app.sign_log() {
        tracing::warn!(%refusal, "the audit log was not signed; it will be tried again");
    }
    let _checkpoints = jobs::checkpoints(Arc::clone(app))
        .map_err(|error| Failure::new(Exit::Failure, format!("a thread could not be started: {error}")))?;
    let _scheduler = jobs::scheduler(Arc::clone(app))
        .map_err(|error| Failure::new(Exit::Failure, format!("a thread could not be started: {error}")))?;
    let no_thread = |error: io::Error| Failure::new(Exit::Failure, format!("a thread could not be started: {error}"));
    let _backups = match backup_config::schedule(config) {
        None => None,
        Some(schedule) => {
            let service = backup_config::service(config, dir.clone())?.by(app.machine_clock());
            Some(jobs::backups(Arc::clone(app), service, schedule).map_err(no_thread)?)
        }
    };
    let messengers: Vec<Arc<dyn Messenger>> = vec![Arc::new(StandardWebhooks)];
    if messengers.iter().any(|messenger| messenger.signs_with_key())
        && let Err(refusal) = app.ensure_webhook_key()
    {
        tracing::warn!(%refusal, "no key was made for requests to webhooks; the next start will do it");
    }
    let webhooks = jobs::webhooks(Arc::clone(app), messengers).map_err(no_thread)?;
    let shipping = backup_config::shipping(config, dir, app)?;
    let threads = match &shipping {
        None => None,
        Some(shipping) => {
            let interval = Duration::from_secs(config.backup.journal_interval_s);
            let stream = jobs::base_backups(
                Arc::clone(app),
                backup_config::service(config, dir.clone())?.by(app.machine_clock()),
                Arc::clone(shipping),
                interval,
            );
            Some((jobs::shipping(shipping, interval).map_err(no_thread)?, stream.map_err(no_thread)?))
        }
    };
    let quotes = has_samples.then(|| jobs::sample_quotes(Arc::clone(app))).transpose().map_err(no_thread)?;
    let ready = |listening: &http::Listening| {
        control.announce(&listening.url);
        banner(listening);
    };
    let served = actix_web::rt::System::new()
        .block_on(http::run(Arc::clone(app), config, ready))
        .map_err(|error| serve_failure(&error));
    drop((quotes, threads, webhooks));
    if let Some(shipping) = shipping {
        app.close();
        ship_remaining(&shipping);
        shipping.leave();
    }
    served
}

/// Ships the last changes, so that the targets have everything after a clean stop. A target whose last attempt failed
/// is skipped.
fn ship_remaining(shipping: &Shipping) {
    for lane in (0..shipping.lanes()).filter(|lane| shipping.is_healthy(*lane)) {
        if let Err(error) = shipping.ship_last(lane) {
            tracing::warn!(%error, "the last changes were not shipped; they wait for the next start");
        }
    }
}

/// Applies the rules of development: a data directory of its own, and plain HTTP on loopback only.
fn prepare_dev(loaded: &mut Loaded) -> Result<(), Failure> {
    if loaded.sources.get("server.data_dir") == Some(&Source::Default) {
        loaded.config.server.data_dir = PathBuf::from(dev::DATA_DIR);
    }
    loaded.config.webhooks_to_loopback = true;
    let server = &loaded.config.server;
    if !server.listen.ip().to_canonical().is_loopback()
        && loaded.config.tls.mode == TlsMode::Off
        && !server.insecure_http
    {
        let message = format!("--dev listens on this machine only, and {} is not a loopback address", server.listen);
        let next = "Use a loopback address, or add --insecure-http if you trust that network.";
        return Err(Failure::new(Exit::Configuration, message).next(next));
    }
    Ok(())
}

/// Opens the database of a server under production rules, or reports everything that prevents its start.
fn open(config: &Config) -> Result<Arc<App>, Failure> {
    let dir = DataDir::new(&config.server.data_dir);
    let database = data_dir::present(config);
    if matches!(database, Ok(None))
        && let Some(failure) = data_dir::backed_up(config, &dir)
    {
        return Err(failure);
    }
    let database = database.and_then(|found| found.ok_or_else(|| data_dir::no_database(config, &dir)));
    let problems = start::problems_on_this_machine(config);
    if !problems.is_empty() {
        let mut lines: Vec<String> = problems.iter().map(|problem| format!("\n  {problem}")).collect();
        // The problems already name a missing directory.
        if let (true, Err(failure)) = (dir.path().is_dir(), &database) {
            lines.push(format!("\n  {failure}"));
        }
        let message = format!("bursar cannot start on this machine:{}", lines.concat());
        return Err(Failure::new(Exit::Configuration, message));
    }
    database?;
    let lock = dir.lock()?;
    data_dir::migrate(&lock, config, progress::watch(false))?;
    data_dir::open(lock, config)
}

fn serve_failure(error: &ServeError) -> Failure {
    let message = error.to_string();
    match error {
        ServeError::Tls(_) => Failure::new(Exit::Configuration, message)
            .next("Correct the files that [tls] names; `bursar config check --on-disk` checks them."),
        ServeError::Bind { source, .. } => match source.kind() {
            io::ErrorKind::AddrInUse => Failure::new(Exit::Busy, message).next(
                "Stop the process that listens there, or choose another address with --listen; port 0 picks a free \
                     port.",
            ),
            io::ErrorKind::PermissionDenied => Failure::new(Exit::Permission, message)
                .next("Ports below 1024 need a privilege; choose a higher one with --listen."),
            _ => Failure::new(Exit::Failure, message).next("Choose another address with --listen."),
        },
        ServeError::Descriptors(_) => {
            Failure::new(Exit::Failure, message).next("Raise the limit, or lower server.workers and store.readers.")
        }
        ServeError::Io(_) => Failure::new(Exit::Failure, message),
    }
}
