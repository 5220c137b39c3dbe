//! `bursar init`: creates a data directory with a database, reference data and the first operator. There is no default
//! password, so the operator must be created here.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::outcome::{Exit, Failure};
use super::password::PasswordSource;
use super::{Session, data_dir, machine_user, reference};
use crate::app::App;
use crate::app::access::{AddOperator, PasswordHash};
use crate::app::reference::{ApplyReference, ReferenceFile, sample, shipped};
use crate::backup::signature::VERIFIER_LABEL;
use crate::config::{Config, Server, start};
use crate::domain::access::Role;
use crate::store::{DataDir, LATEST_SCHEMA, Mode};

#[derive(Debug, Args)]
pub struct InitArgs {
    /// Create a sandbox, permanently: for development and tests, never for real money
    #[arg(long)]
    sandbox: bool,
    /// Name of the first operator, who gets all rights
    #[arg(long, value_name = "NAME", default_value = "admin")]
    operator: String,
    #[command(flatten)]
    password: PasswordSource,
    /// Apply this reference data instead of the default
    #[arg(long, value_name = "FILE")]
    reference: Option<PathBuf>,
    /// Apply no reference data
    #[arg(long, conflicts_with = "reference")]
    no_reference: bool,
    /// Create a new installation although the configured targets hold backups of others, or cannot be read
    #[arg(long)]
    new: bool,
}

/// Creates everything or nothing.
pub(super) fn run(args: &InitArgs, session: &mut Session<'_>) -> Result<(), Failure> {
    let config = session.config()?;
    let dir = DataDir::new(&config.server.data_dir);
    refuse_existing(&dir)?;
    if !args.new
        && let Some(failure) = data_dir::backed_up(config, &dir)
    {
        return Err(failure);
    }
    let file = reference_file(args)?;
    let password = args.password.hash(&args.operator)?;

    dir.create()?;
    refuse_unsuitable(config)?;
    let lock = dir.lock()?;
    refuse_existing(&dir)?;
    let mode = if args.sandbox { Mode::Sandbox } else { Mode::Production };
    let set_up = |app: &Arc<App>| set_up(app, file.as_ref(), &args.operator, password);
    let (app, ()) = data_dir::create(lock, config, mode, set_up)?;
    let verifier = app.key().verifier(app.installation().uuid).to_string();
    app.close();

    let count = |count: fn(&ReferenceFile) -> usize| file.as_ref().map_or(0, count);
    let (currencies, platforms, groups) =
        (count(|file| file.currencies.len()), count(|file| file.platforms.len()), count(|file| file.groups.len()));
    let value = json!({
        "data_dir": dir.path(),
        "database": dir.database_file(),
        "mode": mode.name(),
        "schema_version": LATEST_SCHEMA,
        "operator": args.operator,
        "verifier": verifier,
        "reference": {"currencies": currencies, "platforms": platforms, "groups": groups},
    });
    let (path, operator, here) = (dir.path().display(), &args.operator, data_dir::flags(config, &dir));
    let text = format!(
        "Created a {} database in {path} (schema {LATEST_SCHEMA}): {currencies} currencies, {platforms} platforms, \
         {groups} account groups, and the operator {operator}.\n\
         Its backups are signed; keep the key that verifies them elsewhere:\n  \
         # {VERIFIER_LABEL} {verifier}\n\n\
         Next:\n  \
         bursar serve {here}\n  \
         bursar token create {here} --operator {operator} --label \"what it is for\"\n  \
         bursar operator add {here} NAME --role operator",
        mode.name(),
    );
    session.output.print(&value, text)
}

/// A database whose creation was interrupted does not count: it is created again.
fn refuse_existing(dir: &DataDir) -> Result<(), Failure> {
    if matches!(data_dir::mode(dir), Ok(None)) {
        return Ok(());
    }
    let message = format!("a database already exists: {}", dir.database_file().display());
    let next = "Nothing was changed. Start it with `bursar serve`, or choose another directory with --data-dir.";
    Err(Failure::new(Exit::Database, message).next(next))
}

fn reference_file(args: &InitArgs) -> Result<Option<ReferenceFile>, Failure> {
    match &args.reference {
        _ if args.no_reference => Ok(None),
        Some(file) => reference::read(file).map(Some),
        None => {
            let file = if args.sandbox { sample() } else { shipped() };
            file.map(Some).map_err(|error| Failure::new(Exit::Failure, error))
        }
    }
}

/// Refuses a directory in which a server would refuse to start.
fn refuse_unsuitable(config: &Config) -> Result<(), Failure> {
    let server = Server { data_dir: config.server.data_dir.clone(), ..Server::default() };
    let problems = start::problems_on_this_machine(&Config { server, ..Config::default() });
    if problems.is_empty() {
        return Ok(());
    }
    let lines: String = problems.iter().map(|problem| format!("\n  {problem}")).collect();
    Err(Failure::new(Exit::Permission, format!("the directory cannot hold a database:{lines}")))
}

fn set_up(app: &Arc<App>, file: Option<&ReferenceFile>, operator: &str, password: PasswordHash) -> Result<(), Failure> {
    let caller = app.machine_caller(&machine_user::of_this_process());
    if let Some(file) = file {
        app.execute_blocking(&caller, ApplyReference { file: file.clone() })?;
    }
    let add = AddOperator {
        name: operator.into(),
        role: Role::Admin,
        grants: [].into(),
        tags: [].into(),
        password: Some(password),
    };
    app.execute_blocking(&caller, add)?;
    Ok(())
}
