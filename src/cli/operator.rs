//! `bursar operator`: manages operators, the people and programs that may log in.

use clap::Subcommand;
use serde_json::{Value, json};

use super::control::ControlCommand;
use super::outcome::Failure;
use super::output::{list, table};
use super::password::PasswordSource;
use super::{Session, data_dir};
use crate::domain::access::Role;
use crate::store::PrincipalRow;

#[derive(Debug, Subcommand)]
pub enum OperatorCommand {
    /// Add an operator, who logs in with a name and a password
    Add {
        /// Name to log in with
        name: String,
        /// Role of the operator: admin, operator, viewer or auditor
        #[arg(long, value_parser = role)]
        role: Role,
        /// Show the operator only clients with this tag; may be repeated
        #[arg(long = "tag", value_name = "TAG")]
        tags: Vec<String>,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// List all operators, including disabled ones
    List,
    /// Disable an operator and revoke all its tokens
    Disable {
        /// Name of the operator
        name: String,
    },
    /// Set a new password for an operator and revoke all its tokens
    ResetPassword {
        /// Name of the operator
        name: String,
        #[command(flatten)]
        password: PasswordSource,
    },
}

fn role(text: &str) -> Result<Role, &'static str> {
    Role::parse(text).ok_or("expected one of admin, operator, viewer, auditor")
}

pub(super) fn run(command: OperatorCommand, session: &mut Session<'_>) -> Result<(), Failure> {
    let (command, done) = match command {
        OperatorCommand::List => return show(session),
        OperatorCommand::Add { name, role, tags, password } => {
            data_dir::existing(session.config()?)?;
            let done = format!("Added {name} as {}.", role.name());
            let password_hash = password.hash(&name)?.as_str().to_owned();
            (ControlCommand::AddOperator { name, role, tags: tags.into_iter().collect(), password_hash }, done)
        }
        OperatorCommand::Disable { name } => {
            let done = format!("Disabled {name} and revoked all its tokens.");
            (ControlCommand::DisableOperator { name }, done)
        }
        OperatorCommand::ResetPassword { name, password } => {
            data_dir::existing(session.config()?)?;
            let done = format!("{name} has a new password; all its tokens are revoked.");
            let password_hash = password.hash(&name)?.as_str().to_owned();
            (ControlCommand::ResetPassword { name, password_hash }, done)
        }
    };
    let value = data_dir::write(session.config()?, command)?;
    session.output.print(&value, done)
}

fn show(session: &mut Session<'_>) -> Result<(), Failure> {
    let dir = data_dir::existing(session.config()?)?;
    let operators = data_dir::read(&dir.database_file(), |tx| tx.operators())?;
    let rows: Vec<_> = operators.iter().map(row).collect();
    let text = table(["NAME", "ROLE", "TAGS", "ADDED", "DISABLED"], &rows);
    session.output.print(&operators.iter().map(view).collect(), text)
}

fn row(operator: &PrincipalRow) -> [String; 5] {
    [
        operator.name.clone(),
        operator.role.name().into(),
        list(&operator.tags),
        operator.created_at.to_string(),
        operator.disabled_at.map_or("-".into(), |at| at.to_string()),
    ]
}

fn view(operator: &PrincipalRow) -> Value {
    json!({
        "id": operator.id,
        "name": operator.name,
        "role": operator.role,
        "tags": operator.tags,
        "created_at": operator.created_at.to_string(),
        "disabled_at": operator.disabled_at.map(|at| at.to_string()),
    })
}
