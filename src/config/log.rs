//! `[log]`: what is logged and in which shape.

use tracing_subscriber::EnvFilter;

use super::section::section;
use super::setting::choices;
use super::source::Finding;

choices! {
    /// The shape of a log line.
    pub enum LogFormat {
        /// For people.
        Pretty = "pretty",
        /// For machines: one JSON object a line.
        Json = "json",
        /// Pretty on a terminal, JSON elsewhere.
        Auto = "auto",
    }
}

section! {
    /// Logs go to stderr.
    pub struct Log {
        /// What to log: a level, or directives such as "info,bursar::store=debug".
        level: String = "info".into();
        /// "pretty" for people, "json" for machines, "auto" for pretty on a terminal and JSON elsewhere.
        format: LogFormat = LogFormat::Auto;
    }
}

impl Log {
    pub(super) fn validate(&self, findings: &mut Vec<Finding>) {
        // A lone word is taken for a target by the filter, so that `level = "inof"` would silence everything.
        let wrong = match self.level.trim() {
            "" => Some("is empty".into()),
            word if !word.contains(['=', ',', ':', '['])
                && word.parse::<tracing_subscriber::filter::LevelFilter>().is_err() =>
            {
                Some(format!("{word:?} is not a level"))
            }
            directives => EnvFilter::try_new(directives).err().map(|error| format!("{directives:?}: {error}")),
        };
        if let Some(message) = wrong {
            let fix = "Write off, error, warn, info, debug, trace, or directives such as \"info,bursar::store=debug\".";
            findings.push(Finding::new("log.level", message, fix));
        }
    }
}
