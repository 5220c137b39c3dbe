//! `bursar config`: writes an example, checks the configuration, shows values and their sources, describes every key.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};

use super::outcome::{Exit, Failure};
use crate::config::{self, Config, ConfigErrors, Loaded, start};

#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum ConfigCommand {
    /// Write an example with every key and its default
    Init {
        /// File to write [default: stdout]
        file: Option<PathBuf>,
    },
    /// Report every problem with the configuration at once
    Check {
        /// Also check this machine as `bursar serve` does: permissions, file system, certificate
        #[arg(long)]
        on_disk: bool,
    },
    /// Print the values in effect
    Show {
        /// Also print where each value comes from
        #[arg(long)]
        sources: bool,
    },
    /// Describe every key, with --json as JSON Schema
    Schema,
}

/// Runs a command. Takes the result of loading the configuration, because `check` reports its problems, and `init` and
/// `schema` work despite them.
///
/// # Errors
/// Exit code 3 if the configuration, or with `--on-disk` the machine, has problems; 1 or 7 if a file cannot be written.
pub fn run(
    command: &ConfigCommand,
    loaded: Result<&Loaded, &ConfigErrors>,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    match command {
        ConfigCommand::Init { file: None } if json => print(out, &json!({"example": config::example()})),
        ConfigCommand::Init { file: None } => Ok(out.write_all(config::example().as_bytes())?),
        ConfigCommand::Init { file: Some(file) } => init(file, json, out),
        ConfigCommand::Check { on_disk } => check(valid(loaded, json, out)?, *on_disk, json, out),
        ConfigCommand::Show { sources } => show(valid(loaded, json, out)?, *sources, json, out),
        ConfigCommand::Schema if json => print(out, &config::schema()),
        ConfigCommand::Schema => table(out),
    }
}

/// The configuration, or its problems as the failure of the command.
fn valid<'a>(
    loaded: Result<&'a Loaded, &ConfigErrors>,
    json: bool,
    out: &mut dyn Write,
) -> Result<&'a Loaded, Failure> {
    match loaded {
        Ok(loaded) => Ok(loaded),
        Err(errors) => {
            if json {
                print(out, &json!({"ok": false, "problems": errors.problems}))?;
            }
            Err(errors.into())
        }
    }
}

fn print(out: &mut dyn Write, value: &Value) -> Result<(), Failure> {
    Ok(writeln!(out, "{value:#}")?)
}

fn init(file: &Path, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    let written = written.and_then(|mut opened| opened.write_all(config::example().as_bytes()));
    let shown = file.display();
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            let message = format!("{shown} already exists. Choose another name, or move it first.");
            Failure::new(Exit::Failure, message)
        }
        ErrorKind::PermissionDenied => Failure::new(
            Exit::Permission,
            format!("cannot write {shown}: {error}. Run the command as a user with permission."),
        ),
        ErrorKind::NotFound => {
            let message = format!("cannot write {shown}: its directory does not exist. Create it first.");
            Failure::new(Exit::Failure, message)
        }
        _ => Failure::new(Exit::Failure, format!("cannot write {shown}: {error}")),
    })?;
    if json {
        return print(out, &json!({"written": file}));
    }
    Ok(writeln!(out, "Wrote {shown}. Edit it, then run: bursar config check --config {shown}")?)
}

fn check(loaded: &Loaded, on_disk: bool, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let found = if on_disk { start::problems_on_this_machine(&loaded.config) } else { Vec::new() };
    if json {
        print(out, &json!({"ok": found.is_empty(), "sources": loaded.used(), "problems": found}))?;
    }
    if !found.is_empty() {
        let lines: String = found.iter().map(|problem| format!("\n  {problem}")).collect();
        return Err(Failure::new(Exit::Configuration, format!("bursar cannot start on this machine:{lines}")));
    }
    if !json {
        writeln!(out, "The configuration is valid. Sources: {}.", loaded.used().join(", "))?;
    }
    Ok(())
}

fn show(loaded: &Loaded, sources: bool, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let Loaded { config, sources: origin, .. } = loaded;
    let keys = config::keys();
    if json && !sources {
        return print(out, &config.to_json());
    }
    if json {
        let rows = keys
            .iter()
            .map(|key| json!({"key": key.path, "value": config.value(key), "source": origin.get(&key.path)}));
        return print(out, &Value::Array(rows.collect()));
    }
    let lines: Vec<_> = keys.iter().map(|key| (key, format!("{} = {}", key.path, config.toml(key)))).collect();
    let width = lines.iter().map(|(_, line)| line.chars().count()).max().unwrap_or(0);
    for (key, line) in &lines {
        match origin.get(&key.path).filter(|_| sources) {
            Some(source) => writeln!(out, "{line:width$}  # {source}")?,
            None => writeln!(out, "{line}")?,
        }
    }
    Ok(())
}

fn table(out: &mut dyn Write) -> Result<(), Failure> {
    let defaults = Config::default();
    for key in config::keys() {
        writeln!(out, "{} = {}", key.path, defaults.toml(&key))?;
        writeln!(out, "    {}", key.why)?;
        match &key.range {
            Some(range) => writeln!(out, "    Type: a number from {} to {}", range.start(), range.end())?,
            None => writeln!(out, "    Type: {}", key.expects)?,
        }
        writeln!(out, "    Environment: {}", key.environment_name())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Flags, Sources};

    fn sources(environment: &[(&str, &str)]) -> Sources {
        Sources { default_file: None, ..Sources::new(environment.iter().copied(), None, Flags::default()) }
    }

    /// The outcome and the output of a command with these environment variables.
    fn bursar(command: &ConfigCommand, environment: &[(&str, &str)], json: bool) -> (Result<(), Failure>, String) {
        let loaded = Config::load(sources(environment));
        let mut out = Vec::new();
        let outcome = run(command, loaded.as_ref(), json, &mut out);
        (outcome, String::from_utf8(out).unwrap())
    }

    fn parsed(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    const BAD: [(&str, &str); 2] = [("BURSAR_STORE__QUEUE", "many"), ("BURSAR_LISEN", "127.0.0.1:1")];

    #[test]
    fn init_never_overwrites_a_file() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("config.toml");
        let command = ConfigCommand::Init { file: Some(file.clone()) };
        assert_eq!(bursar(&command, &BAD, false).0, Ok(()), "a bad configuration does not stop it");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), config::example());
        std::fs::write(&file, "mine").unwrap();
        assert_eq!(bursar(&command, &[], false).0.unwrap_err().exit, Exit::Failure);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
        assert_eq!(bursar(&ConfigCommand::Init { file: None }, &[], false).1, config::example());
    }

    #[test]
    fn check_lists_every_problem_and_exits_with_3() {
        let check = ConfigCommand::Check { on_disk: false };
        assert_eq!(bursar(&check, &[], false).0, Ok(()));
        let failure = bursar(&check, &BAD, false).0.unwrap_err();
        assert_eq!(failure.exit, Exit::Configuration);
        assert!(failure.message.contains("store.queue") && failure.message.contains("BURSAR_LISTEN"), "{failure:?}");
        let (outcome, out) = bursar(&check, &BAD, true);
        assert_eq!(outcome.unwrap_err().exit, Exit::Configuration);
        let out = parsed(&out);
        assert_eq!((&out["ok"], out["problems"].as_array().map(Vec::len)), (&json!(false), Some(2)));
        assert_eq!(out["problems"][0]["source"]["kind"], "environment");
    }

    #[test]
    fn check_on_disk_checks_the_machine() {
        let environment = [("BURSAR_DATA_DIR", "/nonexistent/bursar")];
        assert_eq!(bursar(&ConfigCommand::Check { on_disk: false }, &environment, false).0, Ok(()));
        let (outcome, out) = bursar(&ConfigCommand::Check { on_disk: true }, &environment, true);
        let failure = outcome.unwrap_err();
        assert_eq!(failure.exit, Exit::Configuration);
        assert!(failure.message.contains("bursar init --data-dir /nonexistent/bursar"), "{failure:?}");
        assert_eq!(parsed(&out)["ok"], false);
    }

    #[test]
    fn show_names_the_source_of_every_value() {
        let environment = [("BURSAR_STORE__QUEUE", "5")];
        let (_, text) = bursar(&ConfigCommand::Show { sources: true }, &environment, false);
        assert_eq!(text.lines().count(), config::keys().len());
        let line = text.lines().find(|line| line.starts_with("store.queue = 5 ")).unwrap();
        assert!(line.ends_with("# environment BURSAR_STORE__QUEUE"), "{line}");
        let (_, plain) = bursar(&ConfigCommand::Show { sources: false }, &environment, false);
        assert!(plain.contains("store.queue = 5\n") && !plain.contains('#'), "{plain}");
        let rows = parsed(&bursar(&ConfigCommand::Show { sources: true }, &environment, true).1);
        let row = rows.as_array().unwrap().iter().find(|row| row["key"] == "store.queue").unwrap();
        assert_eq!(row["value"], 5);
        assert_eq!(row["source"], json!({"kind": "environment", "name": "BURSAR_STORE__QUEUE"}));
        assert_eq!(parsed(&bursar(&ConfigCommand::Show { sources: false }, &environment, true).1)["store"]["queue"], 5);
    }

    #[test]
    fn schema_is_for_people_or_for_editors() {
        assert_eq!(parsed(&bursar(&ConfigCommand::Schema, &BAD, true).1), config::schema());
        let (_, text) = bursar(&ConfigCommand::Schema, &BAD, false);
        assert!(text.contains("Environment: BURSAR_APIS__NATIVE__PATH"), "{text}");
    }
}
