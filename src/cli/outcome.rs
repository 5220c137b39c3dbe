//! How a command ends: an exit code for each kind of outcome, and a message that says what to do next.

use std::fmt;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::owner;
use crate::app::Failure as UseCaseFailure;
use crate::backup::BackupError;
use crate::backup::signature::Distrust;
use crate::backup::target::{TargetError, TargetFault};
use crate::config::ConfigErrors;
use crate::config::start::quoted;
use crate::domain::refusal::{Family, Noun, Refusal};
use crate::store::{Abort, DataDirError, InstallationKeyError, MigrationError, StoreError};

/// The exit codes. Scripts branch on them, so a number never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Exit {
    Ok = 0,
    /// A failure without a code of its own.
    Failure = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The configuration, or a file of reference data, is wrong.
    Configuration = 3,
    /// The database is missing, cannot be used, or could not be migrated.
    Database = 4,
    /// An audit or the verification of a backup found something wrong, or an import refused some records and took the
    /// others.
    Verification = 5,
    /// Another process is at work, or the server is too busy: try again.
    Busy = 6,
    /// The user or caller lacks a permission.
    Permission = 7,
    Authentication = 8,
}

impl Exit {
    /// The exit code of the process.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Exit::Ok => "OK",
            Exit::Failure => "FAILURE",
            Exit::Usage => "USAGE",
            Exit::Configuration => "CONFIGURATION",
            Exit::Database => "DATABASE",
            Exit::Verification => "VERIFICATION",
            Exit::Busy => "BUSY",
            Exit::Permission => "PERMISSION",
            Exit::Authentication => "AUTHENTICATION",
        }
    }
}

/// Why a command failed. It is also sent over the control socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub exit: Exit,
    /// The reason for machines: the name of the exit code, or the reason of a refusal.
    pub code: String,
    pub message: String,
    /// What to do next; `None` if the message says it.
    pub next: Option<String>,
}

impl Failure {
    pub fn new(exit: Exit, message: impl Into<String>) -> Failure {
        Failure { exit, code: exit.name().into(), message: message.into(), next: None }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Failure {
        self.next = Some(next.into());
        self
    }

    /// The line that `--json` prints to stderr.
    pub fn to_json(&self) -> Value {
        json!({"error": {"code": self.code, "message": self.message, "next": self.next}})
    }

    /// A failed file operation: exit code 7 if permission was denied, else 1.
    pub fn of_file(what: impl fmt::Display, error: &io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::PermissionDenied => Failure::new(Exit::Permission, format!("{what}: {error}"))
                .next("Run the command as the user that owns the file, or change its owner."),
            _ => Failure::new(Exit::Failure, format!("{what}: {error}")),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.next.iter().try_for_each(|next| write!(f, "\n{next}"))
    }
}

/// For errors from writing the output; file operations use [`Failure::of_file`].
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::new(Exit::Failure, format!("cannot write the output: {error}"))
    }
}

impl From<&ConfigErrors> for Failure {
    fn from(errors: &ConfigErrors) -> Self {
        Failure::new(Exit::Configuration, errors.to_string())
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let exit = match (refusal.row().family, &refusal) {
            (_, Refusal::StorageUnavailable) => Exit::Database,
            (_, Refusal::Internal) => Exit::Failure,
            (_, Refusal::Unauthenticated(_) | Refusal::EndUserToken) => Exit::Authentication,
            (Family::Credentials, _) => Exit::Permission,
            (Family::Unavailable, _) => Exit::Busy,
            (
                Family::Transport | Family::Field | Family::Missing | Family::Taken | Family::State | Family::Funds,
                _,
            ) => Exit::Failure,
        };
        let message = match refusal.field() {
            Some(field) if !refusal.stands_alone() => format!("{field}: {refusal}"),
            _ => refusal.to_string(),
        };
        let next = match refusal {
            Refusal::ClockLeapt => {
                Some("Look at the clock with `bursar clock show`; if it is right, run: bursar clock accept")
            }
            Refusal::NotFound { noun: Noun::Operator, .. } | Refusal::DuplicateName => {
                Some("See the operators with: bursar operator list")
            }
            _ => None,
        };
        Failure { code: refusal.reason().into(), next: next.map(str::to_owned), ..Failure::new(exit, message) }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let next = match error.needs_a_writable_directory() {
            true => {
                "Copy the database with all files beside it to a directory that you can write to, and use the copy."
            }
            false => "Check that it is a bursar database on a healthy disk; if it is damaged, restore a backup.",
        };
        Failure::new(Exit::Database, format!("the database cannot be read: {error}")).next(next)
    }
}

impl From<UseCaseFailure> for Failure {
    fn from(failure: UseCaseFailure) -> Self {
        match failure {
            Abort::Refused(refusal) => refusal.into(),
            Abort::Store(error) => error.into(),
        }
    }
}

impl From<MigrationError> for Failure {
    fn from(error: MigrationError) -> Self {
        let next = match &error {
            MigrationError::TooNew { .. } => {
                "Nothing was changed. The only way back to an older schema is to restore a backup of it."
            }
            MigrationError::TooOld { .. } => "Migrate it with: bursar db migrate",
            MigrationError::Unsigned(_) => "Compare it with the last good backup: bursar audit",
            MigrationError::Failed(_) => "Nothing was changed: the previous bursar version still works.",
            MigrationError::Store(_) => "Check that it is a bursar database on a healthy disk.",
        };
        Failure::new(Exit::Database, format!("the database cannot be opened: {error}")).next(next)
    }
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        let message = error.to_string();
        match &error {
            BackupError::Busy(_) => {
                Failure::new(Exit::Busy, message).next("Wait until it has finished, then try again.")
            }
            BackupError::NoTarget => Failure::new(Exit::Configuration, message)
                .next("Set backup.directories or backup.s3_bucket in the configuration."),
            BackupError::Target(at) => {
                let exit = match at.fault {
                    TargetFault::Denied => Exit::Permission,
                    TargetFault::Credentials => Exit::Authentication,
                    _ => Exit::Failure,
                };
                Failure::new(exit, message).next(at.next())
            }
            BackupError::Partial(at) => {
                let next = at.first().map_or("Try again.", TargetError::next);
                Failure::new(Exit::Failure, message).next(next)
            }
            BackupError::NotFound(_) => Failure::new(Exit::Failure, message)
                .next("List the backups, and the installations that have some, with: bursar restore list"),
            BackupError::Invalid { .. } => Failure::new(Exit::Verification, message).next(
                "Do not rely on it. Create a new one with `bursar backup create`, and check the disk that it was on.",
            ),
            BackupError::Untrusted { why, histories, .. } => {
                let choice = if histories.len() > 1 { ADVICE_ON_HISTORIES } else { "" };
                Failure::new(Exit::Verification, message).next(format!("{}{choice}", advice_on_trust(why)))
            }
            BackupError::ForeignSchema(_) => Failure::new(Exit::Verification, message)
                .next("Run `bursar audit`. Remove what another program has added, or restore a backup."),
            BackupError::NoSigningKey => Failure::new(Exit::Configuration, message)
                .next("Start the server once, which makes the key; or put its file back."),
            BackupError::NoRoom { .. } => {
                Failure::new(Exit::Failure, message).next("Free some space there, then try again.")
            }
            BackupError::OtherWriter(_) | BackupError::PerhapsOtherWriter(_) => Failure::new(Exit::Busy, message)
                .next("Stop one of the two. To make a backup all the same: bursar backup create --beside-other-server"),
            BackupError::TwoRoots { .. } => Failure::new(Exit::Verification, message)
                .next("Compare the database with what is there: bursar audit --anchor FOLDER"),
            BackupError::Branches(_) => Failure::new(Exit::Verification, message).next(
                "Nothing was changed. Choose one with --branch ID, or an earlier moment with --at. `bursar restore \
                 list` shows them.",
            ),
            BackupError::Superseded(_) => Failure::new(Exit::Verification, message).next(
                "Nothing was changed. Look for the missing backup at other targets; to restore what was left behind, \
                 name it with --timeline or --branch ID. `bursar restore list` shows both.",
            ),
            BackupError::Gap { reaches, .. }
            | BackupError::Unfinished { reaches, .. }
            | BackupError::Segment { reaches, .. }
            | BackupError::Baseless(reaches)
            | BackupError::Conflict { reaches, .. } => Failure::new(Exit::Verification, message).next(format!(
                "Nothing was changed. To restore what can be reached: --at {reaches}; or name another target or backup."
            )),
            BackupError::Newer(_) => {
                Failure::new(Exit::Database, message).next("Use the bursar version that made it, or a newer one.")
            }
            BackupError::NoKey(_) => {
                Failure::new(Exit::Authentication, message).next("Name the file with the private key: --identity FILE")
            }
            BackupError::WrongKey(_) => Failure::new(Exit::Authentication, message)
                .next("Name the file with the private key that belongs to it: --identity FILE"),
            BackupError::Unproven(_) => Failure::new(Exit::Verification, message)
                .next("Run `bursar audit`. Keep the database file and the last good backup unchanged."),
            BackupError::Local(path, io) => {
                let failure = Failure::of_file(path.display(), io);
                match io.kind() {
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                        failure.next("Free some space there, then try again.")
                    }
                    io::ErrorKind::NotFound => failure.next("Check the path, then try again."),
                    _ => failure,
                }
            }
            BackupError::DataDir(at) => at.into(),
            BackupError::Cancelled => Failure::new(Exit::Failure, message),
            BackupError::Store(_) => Failure::new(Exit::Database, message).next(
                "Check that the disk of the data directory is healthy and has space for another copy of the database.",
            ),
            BackupError::Migration(_) => Failure::new(Exit::Database, message),
        }
    }
}

/// What follows once the key is trusted.
const ADVICE_ON_HISTORIES: &str = "\nThen choose one of the histories: --branch ID. `bursar restore list --trust KEY` \
                                   shows them as far as that key signed them.";

/// The key that was found is not repeated: whoever plants a backup can plant a key with it.
fn advice_on_trust(why: &Distrust) -> &'static str {
    match why {
        Distrust::Unsigned => {
            "Earlier versions did not sign. Whoever can write to the target can have put it there; \
                               if you know where it comes from, accept it with --unsigned."
        }
        Distrust::Foreign(_) => {
            "Give the verifier key that you kept for this installation: --trust KEY, or --trust FILE. It looks like \
             bursar/<installation>+<hash>+<base64>; `bursar init` and `bursar backup verifier` print it, and the key \
             file of `bursar backup keygen` contains it. Do not take it from the target.\nIf you kept none, nothing \
             tells your backups from planted ones; accept them with --unsigned."
        }
        Distrust::Plain => {
            "Whoever can write to the target can have put it there; if it is from before you set backup.recipients, \
             accept it with --unsigned."
        }
        Distrust::Renamed | Distrust::Empty => {
            "Whoever can write to the target can have put it there. Look at the file, then move it elsewhere."
        }
    }
}

impl From<InstallationKeyError> for Failure {
    fn from(error: InstallationKeyError) -> Self {
        match &error {
            InstallationKeyError::Io { path, error } => Failure::of_file(path.display(), error),
            InstallationKeyError::Foreign(_) => Failure::new(Exit::Configuration, error.to_string())
                .next("Put the right file back, or move this one away."),
            InstallationKeyError::Exposed { path, .. } => {
                Failure::new(Exit::Configuration, error.to_string()).next(format!("Run: chmod 600 {}", quoted(path)))
            }
            InstallationKeyError::NoRandomness => Failure::new(Exit::Failure, error.to_string()),
        }
    }
}

impl From<DataDirError> for Failure {
    fn from(error: DataDirError) -> Self {
        Failure::from(&error)
    }
}

impl From<&DataDirError> for Failure {
    fn from(error: &DataDirError) -> Self {
        match error {
            DataDirError::InUse(_) => {
                Failure::new(Exit::Busy, error.to_string()).next("Stop that process, or wait until it has finished.")
            }
            DataDirError::NotOwner { owner, .. } => {
                let next = format!("Nothing was changed. Run: {}", owner::this_command_as(*owner));
                Failure::new(Exit::Permission, error.to_string()).next(next)
            }
            DataDirError::Link { .. } => Failure::new(Exit::Database, error.to_string()).next(
                "Move the database with the files beside it here in place of the link, or set server.data_dir to the \
                 directory where they are.",
            ),
            DataDirError::Shared { file, .. } => {
                let dir = quoted(file.parent().unwrap_or(Path::new(".")));
                Failure::new(Exit::Database, error.to_string()).next(format!(
                    "Nothing was changed. Stop the server of the other directory, then give this one files of its \
                     own:\nfind {dir} -type f -links +1 -exec cp -p {{}} {{}}.copy \\; -exec mv {{}}.copy {{}} \\;"
                ))
            }
            DataDirError::Io(path, io) => Failure::of_file(path.display(), io),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_survives_the_control_socket() {
        let failure = Failure::from(Refusal::DuplicateName).next("Choose another.");
        let text = serde_json::to_string(&failure).unwrap();
        assert_eq!(serde_json::from_str::<Failure>(&text).unwrap(), failure);
        assert_eq!((failure.exit.code(), failure.code.as_str()), (1, "DUPLICATE_NAME"));
    }

    #[test]
    fn refusals_map_to_exit_codes() {
        assert_eq!(Failure::from(Refusal::Busy { retry_after_s: 1 }).exit.code(), 6);
        assert_eq!(Failure::from(Refusal::StorageUnavailable).exit.code(), 4);
        assert_eq!(
            Failure::from(Refusal::Forbidden { right: crate::domain::access::Right::Administer }).exit.code(),
            7
        );
        let missing = Failure::from(Refusal::Required { field: crate::domain::refusal::Field::Name });
        assert_eq!((missing.exit.code(), missing.message.as_str()), (1, "name: required"));
    }
}
