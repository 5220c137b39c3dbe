//! `bursar audit`: proves the books, beside a running server or in a copy such as a backup.
//!
//! Exit codes: 0 without findings, 5 with findings or if the file is too damaged to be read to its end, 4 if it is not
//! a bursar database.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};

use super::outcome::{Exit, Failure};
use super::output::table;
use super::{Session, data_dir};
use crate::store::{Finding, Proof, ReadTx, StoreError, Tally};

#[derive(Debug, Args)]
pub struct AuditArgs {
    /// Prove the books and the hash chain only; skip SQLite's check of the file, which takes long on a large one
    #[arg(long)]
    quick: bool,
    /// Database file, such as a copy or a restored backup [default: that of the data directory]
    file: Option<PathBuf>,
}

struct Report {
    proof: Proof,
    books_took: Duration,
    file_took: Option<Duration>,
}

pub(super) fn run(args: &AuditArgs, session: &mut Session<'_>) -> Result<(), Failure> {
    let file = match &args.file {
        Some(file) => named(file)?,
        None => data_dir::existing(session.config()?)?.database_file(),
    };
    let report = data_dir::read(&file, |tx| Ok(examine(tx, args.quick)))?;
    session.output.print(&view(&file, &report), text(&file, &report))?;
    match report.proof.findings.len() {
        0 => Ok(()),
        count => {
            let message = format!("{count} finding{} in {}", if count == 1 { "" } else { "s" }, file.display());
            Err(Failure::new(Exit::Verification, message)
                .next("Keep this file unchanged, with its -wal and -shm, and compare it with the last good backup."))
        }
    }
}

fn named(file: &Path) -> Result<PathBuf, Failure> {
    match std::fs::metadata(file) {
        Ok(_) => Ok(file.into()),
        Err(error) => {
            let failure = Failure::of_file(file.display(), &error);
            let exit = if failure.exit == Exit::Permission { failure.exit } else { Exit::Database };
            Err(Failure { exit, code: exit.name().into(), ..failure })
        }
    }
}

/// Runs both checks on one snapshot of the database. An error that stops a check counts as a finding, because the file
/// cannot be verified.
fn examine(tx: &ReadTx<'_>, is_quick: bool) -> Report {
    let started = Instant::now();
    let mut proof = tx.prove().unwrap_or_else(|error| Proof { findings: vec![unreadable(&error)], ..Proof::default() });
    let books_took = started.elapsed();
    let file_took = (!is_quick).then(|| {
        let started = Instant::now();
        proof.findings.extend(tx.check_file().unwrap_or_else(|error| vec![unreadable(&error)]));
        started.elapsed()
    });
    Report { proof, books_took, file_took }
}

fn unreadable(error: &StoreError) -> Finding {
    Finding { check: "read", what: format!("the check could not be finished: {error}") }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn mode(tally: &Tally) -> &'static str {
    if tally.is_demo { "demo" } else { "live" }
}

fn view(file: &Path, report: &Report) -> Value {
    let Report { proof, books_took, file_took } = report;
    let tally = |tally: &Tally| {
        let balance = tally.to_text();
        json!({"mode": mode(tally), "currency": tally.currency, "books": tally.role, "balance": balance})
    };
    let finding = |finding: &Finding| json!({"check": finding.check, "what": finding.what});
    json!({
        "ok": proof.findings.is_empty(),
        "file": file,
        "entries": proof.entries,
        "postings": proof.postings,
        "books": proof.books,
        "events": proof.events,
        "last_entry": proof.last_entry,
        "chain_head": hex(&proof.head),
        "trial_balance": proof.trial_balance.iter().map(tally).collect::<Vec<_>>(),
        "findings": proof.findings.iter().map(finding).collect::<Vec<_>>(),
        "notes": proof.notes,
        "took_ms": {
            "books_and_chain": took_ms(*books_took),
            "integrity": file_took.map(took_ms),
        },
    })
}

fn took_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn text(file: &Path, report: &Report) -> String {
    let Report { proof, books_took, file_took } = report;
    let rows: Vec<_> = proof
        .trial_balance
        .iter()
        .map(|tally| [mode(tally).to_owned(), tally.currency.clone(), tally.role.clone(), tally.to_text()])
        .collect();
    let integrity = file_took.map_or("not checked (--quick)".into(), |took| format!("{} ms", took_ms(took)));
    let mut lines = vec![
        format!("Audit of {}", file.display()),
        format!(
            "  {} entries, {} postings, {} books, {} events",
            proof.entries, proof.postings, proof.books, proof.events
        ),
        format!("  chain head  {} (entry {})", hex(&proof.head), proof.last_entry),
        format!("  books and chain  {} ms", took_ms(*books_took)),
        format!("  integrity and foreign keys  {integrity}"),
        String::new(),
    ];
    if !rows.is_empty() {
        lines.extend([table(["MODE", "CURRENCY", "BOOKS", "BALANCE"], &rows), String::new()]);
    }
    lines.extend(proof.notes.iter().map(|note| format!("NOTE {note}")));
    lines.extend(proof.findings.iter().map(|finding| format!("FINDING {}: {}", finding.check, finding.what)));
    if proof.findings.is_empty() {
        lines.push("Nothing is wrong.".into());
    }
    lines.join("\n")
}
