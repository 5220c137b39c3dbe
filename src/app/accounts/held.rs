//! Accounts as one of their owners uses them: what its access lets it see and do.

use crate::app::accounts::DetailedAccount;
use crate::app::{Context, Failure, Query, View};
use crate::domain::access::{ObjectKind, Right, Visibility};
use crate::domain::accounts::{Account, OwnerAccess, Owners};
use crate::domain::ids::{AccountSerial, DEFAULT_LEDGER, ProfileId, ProfileSerial};
use crate::domain::refusal::{Field, Noun, Refusal};
use crate::store::ReadTx;

/// An account, and the owner on whose behalf it is named.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HeldKey {
    pub client: ProfileSerial,
    pub account: AccountSerial,
}

/// What an owner wants with an account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::app) enum Power {
    See,
    /// Change it, or move its money.
    Use,
}

/// An account with the owner who acts.
pub(in crate::app) struct Held {
    pub client: ProfileId,
    pub account: Account,
    pub owners: Owners,
}

/// The client with a serial. Refusals: unknown.
pub(in crate::app) fn client_of_serial(
    tx: &ReadTx<'_>,
    visibility: &Visibility,
    serial: ProfileSerial,
) -> Result<ProfileId, Failure> {
    match tx.is_profile_visible(serial, visibility)? {
        true => Ok(tx.profile_id(serial)?),
        false => Err(Refusal::not_found(Noun::Profile).into()),
    }
}

/// Refusals: unknown client; an account that does not exist, or to which the client has no access; it may only read it.
pub(in crate::app) fn held(
    tx: &ReadTx<'_>,
    visibility: &Visibility,
    key: HeldKey,
    power: Power,
) -> Result<Held, Failure> {
    held_as(tx, visibility, key, power, Field::Account)
}

/// Like [`held`], for calls with several accounts: the refusal names the field.
pub(in crate::app) fn held_as(
    tx: &ReadTx<'_>,
    visibility: &Visibility,
    key: HeldKey,
    power: Power,
    field: Field,
) -> Result<Held, Failure> {
    let client = client_of_serial(tx, visibility, key.client)?;
    let unknown = || Refusal::NotFound { noun: Noun::Account, field: Some(field.clone()) };
    let found = tx.account_with_serial(key.account, visibility)?.ok_or_else(unknown)?;
    // Read again with its margin.
    let account = tx.account(found.id, visibility)?.ok_or_else(unknown)?;
    let owners = tx.owners(account.book)?.ok_or(Refusal::Internal)?;
    match owners.access(client) {
        Some(OwnerAccess::Full) => Ok(Held { client, account, owners }),
        Some(OwnerAccess::Read) if power == Power::See => Ok(Held { client, account, owners }),
        Some(OwnerAccess::Read) => Err(Refusal::OwnerAccess.into()),
        Some(OwnerAccess::None) | None => Err(unknown().into()),
    }
}

/// [`held`], for a command.
pub(in crate::app) fn held_in(context: &Context<'_>, key: HeldKey, power: Power) -> Result<Held, Failure> {
    let held = held(context.tx, context.visibility(), key, power)?;
    context.involve(held.account.profile);
    context.concerns_of(ObjectKind::Account, held.account.id.uuid(), Some(held.account.standing.profile));
    Ok(held)
}

/// An account of an owner, archived or not. Refusals: unknown.
pub struct GetHeldAccount {
    pub key: HeldKey,
}

impl Query for GetHeldAccount {
    type Answer = DetailedAccount;
    const RIGHT: Right = Right::ReadAccounts;

    fn run(self, view: &View<'_>) -> Result<DetailedAccount, Failure> {
        let held = held(view.tx, view.visibility, self.key, Power::See)?;
        DetailedAccount::read(view.tx, held.account)
    }
}

/// The same, by the reference of the account. Refusals: unknown.
pub struct GetReferencedAccount {
    pub client: ProfileSerial,
    pub reference: String,
}

impl Query for GetReferencedAccount {
    type Answer = DetailedAccount;
    const RIGHT: Right = Right::ReadAccounts;

    fn run(self, view: &View<'_>) -> Result<DetailedAccount, Failure> {
        let unknown = || Refusal::NotFound { noun: Noun::Account, field: Some(Field::Reference) };
        let id = view.tx.account_of_reference(DEFAULT_LEDGER, &self.reference)?.ok_or_else(unknown)?;
        let account = view.tx.account(id, view.visibility)?.ok_or_else(unknown)?;
        let key = HeldKey { client: self.client, account: account.serial };
        DetailedAccount::read(view.tx, held_as(view.tx, view.visibility, key, Power::See, Field::Reference)?.account)
    }
}

/// All accounts to which a client has access, archived ones included, oldest first. Refusals: unknown client.
pub struct ListHeldAccounts {
    pub client: ProfileSerial,
}

impl Query for ListHeldAccounts {
    type Answer = Vec<DetailedAccount>;
    const RIGHT: Right = Right::ReadAccounts;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<Vec<DetailedAccount>, Failure> {
        client_of_serial(view.tx, view.visibility, self.client)?;
        held_by(view.tx, view.visibility, self.client)
    }
}

pub(in crate::app) fn held_by(
    tx: &ReadTx<'_>,
    visibility: &Visibility,
    client: ProfileSerial,
) -> Result<Vec<DetailedAccount>, Failure> {
    let accounts = tx.accounts_held_by(client, visibility)?;
    accounts.into_iter().map(|account| DetailedAccount::read(tx, account)).collect()
}
