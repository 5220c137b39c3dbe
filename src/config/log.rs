//! `[log]`: what is logged, and in which format.

use tracing_subscriber::EnvFilter;

use super::section::section;
use super::setting::choices;
use super::source::Finding;

choices! {
    /// The format of log lines.
    pub enum LogFormat {
        /// Text laid out for people.
        Pretty = "pretty",
        /// One JSON object per line.
        Json = "json",
        /// Pretty on a terminal, JSON otherwise.
        Auto = "auto",
    }
}

section! {
    /// Log lines on stderr: which ones, and their format.
    pub struct Log {
        /// Log level, or directives such as "info,bursar::store=debug".
        level: String = "info".into();
        /// "pretty" for people, "json" for machines, "auto" for pretty on a terminal and JSON otherwise.
        format: LogFormat = LogFormat::Auto;
    }
}

impl Log {
    pub(super) fn validate(&self, findings: &mut Vec<Finding>) {
        // The filter takes an unknown word for a target, so `level = "inof"` would silence everything.
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
