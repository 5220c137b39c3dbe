//! What a server prints when it listens: a page for people on a terminal, elsewhere one line of JSON, on which tests
//! and scripts rely.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use indicatif::HumanDuration;
use serde_json::{Value, json};

use super::clock;
use super::dev::{ClientCredentials, Credentials};
use crate::app::clock::{ClockReport, ClockState};
use crate::app::maintenance::{BackupDrills, BackupState};
use crate::domain::clock::Moment;
use crate::http::{Listening, api_clients, backup_json, clock_json};
use crate::store::{DataDir, LATEST_SCHEMA, Mode};

/// Lets jobs run again after a restore.
const RESUME: &str = "bursar restore resume";

/// What the banner says.
pub(super) struct Banner<'a> {
    pub(super) listening: &'a Listening,
    pub(super) credentials: Option<&'a Credentials>,
    pub(super) dir: &'a DataDir,
    /// The flags with which another command finds this directory and configuration.
    pub(super) here: String,
    pub(super) mode: Mode,
    pub(super) sources: &'a [String],
    pub(super) backups: BackupState,
    /// Where and when the server makes its next backup by itself; none if it makes none.
    pub(super) next_backup: Option<NextBackup>,
    pub(super) clock: ClockReport,
    /// The timeline that a restore began, if jobs are still paused after it.
    pub(super) paused_on: Option<i64>,
}

/// The backup that comes next.
pub(super) struct NextBackup {
    pub(super) targets: Vec<String>,
    /// The latest moment at which it begins.
    pub(super) by: Moment,
}

impl Banner<'_> {
    /// Prints it, on a thread of its own: a server whose output nobody reads runs all the same.
    pub(super) fn print(&self, json: bool) {
        let text = match json || !io::stdout().is_terminal() {
            true => self.line().to_string(),
            false => self.page(),
        };
        let print = move || {
            let mut stdout = io::stdout().lock();
            if let Err(error) = writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
                tracing::warn!(%error, "the banner could not be printed");
            }
        };
        if let Err(error) = thread::Builder::new().name("banner".into()).spawn(print) {
            tracing::warn!(%error, "the banner could not be printed");
        }
    }

    fn line(&self) -> Value {
        let mut backups = backup_json(&self.backups);
        let next = self.next_backup.as_ref();
        backups["next"] = next.map(|next| json!({"by": next.by.to_string(), "targets": next.targets})).into();
        let mut line = json!({
            "event": "listening",
            "url": self.listening.url,
            "docs_url": self.listening.docs_url,
            "data_dir": absolute(self.dir.path()),
            "schema_version": LATEST_SCHEMA,
            "backups": backups,
            "clock": clock_json(&self.clock),
            "apis": self.listening.apis,
            "clients": {},
        });
        if let Some(Credentials { username, password, token, clients }) = self.credentials {
            for (api, id, secret, client) in named(clients) {
                line["clients"][api] = json!({id: client.id, secret: client.secret});
            }
            line["username"] = username.as_str().into();
            line["password"] = password.as_str().into();
            line["token"] = token.as_str().into();
        }
        if let Some(timeline) = self.paused_on {
            line["jobs"] = json!({"state": "resting", "timeline": timeline, "next": RESUME});
        }
        line
    }

    fn page(&self) -> String {
        let database = absolute(&self.dir.database_file());
        let mut rows = vec![("listening", self.listening.url.clone())];
        if let Some(Credentials { username, password, token, clients }) = self.credentials {
            rows.push(("log in", format!("{username} / {password}")));
            rows.push(("token", token.clone()));
            let shown = named(clients)
                .map(|(api, id, secret, client)| format!("{api}: {id} {}, {secret} {}", client.id, client.secret));
            rows.extend(shown.map(|shown| ("client", shown)));
        }
        rows.push(("database", format!("{} ({}, schema {LATEST_SCHEMA})", database.display(), self.mode.name())));
        rows.push(("settings", self.sources.join(", ")));
        rows.extend(self.backup_rows());
        if self.clock.state != ClockState::Ok {
            rows.push(("clock", clock::sentence(&clock_json(&self.clock))));
        }
        if let Some(timeline) = self.paused_on {
            rows.push((
                "jobs",
                format!("paused by the restore that began timeline {timeline}; continue them: {RESUME}"),
            ));
        }
        rows.push(("docs", self.listening.docs_url.clone()));
        for (name, urls) in &self.listening.apis {
            rows.push(("api", format!("{name} at {}", urls.join(", "))));
        }
        let rows: String = rows.iter().map(|(name, value)| format!("  {name:10} {value}\n")).collect();
        format!("bursar {}\n\n{rows}\n{}\n", env!("CARGO_PKG_VERSION"), self.example())
    }

    /// The last proven backup and the next one, and everything that is not as it should be.
    fn backup_rows(&self) -> Vec<(&'static str, String)> {
        let BackupState { record, drills, now, .. } = &self.backups;
        let ago = |since: Moment| HumanDuration(seconds(self.backups.age_s(since)));
        let last = match &record.last_proof {
            Some(proof) => format!("last proven {} ago: {}", ago(proof.at), proof.name),
            None => "none proven yet".into(),
        };
        let next = match &self.next_backup {
            Some(NextBackup { targets, by }) => {
                let wait = seconds((by.unix_ms() - now.unix_ms()) / 1000);
                format!("the next goes to {} within {}", targets.join(", "), HumanDuration(wait))
            }
            None => "the server makes none (backup.enabled = false)".into(),
        };
        let mut rows = vec![("backups", format!("{last}; {next}"))];
        if let Some(obstacle) = &self.backups.obstacle {
            rows.push(("backups", format!("none can be made or recorded: {obstacle}")));
        }
        if let Some(failure) = record.last_failure.as_ref().filter(|_| record.failures > 0) {
            rows.push(("backups", format!("the last one failed {} ago: {}", ago(failure.at), failure.reason)));
        }
        if self.next_backup.is_none() {
            return rows;
        }
        match (drills, &record.last_drill_failure) {
            (BackupDrills::Off, _) => rows.push(("drills", "off (backup.drill_days = 0)".into())),
            (BackupDrills::NoKey, _) => rows.push((
                "drills",
                "none on this machine, which has no private key: run `bursar backup drill --identity FILE` where it is"
                    .into(),
            )),
            (BackupDrills::On, Some(failure)) => {
                rows.push(("drills", format!("the last one failed {} ago: {}", ago(failure.at), failure.reason)));
            }
            (BackupDrills::On, None) => {}
        }
        for (target, shipping) in record.shipping.iter().filter(|(target, _)| self.is_in_use(target)) {
            let since = shipping.shipped_at.map(|at| format!(", which has those up to {} ago", ago(at)));
            let lag = match (&shipping.failure, shipping.has_gap) {
                (Some(reason), _) => format!("wait for {target}{}: {reason}", since.unwrap_or_default()),
                (None, true) => format!("are missing at {target}, which needs a new backup"),
                (None, false) => continue,
            };
            rows.push(("changes", lag));
        }
        rows
    }

    /// Whether backups still go to a target; the record also remembers former ones.
    fn is_in_use(&self, target: &str) -> bool {
        self.next_backup.as_ref().is_some_and(|next| next.targets.iter().any(|name| name == target))
    }

    /// A command that works when it is pasted; without a token of its own it says where to get one.
    fn example(&self) -> String {
        let native = self.listening.apis.get("native").and_then(|urls| urls.first());
        let base = native.unwrap_or(&self.listening.url).trim_end_matches('/');
        match self.credentials {
            Some(credentials) => {
                format!("  curl -H 'Authorization: Bearer {}' {base}/account-groups", credentials.token)
            }
            None => format!("  A token: bursar token create {} --operator NAME --label TEXT", self.here),
        }
    }
}

/// The clients of a development server, each with its API and what the users of that call its id and its secret.
fn named(
    clients: &BTreeMap<String, ClientCredentials>,
) -> impl Iterator<Item = (&str, &'static str, &'static str, &ClientCredentials)> {
    clients.iter().filter_map(|(api, client)| api_clients(api).map(|it| (api.as_str(), it.id, it.secret, client)))
}

fn seconds(count: i64) -> Duration {
    Duration::from_secs(u64::try_from(count).unwrap_or(0))
}

pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.into())
}
