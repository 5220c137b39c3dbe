//! `bursar operator`: manages operators, the people and programs that may log in.

use clap::Subcommand;
use serde_json::{Value, json};

use super::control::ControlCommand;
use super::outcome::Failure;
use super::output::{list, table};
use super::password::PasswordSource;
use super::{Session, data_dir};
use crate::domain::access::{Right, Role};
use crate::store::PrincipalRow;

#[derive(Debug, Subcommand)]
pub enum OperatorCommand {
    /// Add an operator, who logs in with a name and a password
    Add {
        /// Name to log in with
        name: String,
        /// Role of the operator: admin, operator, service, viewer or auditor
        #[arg(long, value_parser = role)]
        role: Role,
        /// Show the operator only clients with this tag; may be repeated
        #[arg(long = "tag", value_name = "TAG")]
        tags: Vec<String>,
        /// Grant a right beyond the role, such as passwords:set; may be repeated
        #[arg(long = "grant", value_name = "RIGHT", value_parser = grantable)]
        grants: Vec<Right>,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Grant rights beyond the role, or withdraw them
    Update {
        /// Name of the operator
        name: String,
        /// Grant this right, such as passwords:set; may be repeated
        #[arg(long = "grant", value_name = "RIGHT", value_parser = grantable)]
        grant: Vec<Right>,
        /// Withdraw this right, if it was granted; may be repeated
        #[arg(long = "withdraw", value_name = "RIGHT", value_parser = grantable)]
        withdraw: Vec<Right>,
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
    Role::parse(text).ok_or("expected one of admin, operator, service, viewer, auditor")
}

fn grantable(text: &str) -> Result<Right, String> {
    let right = Right::parse(text).filter(|right| Right::GRANTABLE.contains(right));
    right.ok_or_else(|| format!("expected one of {}", Right::GRANTABLE.map(Right::name).join(", ")))
}

pub(super) fn run(command: OperatorCommand, session: &mut Session<'_>) -> Result<(), Failure> {
    let (command, done) = match command {
        OperatorCommand::List => return show(session),
        OperatorCommand::Add { name, role, tags, grants, password } => {
            data_dir::existing(session.config()?)?;
            let done = format!("Added {name} as {}.", role.name());
            // A program uses tokens and needs a password only if its API begins with a sign-in.
            let has_password = role != Role::Service || password.password_file.is_some();
            let hash = has_password.then(|| password.hash(&name)).transpose()?;
            let password_hash = hash.map(|hash| hash.as_str().to_owned());
            let (tags, grants) = (tags.into_iter().collect(), grants.into_iter().collect());
            (ControlCommand::AddOperator { name, role, tags, grants, password_hash }, done)
        }
        OperatorCommand::Update { name, grant, withdraw } => {
            let done = format!("Changed the rights of {name}.");
            let (grant, withdraw) = (grant.into_iter().collect(), withdraw.into_iter().collect());
            (ControlCommand::UpdateOperator { name, grant, withdraw }, done)
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
    let (operators, makers) = data_dir::read(&dir.database_file(), |tx| Ok((tx.operators()?, tx.makers()?)))?;
    let maker = |operator: &PrincipalRow| makers.get(&operator.id.uuid()).map(String::as_str);
    let rows: Vec<_> = operators.iter().map(|operator| row(operator, maker(operator))).collect();
    let text = table(["NAME", "ROLE", "GRANTS", "TAGS", "ADDED", "ADDED BY", "DISABLED"], &rows);
    session.output.print(&operators.iter().map(|operator| view(operator, maker(operator))).collect(), text)
}

fn row(operator: &PrincipalRow, maker: Option<&str>) -> [String; 7] {
    let grants: Vec<_> = operator.granted.iter().map(|right| right.name().to_owned()).collect();
    [
        operator.name.clone(),
        operator.role.name().into(),
        list(&grants),
        list(&operator.tags),
        operator.created_at.to_string(),
        maker.unwrap_or("-").into(),
        operator.disabled_at.map_or("-".into(), |at| at.to_string()),
    ]
}

fn view(operator: &PrincipalRow, maker: Option<&str>) -> Value {
    json!({
        "id": operator.id,
        "name": operator.name,
        "role": operator.role,
        "grants": operator.granted,
        "tags": operator.tags,
        "created_at": operator.created_at.to_string(),
        "added_by": maker,
        "disabled_at": operator.disabled_at.map(|at| at.to_string()),
    })
}
