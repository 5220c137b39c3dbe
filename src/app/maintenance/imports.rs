//! Clients and accounts of an existing system. They come from files, and a second run of a file changes nothing.

use crate::app::accounts::{OpenAccount, find};
use crate::app::clients::CreateProfile;
use crate::app::ledger::{adjust, amount_of};
use crate::app::trading::LinkPlatformAccount;
use crate::app::{Command, Context, Failure};
use crate::domain::access::Right;
use crate::domain::accounts::{Permissions, PositionMode};
use crate::domain::clients::{AccountLabelsChange, EmailKey};
use crate::domain::clock::Moment;
use crate::domain::ids::{AccountId, DEFAULT_LEDGER, ProfileId, ProfileSerial};
use crate::domain::ledger::EntryKind;
use crate::domain::money::{DecimalText, ExtraDecimals};
use crate::domain::reference::CurrencyCode;
use crate::domain::refusal::{Field, Noun, Refusal};
use serde::{Deserialize, Serialize};

/// What an import did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Imported {
    New,
    /// It was here already, and stays as it is.
    Present,
}

/// Creates a client, unless it is here already: by its reference, or without one by its e-mail address.
///
/// Refusals: those of [`CreateProfile`]; another client has the reference or the address.
pub struct ImportProfile(pub CreateProfile);

impl Command for ImportProfile {
    type Outcome = Imported;
    const ACTION: &'static str = "profile.import";
    const RIGHT: Right = Right::WriteProfiles;

    fn run(self, context: &Context<'_>) -> Result<Imported, Failure> {
        let details = self.0.details.clone().checked()?;
        let by_email = context.tx.profile_of_email(&EmailKey::of(&details.email))?;
        let reference = self.0.labels.clone().checked()?.reference.unwrap_or_default();
        let present = match reference.is_empty() {
            true => by_email,
            false => context.tx.profile_of_reference(&reference)?.filter(|holder| Some(*holder) == by_email),
        };
        if let Some(present) = present
            && context.tx.is_profile_visible(present, context.visibility())?
        {
            return Ok(Imported::Present);
        }
        self.0.run(context).map(|_| Imported::New)
    }
}

/// How a file names a client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ClientKey {
    Id(ProfileId),
    Reference(String),
    Email(String),
}

/// What an account had on a day, in its currency.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Without credit; may be negative or zero.
    pub balance: DecimalText,
    /// Trading credit; zero or more.
    pub credit: DecimalText,
    pub as_of: Moment,
}

/// Opens an account with the money that it had elsewhere, unless it is here already: by its reference, or without one
/// by its number at a platform.
///
/// The balance is an entry OTHER against the house account `clearing`, the credit an entry CREDIT; both take effect as
/// of the moment given. No deposit is recorded: the money came in before.
///
/// Refusals: those of [`OpenAccount`] and [`LinkPlatformAccount`]; neither reference nor number; unknown client or
/// group; amounts with more decimals than the currency; a moment in the future; the account that is here is of another
/// client or currency.
pub struct ImportAccount {
    /// The caller's own id; may be empty if there is a number at a platform.
    pub reference: String,
    pub client: ClientKey,
    /// Code of the account group.
    pub group: String,
    pub currency: CurrencyCode,
    pub position_mode: Option<PositionMode>,
    /// None takes the group's.
    pub max_leverage: Option<u32>,
    pub name: Option<String>,
    /// Code of a platform and the number that the account has there.
    pub platform: Option<(String, String)>,
    pub opening: Option<Opening>,
}

impl Command for ImportAccount {
    type Outcome = Imported;
    const ACTION: &'static str = "account.import";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<Imported, Failure> {
        let profile = find_client(context, &self.client)?;
        let mut labels = AccountLabelsChange { name: self.name, ..AccountLabelsChange::default() };
        labels.common.reference = Some(self.reference);
        let labels = labels.checked()?;
        let reference = labels.common.reference.as_deref().unwrap_or_default();
        let present = match (reference, &self.platform) {
            ("", None) => return Err(Refusal::Required { field: Field::Reference }.into()),
            ("", Some((platform, number))) => account_at(context, platform, number)?,
            (reference, _) => context.tx.account_of_reference(DEFAULT_LEDGER, reference)?,
        };
        if let Some(present) = present {
            let account = find(context, present)?;
            let is_same = account.profile == profile && account.currency == self.currency;
            return if is_same { Ok(Imported::Present) } else { Err(Refusal::DuplicateReference.into()) };
        }
        let groups = context.tx.groups()?;
        let group = groups.into_iter().find(|group| group.declared.code == self.group);
        let open = OpenAccount {
            id: None,
            profile,
            group: group.ok_or(Refusal::not_found(Noun::Group))?.id,
            portfolio: None,
            parent: None,
            currency: self.currency,
            is_demo: None,
            is_spread_betting: false,
            position_mode: self.position_mode,
            margin_calculation_override: None,
            trade_status: None,
            max_leverage: self.max_leverage,
            net_open_position_limit: None,
            wants_daily_statement: false,
            labels,
            allows_credits: true,
            allows_debits: true,
            permissions: Permissions::default(),
            number_at_platform: None,
            number: None,
            requires_approval: false,
            takes_client_in_review: true,
        };
        let account = open.run(context)?.id;
        if let Some((platform, number)) = self.platform {
            LinkPlatformAccount { account, platform, number }.run(context)?;
        }
        if let Some(opening) = self.opening {
            if opening.as_of > context.clock_now {
                return Err(Refusal::out_of_range(Field::EffectiveAt, "not in the future").into());
            }
            if opening.credit.is_negative() {
                return Err(Refusal::out_of_range(Field::Amount, "the credit is zero or more").into());
            }
            post_opening(context, account, opening.balance, EntryKind::Other, opening.as_of)?;
            post_opening(context, account, opening.credit, EntryKind::Credit, opening.as_of)?;
        }
        Ok(Imported::New)
    }
}

fn find_client(context: &Context<'_>, key: &ClientKey) -> Result<ProfileId, Failure> {
    let found: Option<ProfileSerial> = match key {
        ClientKey::Id(id) => return Ok(*id),
        ClientKey::Reference(reference) => context.tx.profile_of_reference(reference)?,
        ClientKey::Email(email) => context.tx.profile_of_email(&EmailKey::of(email))?,
    };
    Ok(context.tx.profile_id(found.ok_or(Refusal::not_found(Noun::Profile))?)?)
}

/// The account with this number at a platform.
fn account_at(context: &Context<'_>, platform: &str, number: &str) -> Result<Option<AccountId>, Failure> {
    let platforms = context.tx.platforms()?;
    let Some(platform) = platforms.iter().find(|found| found.declared.code == platform) else { return Ok(None) };
    Ok(match context.tx.account_at_platform(platform.serial, number)? {
        Some(book) => context.tx.account_of_book(book)?,
        None => None,
    })
}

fn post_opening(
    context: &Context<'_>,
    account: AccountId,
    amount: DecimalText,
    kind: EntryKind,
    as_of: Moment,
) -> Result<(), Failure> {
    if amount.is_zero() {
        return Ok(());
    }
    // Read again for each entry: the one before has changed its balance.
    let account = find(context, account)?;
    let amount = amount_of(&account, amount, ExtraDecimals::Refuse)?;
    adjust(context, &account, amount, kind, "opening balance", Some(as_of)).map(|_| ())
}
