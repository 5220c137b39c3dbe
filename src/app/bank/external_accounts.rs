//! External accounts: added, verified by two small deposits, changed, archived, listed.

use crate::app::clients::find as find_client;
use crate::app::{Command, Context, Failure, Query, View};
use crate::domain::access::{ObjectKind, Principal, Right};
use crate::domain::bank::{
    EXTERNAL_FIELDS_MAX, EXTERNAL_NUMBER_MAX, EXTERNAL_TEXT_MAX, ExternalAccount, ExternalKind, ExternalLabels,
    ExternalStatus, PaymentDetails, SANDBOX_ROUTING_NUMBER,
};
use crate::domain::clients::{Profile, ProfileStatus};
use crate::domain::events::{Event, EventType, ExternalSnapshot, Snapshot};
use crate::domain::ids::{ExternalAccountId, ExternalSerial, ProfileId};
use crate::domain::page::{Listing, Page};
use crate::domain::reference::ROUTING_DIGITS;
use crate::domain::refusal::{Field, Noun, Refusal};
use crate::domain::text;
pub use crate::store::ExternalFilter;
use crate::store::{Mode, NewExternalAccount};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Adds an account of a client at another bank. Unless the caller vouches for it, two small deposits verify it.
///
/// Refusals: the right to add verified ones is missing; unknown client; the client was denied, is deceased, archived or
/// blocked; too many; an invalid text or number; no holder, or a person and a company; reference taken.
pub struct AddExternalAccount {
    pub profile: ProfileId,
    pub kind: ExternalKind,
    /// Nine digits.
    pub routing_number: String,
    /// Letters and digits, at most 17.
    pub number: String,
    /// Of its holder; empty if that is a company.
    pub first_name: String,
    pub last_name: String,
    /// The company that holds it; empty if a person does.
    pub business_name: String,
    pub labels: ExternalLabels,
    /// Whether it counts as verified at once.
    pub is_verified: bool,
}

impl Command for AddExternalAccount {
    type Outcome = ExternalAccount;
    const ACTION: &'static str = "external_account.add";
    const RIGHT: Right = Right::WriteProfiles;

    fn admit(&self, principal: &Principal) -> Result<(), Refusal> {
        principal.require(Self::RIGHT)?;
        if self.is_verified { principal.require(Right::VerifyExternals) } else { Ok(()) }
    }

    fn run(self, context: &Context<'_>) -> Result<ExternalAccount, Failure> {
        let labels = checked_labels(self.labels)?;
        let name = |field, text: String| text::name(field, text, EXTERNAL_TEXT_MAX);
        let (first_name, last_name) =
            (name(Field::FirstName, self.first_name)?, name(Field::LastName, self.last_name)?);
        let business_name = name(Field::Company, self.business_name)?;
        let routing_number = routing_number(self.routing_number)?;
        let number = external_number(self.number)?;
        let is_person = !first_name.is_empty() && !last_name.is_empty();
        if business_name.is_empty() && !is_person {
            let field = if first_name.is_empty() { Field::FirstName } else { Field::LastName };
            return Err(Refusal::Required { field }.into());
        }
        let names_person = !first_name.is_empty() || !last_name.is_empty();
        if names_person && !business_name.is_empty() {
            return Err(Refusal::invalid(Field::Company, "the holder is a person or a company, not both").into());
        }
        let profile = find_client(context, self.profile)?;
        admit_client(&profile)?;
        admit_reference(context, &labels.reference, None)?;
        let max = context.app.settings().program.max_external_accounts;
        if context.tx.external_accounts_of(profile.serial)? >= u64::from(max) {
            return Err(Refusal::TooMany { noun: Noun::ExternalAccount, max }.into());
        }
        let status = if self.is_verified { ExternalStatus::Verified } else { ExternalStatus::Unverified };
        let amounts = (!self.is_verified).then(|| amounts(context, &routing_number));
        let new = NewExternalAccount {
            serial: context.tx.next_external_serial()?,
            id: ExternalAccountId::new(context.now, context.app.randomness()),
            profile: profile.serial,
            kind: self.kind,
            routing_number,
            number,
            first_name,
            last_name,
            business_name,
            labels,
            status,
            amounts,
        };
        context.tx.add_external_account(&new, context.now)?;
        publish(context, new.id, EventType::ExternalAccountAdded)
    }
}

fn routing_number(text: String) -> Result<String, Refusal> {
    if text.is_empty() {
        return Err(Refusal::Required { field: Field::RoutingNumber });
    }
    match text.len() == ROUTING_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(text),
        false => Err(Refusal::invalid(Field::RoutingNumber, "nine digits")),
    }
}

fn external_number(text: String) -> Result<String, Refusal> {
    if text.is_empty() {
        return Err(Refusal::Required { field: Field::Number });
    }
    match text.len() <= EXTERNAL_NUMBER_MAX && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        true => Ok(text),
        false => Err(Refusal::invalid(Field::Number, format!("at most {EXTERNAL_NUMBER_MAX} letters and digits"))),
    }
}

fn checked_labels(labels: ExternalLabels) -> Result<ExternalLabels, Refusal> {
    let mut custom_fields = BTreeMap::new();
    for (name, value) in labels.custom_fields.into_iter().filter(|(_, value)| !value.is_empty()) {
        let name = text::identifier(Field::CustomFields, name, EXTERNAL_TEXT_MAX)?;
        let value = text::note(Field::CustomField(name.clone()), value, EXTERNAL_TEXT_MAX)?;
        custom_fields.insert(name, value);
    }
    if custom_fields.len() > EXTERNAL_FIELDS_MAX {
        return Err(Refusal::out_of_range(Field::CustomFields, format!("at most {EXTERNAL_FIELDS_MAX}")));
    }
    Ok(ExternalLabels {
        nickname: text::name(Field::Nickname, labels.nickname, EXTERNAL_TEXT_MAX)?,
        reference: text::identifier(Field::Reference, labels.reference, EXTERNAL_TEXT_MAX)?,
        custom_fields,
    })
}

/// Refuses clients who get no new external accounts.
fn admit_client(profile: &Profile) -> Result<(), Refusal> {
    match profile.status {
        ProfileStatus::Verified | ProfileStatus::Pending => profile.admit_unblocked(),
        status => Err(Refusal::ProfileState(status)),
    }
}

/// Refuses a reference that another external account has.
fn admit_reference(context: &Context<'_>, reference: &str, own: Option<ExternalAccountId>) -> Result<(), Failure> {
    if reference.is_empty() {
        return Ok(());
    }
    match context.tx.external_account_of_reference(reference)? {
        Some(holder) if Some(holder.id) != own => {
            let is_visible = context.tx.profile(holder.profile, context.visibility())?.is_some();
            Err(context.taken(is_visible, Field::Reference, Refusal::DuplicateReference).into())
        }
        _ => Ok(()),
    }
}

/// Two different amounts of 1 to 99 hundredths. Those of the bank for tests are known to everybody, but it exists only
/// in sandboxes.
fn amounts(context: &Context<'_>, routing_number: &str) -> [u32; 2] {
    if context.app.installation().mode == Mode::Sandbox && routing_number == SANDBOX_ROUTING_NUMBER {
        return [18, 28];
    }
    loop {
        let mut random = [0u8; 16];
        context.app.randomness().fill(&mut random);
        // Seven bits each, those above the range left out, so that all amounts are equally likely.
        let mut drawn = random.iter().map(|byte| u32::from(byte & 0x7f)).filter(|amount| (1..=99).contains(amount));
        if let (Some(first), Some(second)) = (drawn.next(), drawn.next())
            && first != second
        {
            return [first, second];
        }
    }
}

/// The external account, if its caller can see it.
pub(in crate::app) fn find_external(context: &Context<'_>, id: ExternalAccountId) -> Result<ExternalAccount, Failure> {
    let unknown = Refusal::not_found(Noun::ExternalAccount);
    let found = context.tx.external_account(id, context.visibility())?.ok_or(unknown)?;
    let client = context.tx.profile(found.profile, context.visibility())?.ok_or(Refusal::Internal)?;
    context.involve(found.profile);
    context.concerns_of(ObjectKind::ExternalAccount, id.uuid(), Some(client.serial));
    Ok(found)
}

/// Publishes the present state of an external account, and returns it.
fn publish(context: &Context<'_>, id: ExternalAccountId, kind: EventType) -> Result<ExternalAccount, Failure> {
    let account = find_external(context, id)?;
    let client = context.tx.profile(account.profile, context.visibility())?.ok_or(Refusal::Internal)?;
    let snapshot = Snapshot::External(ExternalSnapshot { status: account.status, tries: account.tries });
    context.publish(&Event {
        kind,
        object: account.id.uuid(),
        subject: Some(account.serial.0),
        profile: Some((client.serial, client.id)),
        snapshot,
    })?;
    Ok(account)
}

/// What became of amounts that a client told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Verification {
    pub account: ExternalAccount,
    /// Whether the amounts were right. Wrong ones are stored too, so this is an outcome and no refusal.
    pub is_right: bool,
}

impl Verification {
    /// The account, or the refusal to answer with if the amounts were wrong.
    pub fn verified(self) -> Result<ExternalAccount, Refusal> {
        if self.is_right { Ok(self.account) } else { Err(Refusal::AmountsWrong { left: self.account.tries_left() }) }
    }
}

/// Compares two amounts with those of the deposits, in either order. Wrong ones count; three lock the account.
///
/// Refusals: unknown; it does not wait for them.
pub struct VerifyExternalAccount {
    pub id: ExternalAccountId,
    /// In hundredths of a unit.
    pub amounts: [u32; 2],
}

impl Command for VerifyExternalAccount {
    type Outcome = Verification;
    const ACTION: &'static str = "external_account.verify";
    const RIGHT: Right = Right::WriteProfiles;

    fn run(self, context: &Context<'_>) -> Result<Verification, Failure> {
        let mut account = find_external(context, self.id)?;
        let amounts = context.tx.payment_details(account.serial)?.amounts;
        // One that was added as verified has none, and is refused for its status.
        let is_right = account.verify(self.amounts, amounts.unwrap_or_default(), context.now)?;
        context.tx.save_external_account(&account)?;
        let kind = if is_right { EventType::ExternalAccountVerified } else { EventType::ExternalAccountChanged };
        Ok(Verification { account: publish(context, self.id, kind)?, is_right })
    }
}

/// Changes the labels of an external account; None leaves one as it is, an empty text removes it.
///
/// Refusals: unknown; archived; an invalid text; reference taken.
pub struct ChangeExternalAccount {
    pub id: ExternalAccountId,
    pub nickname: Option<String>,
    pub reference: Option<String>,
    /// Replaces those named; an empty text removes one.
    pub custom_fields: BTreeMap<String, String>,
}

impl Command for ChangeExternalAccount {
    type Outcome = ExternalAccount;
    const ACTION: &'static str = "external_account.change";
    const RIGHT: Right = Right::WriteProfiles;

    fn run(self, context: &Context<'_>) -> Result<ExternalAccount, Failure> {
        let mut account = find_external(context, self.id)?;
        let mut labels = account.labels.clone();
        labels.custom_fields.extend(self.custom_fields);
        let labels = checked_labels(ExternalLabels {
            nickname: self.nickname.unwrap_or(labels.nickname),
            reference: self.reference.unwrap_or(labels.reference),
            custom_fields: labels.custom_fields,
        })?;
        admit_reference(context, &labels.reference, Some(account.id))?;
        account.admit_change()?;
        if labels == account.labels {
            return Ok(account);
        }
        (account.labels, account.updated_at) = (labels, context.now);
        context.tx.save_external_account(&account)?;
        publish(context, self.id, EventType::ExternalAccountChanged)
    }
}

/// Archives an external account; final. Payments that are under way go on. Does nothing if it is archived already.
///
/// Refusals: unknown.
pub struct ArchiveExternalAccount {
    pub id: ExternalAccountId,
}

impl Command for ArchiveExternalAccount {
    type Outcome = ExternalAccount;
    const ACTION: &'static str = "external_account.archive";
    const RIGHT: Right = Right::WriteProfiles;

    fn run(self, context: &Context<'_>) -> Result<ExternalAccount, Failure> {
        let mut account = find_external(context, self.id)?;
        if account.status == ExternalStatus::Archived {
            return Ok(account);
        }
        account.enter(ExternalStatus::Archived, context.now);
        context.tx.save_external_account(&account)?;
        publish(context, self.id, EventType::ExternalAccountArchived)
    }
}

/// Refusals: unknown.
pub struct GetExternalAccount {
    pub id: ExternalAccountId,
}

impl Query for GetExternalAccount {
    type Answer = ExternalAccount;
    const RIGHT: Right = Right::ReadProfiles;

    fn run(self, view: &View<'_>) -> Result<ExternalAccount, Failure> {
        let found = view.tx.external_account(self.id, view.visibility)?;
        Ok(found.ok_or(Refusal::not_found(Noun::ExternalAccount))?)
    }
}

/// An external account of a client, by its serial or its reference. Refusals: unknown, or of another client.
pub struct FindExternalAccount {
    pub profile: ProfileId,
    pub by: ExternalKey,
}

pub enum ExternalKey {
    Serial(ExternalSerial),
    Reference(String),
}

impl Query for FindExternalAccount {
    type Answer = ExternalAccount;
    const RIGHT: Right = Right::ReadProfiles;

    fn run(self, view: &View<'_>) -> Result<ExternalAccount, Failure> {
        let found = match self.by {
            ExternalKey::Serial(serial) => view.tx.external_account_numbered(serial, view.visibility)?,
            ExternalKey::Reference(reference) => {
                let found = view.tx.external_account_of_reference(&text::nfc(reference))?;
                match found {
                    Some(found) if view.tx.profile(found.profile, view.visibility)?.is_some() => Some(found),
                    _ => None,
                }
            }
        };
        let own = found.filter(|found| found.profile == self.profile);
        Ok(own.ok_or(Refusal::not_found(Noun::ExternalAccount))?)
    }
}

/// One page of external accounts, oldest first.
pub struct ListExternalAccounts {
    pub filter: ExternalFilter,
    pub page: Page,
}

impl Query for ListExternalAccounts {
    type Answer = Listing<ExternalAccount>;
    const RIGHT: Right = Right::ReadProfiles;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<Listing<ExternalAccount>, Failure> {
        Ok(view.tx.external_accounts(&self.filter, view.visibility, self.page)?)
    }
}

/// What a payment from or to an external account takes: its numbers in full, and the amounts that verify it. For
/// whoever may move money. Refusals: unknown.
pub struct GetPaymentDetails {
    pub id: ExternalAccountId,
}

impl Query for GetPaymentDetails {
    type Answer = PaymentDetails;
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, view: &View<'_>) -> Result<PaymentDetails, Failure> {
        let found = view.tx.external_account(self.id, view.visibility)?;
        let found = found.ok_or(Refusal::not_found(Noun::ExternalAccount))?;
        let details = view.tx.payment_details(found.serial)?;
        let waits = found.status == ExternalStatus::Unverified;
        Ok(PaymentDetails { amounts: details.amounts.filter(|_| waits), ..details })
    }
}
