//! What a server says when it listens: a page for people on a terminal, one line of JSON elsewhere. Tests and scripts rely
//! on the line.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::dev::Credentials;
use crate::http::Listening;
use crate::store::{DataDir, LATEST_SCHEMA, Mode};

/// What lets jobs run again after a restore.
const RESUME: &str = "bursar restore resume";

/// What it is about.
pub(super) struct Banner<'a> {
    pub(super) listening: &'a Listening,
    pub(super) credentials: Option<&'a Credentials>,
    pub(super) dir: &'a DataDir,
    pub(super) mode: Mode,
    pub(super) sources: &'a [String],
    /// The timeline that a restore has begun, if jobs still rest after it.
    pub(super) rests: Option<i64>,
}

impl Banner<'_> {
    /// Prints it. A server whose output nobody reads runs all the same.
    pub(super) fn print(&self, json: bool) {
        let mut stdout = io::stdout().lock();
        let printed = match json || !stdout.is_terminal() {
            true => writeln!(stdout, "{}", self.line()),
            false => writeln!(stdout, "{}", self.page()),
        };
        if let Err(error) = printed.and_then(|()| stdout.flush()) {
            tracing::warn!(%error, "the banner could not be printed");
        }
    }

    fn line(&self) -> Value {
        let mut line = json!({
            "event": "listening",
            "url": self.listening.url,
            "docs_url": self.listening.docs_url,
            "data_dir": absolute(self.dir.path()),
            "schema_version": LATEST_SCHEMA,
            "apis": self.listening.apis,
            "clients": {},
        });
        if let Some(Credentials { username, password, token }) = self.credentials {
            line["username"] = username.as_str().into();
            line["password"] = password.as_str().into();
            line["token"] = token.as_str().into();
        }
        if let Some(timeline) = self.rests {
            line["jobs"] = json!({"state": "resting", "timeline": timeline, "next": RESUME});
        }
        line
    }

    fn page(&self) -> String {
        let database = absolute(&self.dir.database_file());
        let mut rows = vec![("listening", self.listening.url.clone())];
        if let Some(Credentials { username, password, token }) = self.credentials {
            rows.push(("log in", format!("{username} / {password}")));
            rows.push(("token", token.clone()));
        }
        rows.push(("database", format!("{} ({}, schema {LATEST_SCHEMA})", database.display(), self.mode.name())));
        rows.push(("settings", self.sources.join(", ")));
        rows.push(("backups", "not set up yet".into()));
        if let Some(timeline) = self.rests {
            rows.push((
                "jobs",
                format!("rest after the restore that began timeline {timeline}; let them run: {RESUME}"),
            ));
        }
        rows.push(("docs", self.listening.docs_url.clone()));
        for (name, urls) in &self.listening.apis {
            rows.push(("api", format!("{name} at {}", urls.join(", "))));
        }
        let rows: String = rows.iter().map(|(name, value)| format!("  {name:10} {value}\n")).collect();
        format!("bursar {}\n\n{rows}\n{}\n", env!("CARGO_PKG_VERSION"), self.example())
    }

    /// A command that works when it is pasted; without a token of its own it says where to get one.
    fn example(&self) -> String {
        let native = self.listening.apis.get("native").and_then(|urls| urls.first());
        let base = native.unwrap_or(&self.listening.url).trim_end_matches('/');
        match self.credentials {
            Some(credentials) => {
                format!("  curl -H 'Authorization: Bearer {}' {base}/account-groups", credentials.token)
            }
            None => format!(
                "  A token: bursar token create --data-dir {} --operator NAME --label TEXT",
                absolute(self.dir.path()).display()
            ),
        }
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.into())
}
