//! `bursar db`: migrates the database to this program's schema, shows its sizes, and refreshes its statistics.

use clap::Subcommand;
use serde_json::json;

use super::control::ControlCommand;
use super::outcome::Failure;
use super::output::table;
use super::{Session, backup_config, data_dir, progress};
use crate::store::{self, LATEST_SCHEMA};

#[derive(Debug, Subcommand)]
pub enum DbCommand {
    /// Migrate the database to the schema of this program: makes a proven backup first, and proves the result before it
    /// commits
    Migrate {
        /// Change nothing: show the pending migrations and rehearse them on a copy
        #[arg(long)]
        check: bool,
    },
    /// Show the sizes of the file, its log and its tables
    Stats,
    /// Refresh the statistics of the query planner; works beside a running server
    Optimize,
}

pub(super) fn run(command: &DbCommand, session: &mut Session<'_>) -> Result<(), Failure> {
    match command {
        DbCommand::Migrate { check: true } => check(session),
        DbCommand::Migrate { check: false } => migrate(session),
        DbCommand::Stats => stats(session),
        DbCommand::Optimize => optimize(session),
    }
}

fn check(session: &mut Session<'_>) -> Result<(), Failure> {
    let config = session.config()?;
    let dir = data_dir::existing(config)?;
    let (found, missing) = store::schema_state(&dir.database_file())?;
    data_dir::refuse_newer(found)?;
    let took_ms = match missing.is_empty() {
        true => None,
        false => Some(
            backup_config::service_with_progress(config, dir, progress::watch(session.output.json))?
                .rehearse_migration()?,
        ),
    };
    let names: Vec<String> = missing.iter().map(|(version, name)| format!("V{version} {name}")).collect();
    let value = json!({
        "schema_version": found,
        "latest": LATEST_SCHEMA,
        "missing": names,
        "rehearsed_in_ms": took_ms,
    });
    let text = match took_ms {
        None => format!("The database has schema version {found}, which is current: nothing to do."),
        Some(took_ms) => format!(
            "The database has schema version {found}, this program works with {LATEST_SCHEMA}. Missing:\n  {}\n\
             Rehearsed on a copy in {took_ms} ms; its books are right. Next: bursar db migrate",
            names.join("\n  ")
        ),
    };
    session.output.print(&value, text)
}

fn migrate(session: &mut Session<'_>) -> Result<(), Failure> {
    let config = session.config()?;
    let dir = data_dir::existing(config)?;
    let lock = dir.lock()?;
    let migrated = data_dir::migrate(&lock, config, progress::watch(session.output.json))?;
    let (from, backup) = migrated.map_or((LATEST_SCHEMA, None), |(from, backup)| (from, Some(backup)));
    let value = json!({"from": from, "to": LATEST_SCHEMA, "backup": backup});
    let text = match backup {
        None => format!("The database has schema version {from}, which is current: nothing to do."),
        Some(backup) => format!(
            "Migrated from schema version {from} to {LATEST_SCHEMA}; the books are right. The previous state is in the \
             backup {backup}."
        ),
    };
    session.output.print(&value, text)
}

fn stats(session: &mut Session<'_>) -> Result<(), Failure> {
    let file = data_dir::existing(session.config()?)?.database_file();
    let stats = store::read_file(&file, |tx| tx.file_stats())?;
    let size = |suffix: &str| {
        let mut name = file.clone().into_os_string();
        name.push(suffix);
        std::fs::metadata(name).map_or(0, |found| found.len())
    };
    let (bytes, wal_bytes) = (size(""), size("-wal"));
    let tables: Vec<_> = stats
        .tables
        .iter()
        .map(|table| json!({"name": table.name, "rows": table.rows, "bytes": table.bytes}))
        .collect();
    let value = json!({
        "file": file,
        "schema_version": stats.schema_version,
        "bytes": bytes,
        "wal_bytes": wal_bytes,
        "page_bytes": stats.page_bytes,
        "free_bytes": stats.free_pages * stats.page_bytes,
        "tables": tables,
    });
    let rows: Vec<_> = stats
        .tables
        .iter()
        .map(|table| {
            let rows = table.rows.map_or("-".into(), |rows| rows.to_string());
            [table.name.clone(), rows, table.bytes.to_string()]
        })
        .collect();
    let text = format!(
        "{}: {bytes} bytes, {wal_bytes} in its log, {} free inside, schema version {}\n\n{}",
        file.display(),
        stats.free_pages * stats.page_bytes,
        stats.schema_version,
        table(["TABLE OR INDEX", "ROWS", "BYTES"], &rows)
    );
    session.output.print(&value, text)
}

fn optimize(session: &mut Session<'_>) -> Result<(), Failure> {
    let value = data_dir::write(session.config()?, ControlCommand::Optimize)?;
    session.output.print(&value, "The statistics of the query planner are up to date.")
}
