//! `bursar audit`: proves the books, beside a running server or in a copy such as a backup.
//!
//! Exit codes: 0 without findings, 5 with findings or if the file is too damaged to be read to its end, 4 if it is not
//! a bursar database.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::{Value, json};
use uuid::Uuid;

use super::outcome::{Exit, Failure};
use super::output::{some_lines, table};
use super::{Session, backup_config, data_dir};
use crate::backup::signature::Trust;
use crate::backup::{FoundAnchor, find_anchors};
use crate::config::start::quoted;
use crate::domain::ids::EntryId;
use crate::store::{DataDir, Finding, Proof, ReadTx, SignedLog, StoreError, Tally, Verdict, Verifier};

#[derive(Debug, Args)]
pub struct AuditArgs {
    /// Prove the books and the hash chain only; skip SQLite's check of the file, which takes long on a large one
    #[arg(long)]
    quick: bool,
    /// Verifier key, or a file that contains some, to trust in addition to the key of the data directory and
    /// backup.trusted_keys; may be repeated
    #[arg(long, value_name = "KEY|FILE")]
    trust: Vec<String>,
    /// File or folder with what was once seen of the database, such as a manifest or a checkpoint from a target of
    /// backups; the file must continue all of it; may be repeated
    #[arg(long, value_name = "FILE|FOLDER")]
    anchor: Vec<PathBuf>,
    /// Print a proof that the audit log contains an entry, instead of proving the books
    #[arg(long, value_name = "ENTRY", conflicts_with = "anchor")]
    prove: Option<Uuid>,
    /// Database file, such as a copy or a restored backup [default: that of the data directory]
    file: Option<PathBuf>,
}

struct Report {
    proof: Proof,
    books_took: Duration,
    file_took: Option<Duration>,
    log: SignedLog,
    /// Whether a key is known that signs the log.
    has_key: bool,
    anchors: Vec<Compared>,
}

pub(super) fn run(args: &AuditArgs, session: &mut Session<'_>) -> Result<(), Failure> {
    let file = match &args.file {
        Some(file) => named(file)?,
        None => data_dir::existing(session.config()?)?.database_file(),
    };
    let trust = trust(args, session)?;
    if let Some(entry) = args.prove {
        return prove(&file, entry, session);
    }
    let report = data_dir::read(&file, |tx| Ok(examine(tx, args, &trust)))??;
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

/// The keys whose checkpoints are believed. A copy can be audited where there is no data directory.
fn trust(args: &AuditArgs, session: &Session<'_>) -> Result<Trust, Failure> {
    match session.config() {
        Ok(config) => backup_config::trust(config, &DataDir::new(&config.server.data_dir), &args.trust),
        Err(_) if args.file.is_some() => backup_config::trusting(&args.trust),
        Err(failure) => Err(failure),
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
fn examine(tx: &ReadTx<'_>, args: &AuditArgs, trust: &Trust) -> Result<Report, Failure> {
    let started = Instant::now();
    let mut proof = tx.prove().unwrap_or_else(|error| Proof { findings: vec![unreadable(&error)], ..Proof::default() });
    let books_took = started.elapsed();
    let file_took = (!args.quick).then(|| {
        let started = Instant::now();
        proof.findings.extend(tx.check_file().unwrap_or_else(|error| vec![unreadable(&error)]));
        started.elapsed()
    });
    let keys = tx.installation().ok().flatten().map(|it| trust.keys_of(it.uuid)).unwrap_or_default();
    let mut log = tx.check_signatures(&keys).unwrap_or_default();
    if !keys.is_empty() {
        proof.findings.append(&mut log.findings);
    }
    let anchors = check_anchors(tx, &args.anchor, &keys, log.is_last_commit_signed, &mut proof)?;
    Ok(Report { proof, books_took, file_took, log, has_key: !keys.is_empty(), anchors })
}

/// An anchor of this installation and what became of it.
struct Compared {
    file: PathBuf,
    verdict: Verdict,
    signer: Option<Verifier>,
}

impl Compared {
    /// As a name and in words.
    fn state(&self) -> (&'static str, String) {
        match &self.verdict {
            Verdict::Continued { more } => ("continued", format!("continued by {more} more")),
            Verdict::Abandoned => ("abandoned", "of a history that a restore has left behind".into()),
            Verdict::Broken(_) => ("broken", "not continued".into()),
        }
    }
}

/// Compares the database with what was once seen of it. What belongs to other installations is left out. That a restore
/// has left something behind is believed of a signed log only.
fn check_anchors(
    tx: &ReadTx<'_>,
    places: &[PathBuf],
    keys: &[Verifier],
    is_signed: bool,
    proof: &mut Proof,
) -> Result<Vec<Compared>, Failure> {
    let mut compared = Vec::new();
    if places.is_empty() {
        return Ok(compared);
    }
    let installation = tx.copy_facts()?.installation;
    for place in places {
        let found = find_anchors(place, keys).map_err(|error| no_anchors(place, &error))?;
        // Whoever names a file vouches for it. In a folder, such as a target, anybody may have put what nobody signed.
        let needs_signature = !keys.is_empty() && place.is_dir();
        let before = compared.len();
        for FoundAnchor { file, anchor, signer, .. } in found.into_iter().filter(|it| it.installation == installation) {
            let verdict = match tx.check_anchor(&anchor)? {
                Verdict::Abandoned if keys.is_empty() => {
                    let file = file.display();
                    proof
                        .notes
                        .push(format!("{file}: no key is known, so nothing confirms that a restore left it behind"));
                    Verdict::Abandoned
                }
                Verdict::Abandoned if !is_signed => {
                    Verdict::Broken("was left behind by a restore that no signature confirms".to_owned())
                }
                verdict => verdict,
            };
            if let Verdict::Broken(why) = &verdict {
                match needs_signature && signer.is_none() {
                    true => proof.notes.push(format!("{}, which no trusted key signed, {why}", file.display())),
                    false => {
                        proof.findings.push(Finding { check: "anchor", what: format!("{} {why}", file.display()) });
                    }
                }
            }
            if let Some(why) = tx.left_unasked(&anchor)? {
                proof.notes.push(format!("{} {why}", file.display()));
            }
            compared.push(Compared { file, verdict, signer });
        }
        if compared.len() == before {
            let message = format!("{} has no manifest and no checkpoint of this installation", place.display());
            return Err(Failure::new(Exit::Usage, message).next(ADVICE_ON_ANCHORS));
        }
    }
    Ok(compared)
}

const ADVICE_ON_ANCHORS: &str = "Name a manifest (.json) or a checkpoint that was kept of this installation, or a \
                                 folder with some, such as a target of backups.";

fn no_anchors(place: &Path, error: &std::io::Error) -> Failure {
    let failure = Failure::of_file(place.display(), error);
    if error.kind() == ErrorKind::NotFound { failure.next(ADVICE_ON_ANCHORS) } else { failure }
}

/// Prints a proof for third parties.
fn prove(file: &Path, entry: Uuid, session: &mut Session<'_>) -> Result<(), Failure> {
    let proof = data_dir::read(file, |tx| tx.prove_entry(EntryId::from(entry)))?;
    let Some(proof) = proof else {
        let message = format!("no proof of entry {entry}");
        return Err(Failure::new(Exit::Usage, message).next(
            "Either there is no such entry, or it is older than the log, or no checkpoint covers it yet: a running \
             server signs one every few seconds.",
        ));
    };
    if !proof.is_right() {
        let message = format!("the audit log in {} does not lead to its signed checkpoint", file.display());
        let next = format!("Somebody has changed it. What differs: bursar audit {}", quoted(file));
        return Err(Failure::new(Exit::Verification, message).next(next));
    }
    let encoded: Vec<_> = proof.path.iter().map(|hash| STANDARD.encode(hash)).collect();
    let text = proof.text();
    let value = json!({
        "entry": proof.entry.to_string(),
        "canonical": STANDARD.encode(&proof.canonical),
        "hash": STANDARD.encode(proof.hash),
        "leaf": STANDARD.encode(&proof.leaf),
        "index": proof.index,
        "path": encoded,
        "checkpoint": proof.checkpoint.note,
        "proof": text,
    });
    session.output.print(&value, text)
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
    let Report { proof, books_took, file_took, log, has_key, anchors } = report;
    let tally = |tally: &Tally| {
        let balance = tally.to_text();
        json!({"mode": mode(tally), "currency": tally.currency, "books": tally.role, "balance": balance})
    };
    let anchor = |it: &Compared| {
        let (state, _) = it.state();
        json!({"file": it.file, "state": state, "signed_by": it.signer.map(|key| key.to_string())})
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
        "log": {"rows": log.size, "signed_rows": has_key.then_some(log.signed)},
        "anchors": anchors.iter().map(anchor).collect::<Vec<_>>(),
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
    let Report { proof, books_took, file_took, log, has_key, anchors } = report;
    let rows: Vec<_> = proof
        .trial_balance
        .iter()
        .map(|tally| [mode(tally).to_owned(), tally.currency.clone(), tally.role.clone(), tally.to_text()])
        .collect();
    let integrity = file_took.map_or("not checked (--quick)".into(), |took| format!("{} ms", took_ms(took)));
    let signed = match has_key {
        true => format!("{} of them covered by a signature", log.signed),
        false => "signatures not checked, no key is known (--trust)".into(),
    };
    let mut lines = vec![
        format!("Audit of {}", file.display()),
        format!(
            "  {} entries, {} postings, {} books, {} events",
            proof.entries, proof.postings, proof.books, proof.events
        ),
        format!("  chain head  {} (entry {})", hex(&proof.head), proof.last_entry),
        format!("  audit log  {} rows, {signed}", log.size),
        format!("  books and chain  {} ms", took_ms(*books_took)),
        format!("  integrity and foreign keys  {integrity}"),
        String::new(),
    ];
    for it in anchors {
        let signed = if it.signer.is_some() { "signed" } else { "no known signature" };
        lines.insert(lines.len() - 1, format!("  anchor {}  {}, {signed}", it.file.display(), it.state().1));
    }
    if !rows.is_empty() {
        lines.extend([table(["MODE", "CURRENCY", "BOOKS", "BALANCE"], &rows), String::new()]);
    }
    lines.extend(some_lines(proof.notes.iter().map(|note| format!("NOTE {note}")).collect()));
    lines.extend(proof.findings.iter().map(|finding| format!("FINDING {}: {}", finding.check, finding.what)));
    if proof.findings.is_empty() {
        lines.push("Nothing is wrong.".into());
    }
    lines.join("\n")
}
