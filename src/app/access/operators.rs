//! Operators: added, listed and disabled from the command line.

use crate::app::access::PasswordHash;
use crate::app::command::refusal_of_read;
use crate::app::{App, Command, Context, Failure};
use crate::domain::access::{ObjectKind, Right, Role};
use crate::domain::clients::check_tags;
use crate::domain::ids::PrincipalId;
use crate::domain::refusal::{Field, Noun, Refusal};
use crate::domain::text;
use crate::store::{NewPrincipal, PrincipalRow};
use std::collections::BTreeSet;

/// Adds an operator.
///
/// Refusals: invalid name or tags; a right that cannot be granted; no password, unless it is a service; name taken.
pub struct AddOperator {
    pub name: String,
    pub role: Role,
    /// Rights beyond those of the role.
    pub grants: BTreeSet<Right>,
    /// The tags of the clients that the operator can see; empty means all clients.
    pub tags: BTreeSet<String>,
    /// None if it only uses tokens.
    pub password: Option<PasswordHash>,
}

impl Command for AddOperator {
    type Outcome = PrincipalId;
    const ACTION: &'static str = "operator.add";
    const RIGHT: Right = Right::Administer;

    fn run(self, context: &Context<'_>) -> Result<PrincipalId, Failure> {
        let name = text::identifier(Field::Name, self.name, 100)?;
        if name.is_empty() {
            return Err(Refusal::Required { field: Field::Name }.into());
        }
        if name.contains(char::is_whitespace) {
            return Err(
                Refusal::invalid(Field::Name, "must not contain blanks, so that it can be typed in a command").into()
            );
        }
        let tags = check_tags(Field::Tags, self.tags)?;
        check_grants(&self.grants)?;
        if self.password.is_none() && self.role != Role::Service {
            return Err(Refusal::Required { field: Field::Password }.into());
        }
        let name_folded = text::fold(&name);
        if context.tx.operator_by_name(&name_folded)?.is_some() {
            return Err(Refusal::DuplicateName.into());
        }
        let id = PrincipalId::new(context.now, context.app.randomness());
        let new = NewPrincipal {
            id,
            name,
            name_folded,
            role: self.role,
            granted: self.grants,
            tags,
            password_hash: self.password.map(|hash| hash.as_str().to_owned()),
        };
        context.tx.add_operator(&new, context.now)?;
        context.concerns(ObjectKind::Operator, id.uuid());
        Ok(id)
    }
}

/// Grants rights to an operator and withdraws granted ones. The outcome is what is granted now.
///
/// Refusals: unknown name; a right that cannot be granted.
pub struct UpdateOperator {
    pub name: String,
    pub grant: BTreeSet<Right>,
    /// Those that were not granted stay as they are.
    pub withdraw: BTreeSet<Right>,
}

impl Command for UpdateOperator {
    type Outcome = BTreeSet<Right>;
    const ACTION: &'static str = "operator.update";
    const RIGHT: Right = Right::Administer;
    const CHANGES_ACCESS: bool = true;

    fn run(self, context: &Context<'_>) -> Result<BTreeSet<Right>, Failure> {
        check_grants(&self.grant)?;
        let operator = find(context, &self.name)?;
        let kept = operator.granted.difference(&self.withdraw);
        let granted = kept.chain(&self.grant).copied().collect();
        context.tx.set_granted(operator.serial, &granted)?;
        context.concerns(ObjectKind::Operator, operator.id.uuid());
        Ok(granted)
    }
}

fn check_grants(grants: &BTreeSet<Right>) -> Result<(), Refusal> {
    match grants.iter().find(|right| !Right::GRANTABLE.contains(right)) {
        None => Ok(()),
        Some(right) => {
            let known = Right::GRANTABLE.map(Right::name).join(", ");
            Err(Refusal::invalid(Field::Grant, format!("{} is none of {known}", right.name())))
        }
    }
}

/// Disables an operator and all its tokens. Refusals: unknown name.
pub struct DisableOperator {
    pub name: String,
}

impl Command for DisableOperator {
    type Outcome = ();
    const ACTION: &'static str = "operator.disable";
    const RIGHT: Right = Right::Administer;
    const CHANGES_ACCESS: bool = true;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let operator = find(context, &self.name)?;
        context.concerns(ObjectKind::Operator, operator.id.uuid());
        Ok(context.tx.disable_operator(operator.serial, context.now)?)
    }
}

/// Sets a new password and revokes all the operator's tokens. Refusals: unknown name.
pub struct ResetPassword {
    pub name: String,
    pub password: PasswordHash,
}

impl Command for ResetPassword {
    type Outcome = ();
    const ACTION: &'static str = "operator.reset_password";
    const RIGHT: Right = Right::Administer;
    const CHANGES_ACCESS: bool = true;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let operator = find(context, &self.name)?;
        context.concerns(ObjectKind::Operator, operator.id.uuid());
        context.tx.set_operator_password(operator.serial, self.password.as_str())?;
        Ok(context.tx.revoke_tokens_of(operator.serial, context.now)?)
    }
}

fn find(context: &Context<'_>, name: &str) -> Result<PrincipalRow, Failure> {
    Ok(context
        .tx
        .operator_by_name(&text::fold(name))?
        .filter(|operator| operator.disabled_at.is_none())
        .ok_or(Refusal::not_found(Noun::Operator))?)
}

impl App {
    /// Disabled operators included. Blocks.
    pub fn list_operators(&self) -> Result<Vec<PrincipalRow>, Refusal> {
        self.store.read(|tx| Ok(tx.operators()?)).map_err(refusal_of_read)
    }
}
