//! Finds what callers name by a serial number. Finding shows nothing of the object: it only tells a command or a query
//! which one is meant, and these check the caller's rights.

use crate::app::command::refusal_of_read;
use crate::app::{App, Caller, Failure};
use crate::domain::accounts::{Account, Lifecycle};
use crate::domain::ids::{AccountId, AccountSerial, GroupId, OfferSerial, ProfileId, ProfileSerial};
use crate::domain::reference::{CurrencyCode, GroupKind};
use crate::domain::refusal::Refusal;
use crate::store::ReadTx;

/// An account that the caller can see.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NumberedAccount {
    pub id: AccountId,
    pub kind: GroupKind,
    pub is_archived: bool,
    /// The primary owner.
    pub client: ProfileSerial,
    /// The pair of its group and its currency.
    pub offer: Option<OfferSerial>,
}

/// A currency that a group offers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NumberedOffer {
    pub group: GroupId,
    pub kind: GroupKind,
    pub currency: CurrencyCode,
    /// The leverage of the group.
    pub max_leverage: u32,
    /// Whether accounts can be opened in it.
    pub is_open: bool,
}

impl App {
    /// None if there is no such account, or the caller cannot see it. Blocks briefly.
    pub fn account_numbered(&self, caller: &Caller, serial: AccountSerial) -> Result<Option<NumberedAccount>, Refusal> {
        let visibility = &caller.principal.visibility;
        let read = |tx: &ReadTx<'_>| match tx.account_with_serial(serial, visibility)? {
            Some(account) => Ok::<_, Failure>(Some(numbered(tx, account)?)),
            None => Ok(None),
        };
        self.store.read(read).map_err(refusal_of_read)
    }

    /// None if there is no such client, or the caller cannot see it. Blocks briefly.
    pub fn client_numbered(&self, caller: &Caller, serial: ProfileSerial) -> Result<Option<ProfileId>, Refusal> {
        let visibility = &caller.principal.visibility;
        let read = |tx: &ReadTx<'_>| match tx.is_profile_visible(serial, visibility)? {
            true => Ok::<_, Failure>(Some(tx.profile_id(serial)?)),
            false => Ok(None),
        };
        self.store.read(read).map_err(refusal_of_read)
    }

    /// None if no group ever offered a currency under this number. Blocks briefly.
    pub fn offer_numbered(&self, serial: OfferSerial) -> Result<Option<NumberedOffer>, Refusal> {
        let read = |tx: &ReadTx<'_>| -> Result<_, Failure> {
            let offers = tx.offers()?;
            let Some(offer) = offers.into_iter().find(|offer| offer.serial == serial) else { return Ok(None) };
            let group = tx.groups()?.into_iter().find(|group| group.serial == offer.group).ok_or(Refusal::Internal)?;
            let currency = tx.currency_code(offer.currency)?.ok_or(Refusal::Internal)?;
            Ok(Some(NumberedOffer {
                is_open: group.declared.enabled && group.currencies.contains(&currency),
                group: group.id,
                kind: group.declared.kind,
                max_leverage: group.declared.max_leverage,
                currency,
            }))
        };
        self.store.read(read).map_err(refusal_of_read)
    }
}

fn numbered(tx: &ReadTx<'_>, account: Account) -> Result<NumberedAccount, Failure> {
    let kind = tx.group(account.group)?.ok_or(Refusal::Internal)?.declared.kind;
    let offers = tx.offers()?;
    let standing = account.standing;
    let offer = offers.iter().find(|it| (it.group, it.currency) == (standing.group, standing.currency));
    let offer = offer.map(|offer| offer.serial);
    let is_archived = account.lifecycle == Lifecycle::Closed;
    Ok(NumberedAccount { id: account.id, kind, is_archived, client: standing.profile, offer })
}
