//! Commands and queries of callers that name objects by number. The numbers are looked up in the transaction of the
//! command or the query, after its idempotency key: a retry gets the first outcome, whatever has changed since.

use crate::app::{Command, Context, Failure, Query, View};
use crate::domain::access::{Principal, Right, Visibility};
use crate::domain::accounts::Account;
use crate::domain::clients::Profile;
use crate::domain::ids::{AccountSerial, GroupId, OfferSerial, ProfileSerial};
use crate::domain::reference::{CurrencyCode, GroupKind};
use crate::domain::refusal::{Noun, Refusal};
use crate::store::ReadTx;

/// What the caller can see, by number.
pub struct Directory<'a> {
    tx: &'a ReadTx<'a>,
    visibility: &'a Visibility,
}

/// A currency that a group offers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NumberedOffer {
    pub group: GroupId,
    pub currency: CurrencyCode,
    /// The leverage of the group.
    pub max_leverage: u32,
    /// Whether accounts can be opened in it.
    pub is_open: bool,
}

impl Directory<'_> {
    /// Refusals: unknown, or hidden.
    pub fn account(&self, serial: AccountSerial) -> Result<Account, Failure> {
        Ok(self.tx.account_with_serial(serial, self.visibility)?.ok_or(Refusal::not_found(Noun::Account))?)
    }

    /// Refusals: unknown, or hidden.
    pub fn client(&self, serial: ProfileSerial) -> Result<Profile, Failure> {
        let found = match self.tx.is_profile_visible(serial, self.visibility)? {
            true => self.tx.profile(self.tx.profile_id(serial)?, self.visibility)?,
            false => None,
        };
        Ok(found.ok_or(Refusal::not_found(Noun::Profile))?)
    }

    pub fn kind(&self, account: &Account) -> Result<GroupKind, Failure> {
        Ok(self.tx.group(account.group)?.ok_or(Refusal::Internal)?.declared.kind)
    }

    /// The pair of an account's group and currency.
    pub fn offer_of(&self, account: &Account) -> Result<Option<OfferSerial>, Failure> {
        let pair = (account.standing.group, account.standing.currency);
        let offer = self.tx.offers()?.into_iter().find(|offer| (offer.group, offer.currency) == pair);
        Ok(offer.map(|offer| offer.serial))
    }

    /// None if no group ever offered a currency under this number.
    pub fn offer(&self, serial: OfferSerial) -> Result<Option<NumberedOffer>, Failure> {
        let Some(offer) = self.tx.offers()?.into_iter().find(|offer| offer.serial == serial) else { return Ok(None) };
        let group = self.tx.groups()?.into_iter().find(|group| group.serial == offer.group).ok_or(Refusal::Internal)?;
        let currency = self.tx.currency_code(offer.currency)?.ok_or(Refusal::Internal)?;
        Ok(Some(NumberedOffer {
            is_open: group.declared.enabled && group.currencies.contains(&currency),
            group: group.id,
            max_leverage: group.declared.max_leverage,
            currency,
        }))
    }
}

/// A command or a query that is made from what the directory says.
pub struct Resolved<F>(F);

/// `resolve` makes the command or the query, or refuses what the caller has sent.
pub fn resolved<F, C>(resolve: F) -> Resolved<F>
where
    F: FnOnce(&Directory<'_>) -> Result<C, Failure>,
{
    Resolved(resolve)
}

impl<F, C> Command for Resolved<F>
where
    F: FnOnce(&Directory<'_>) -> Result<C, Failure> + Send + 'static,
    C: Command,
{
    type Outcome = C::Outcome;
    const ACTION: &'static str = C::ACTION;
    const RIGHT: Right = C::RIGHT;
    const RESTARTS_TIME: bool = C::RESTARTS_TIME;
    const CHANGES_ACCESS: bool = C::CHANGES_ACCESS;
    const IS_LONG: bool = C::IS_LONG;

    fn admit(&self, principal: &Principal) -> Result<(), Refusal> {
        principal.require(C::RIGHT)
    }

    fn recall(context: &Context<'_>, outcome: C::Outcome) -> Result<C::Outcome, Failure> {
        C::recall(context, outcome)
    }

    fn run(self, context: &Context<'_>) -> Result<C::Outcome, Failure> {
        let command = (self.0)(&Directory { tx: context.tx, visibility: context.visibility() })?;
        command.admit(&context.caller.principal)?;
        command.run(context)
    }
}

impl<F, Q> Query for Resolved<F>
where
    F: FnOnce(&Directory<'_>) -> Result<Q, Failure> + Send + 'static,
    Q: Query,
{
    type Answer = Q::Answer;
    const RIGHT: Right = Q::RIGHT;
    const IS_LONG: bool = Q::IS_LONG;

    fn run(self, view: &View<'_>) -> Result<Q::Answer, Failure> {
        (self.0)(&Directory { tx: view.tx, visibility: view.visibility })?.run(view)
    }
}
