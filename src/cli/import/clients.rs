//! `bursar import profiles` and `bursar import accounts`: the clients and accounts of an existing system.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::item::Fault;
use super::lines::Lines;
use super::own::{Cell, Shape};
use super::reader::Reader;
use super::report::Status;
use super::run::Import;
use super::{FileArgs, source};
use crate::app::clients::CreateProfile;
use crate::app::maintenance::{ClientKey, ImportAccount, ImportProfile, Imported, Opening};
use crate::app::{App, Caller};
use crate::cli::Session;
use crate::cli::control::ControlCommand;
use crate::cli::outcome::Failure;
use crate::dialects::kit::Literal;
use crate::domain::accounts::PositionMode;
use crate::domain::clients::{LabelsChange, PersonalChange, ProfileDetails};
use crate::domain::clock::Moment;
use crate::domain::money::DecimalText;
use crate::domain::reference::CurrencyCode;
use crate::domain::refusal::{Family, Field, Refusal};

/// Clients or accounts in one command of the control socket; each is a commit of its own.
const PART: usize = 100;

const PROFILES: Shape = Shape::new(
    &[
        ("id", Cell::Text),
        ("email", Cell::Text),
        ("firstName", Cell::Text),
        ("lastName", Cell::Text),
        ("ipAddress", Cell::Text),
        ("language", Cell::Text),
        ("address", Cell::Text),
        ("zipCode", Cell::Text),
        ("city", Cell::Text),
        ("state", Cell::Text),
        ("country", Cell::Text),
        ("phone", Cell::Text),
        ("company", Cell::Text),
        ("metaData", Cell::Text),
        ("birthDate", Cell::Text),
        ("timezone", Cell::Text),
        ("reference", Cell::Text),
        ("category", Cell::Text),
        ("tags", Cell::List),
        ("requiresReview", Cell::Flag),
    ],
    "email",
)
.with_texts("customFields", "custom.");

const ACCOUNTS: Shape = Shape::new(
    &[
        ("reference", Cell::Text),
        ("profileId", Cell::Text),
        ("profileReference", Cell::Text),
        ("email", Cell::Text),
        ("group", Cell::Text),
        ("currency", Cell::Text),
        ("name", Cell::Text),
        ("platform", Cell::Text),
        ("number", Cell::Text),
        ("maxLeverage", Cell::Number),
        ("positionMode", Cell::Text),
        ("balance", Cell::Number),
        ("credit", Cell::Number),
        ("asOf", Cell::Text),
    ],
    "group",
);

pub(super) fn run_profiles(args: &FileArgs, session: &mut Session<'_>) -> Result<(), Failure> {
    run(args, PROFILES, |profiles| ControlCommand::ImportProfiles { profiles }, session)
}

pub(super) fn run_accounts(args: &FileArgs, session: &mut Session<'_>) -> Result<(), Failure> {
    run(args, ACCOUNTS, |accounts| ControlCommand::ImportAccounts { accounts }, session)
}

fn run(
    args: &FileArgs,
    shape: Shape,
    command: fn(Vec<String>) -> ControlCommand,
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    let opened = source::open(&args.file)?;
    let reader = Reader::of(Lines::new(opened.text), shape)?;
    Import { reader, meter: opened.meter, size: opened.size, command, part: PART }.run(args, session)
}

/// A client as the file has it; members as in `POST /profiles`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ProfileRecord {
    id: Option<String>,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    ip_address: Option<String>,
    language: Option<String>,
    address: Option<String>,
    zip_code: Option<Literal>,
    city: Option<String>,
    state: Option<String>,
    country: Option<String>,
    phone: Option<Literal>,
    company: Option<String>,
    meta_data: Option<String>,
    birth_date: Option<String>,
    timezone: Option<String>,
    reference: Option<Literal>,
    category: Option<String>,
    tags: Option<Vec<String>>,
    requires_review: Option<bool>,
    custom_fields: Option<BTreeMap<String, Option<Literal>>>,
}

impl ProfileRecord {
    fn command(self) -> Result<ImportProfile, Fault> {
        let text = Option::unwrap_or_default;
        let literal = |value: Option<Literal>| value.map(|value| value.0).unwrap_or_default();
        let details = ProfileDetails {
            email: text(self.email).trim().to_owned(),
            first_name: text(self.first_name),
            last_name: text(self.last_name),
            ip_address: text(self.ip_address),
            language: text(self.language),
            address: text(self.address),
            zip_code: literal(self.zip_code),
            city: text(self.city),
            state: text(self.state),
            country: text(self.country),
            phone: literal(self.phone),
            company: text(self.company),
            meta_data: text(self.meta_data),
            birth_date: text(self.birth_date),
            timezone: text(self.timezone),
            ..ProfileDetails::default()
        };
        let reference = self.reference.map(|value| value.0);
        let custom_fields =
            self.custom_fields.map(|fields| fields.into_iter().map(|(name, value)| (name, literal(value))).collect());
        Ok(ImportProfile(CreateProfile {
            id: self.id.filter(|id| !id.is_empty()).map(|id| uuid(&id, "id")).transpose()?.map(Into::into),
            details,
            email_optional: false,
            personal: PersonalChange::default(),
            tags: self.tags.map(|tags| tags.into_iter().collect()),
            labels: LabelsChange { reference, category: self.category, custom_fields, ..LabelsChange::default() },
            password: None,
            requires_review: self.requires_review.unwrap_or(false),
            is_blocked: false,
        }))
    }
}

/// An account as the file has it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct AccountRecord {
    reference: Option<Literal>,
    profile_id: Option<String>,
    profile_reference: Option<Literal>,
    email: Option<String>,
    group: Option<String>,
    currency: Option<String>,
    name: Option<String>,
    platform: Option<String>,
    number: Option<Literal>,
    max_leverage: Option<Literal>,
    position_mode: Option<String>,
    balance: Option<Literal>,
    credit: Option<Literal>,
    as_of: Option<String>,
}

impl AccountRecord {
    fn command(self) -> Result<ImportAccount, Fault> {
        let literal = |value: Option<Literal>| value.map(|value| value.0).filter(|text| !text.is_empty());
        let client = match (self.profile_id, literal(self.profile_reference), self.email) {
            (Some(id), ..) => ClientKey::Id(uuid(&id, "profileId")?.into()),
            (None, Some(reference), _) => ClientKey::Reference(reference),
            (None, None, Some(email)) => ClientKey::Email(email),
            (None, None, None) => return Err(Fault::invalid("profileReference, profileId or email: required")),
        };
        let number = literal(self.number);
        let platform = match (self.platform.filter(|code| !code.is_empty()), number) {
            (Some(platform), Some(number)) => Some((platform, number)),
            (None, None) => None,
            _ => return Err(Fault::invalid("platform and number: both or none")),
        };
        let max_leverage = literal(self.max_leverage);
        let max_leverage = max_leverage.map(|text| {
            // Platforms write 1:100.
            let number = text.strip_prefix("1:").unwrap_or(&text);
            number.parse().map_err(|_| Fault::invalid(format!("maxLeverage: {text} is not a whole number")))
        });
        let position_mode = self.position_mode.filter(|mode| !mode.is_empty()).map(|mode| {
            let wrong = || Fault::invalid(format!("positionMode: {mode} is not netting or hedging"));
            PositionMode::parse(&mode.to_lowercase()).ok_or_else(wrong)
        });
        let (balance, credit) = (literal(self.balance), literal(self.credit));
        let opening = match (balance.is_some() || credit.is_some(), self.as_of.filter(|at| !at.is_empty())) {
            (true, Some(at)) => Some(Opening {
                balance: amount(balance, "balance")?,
                credit: amount(credit, "credit")?,
                as_of: moment(&at)?,
            }),
            (true, None) => return Err(Fault::invalid("asOf: required with a balance or credit")),
            (false, _) => None,
        };
        let required = |value: Option<String>, name: &str| {
            value.filter(|text| !text.is_empty()).ok_or_else(|| Fault::invalid(format!("{name}: required")))
        };
        let currency = required(self.currency, "currency")?;
        Ok(ImportAccount {
            reference: literal(self.reference).unwrap_or_default(),
            client,
            group: required(self.group, "group")?,
            currency: CurrencyCode::parse(Field::Currency, &currency).map_err(|refusal| fault_of(&refusal))?,
            position_mode: position_mode.transpose()?,
            max_leverage: max_leverage.transpose()?,
            name: self.name,
            platform,
            opening,
        })
    }
}

fn uuid(text: &str, name: &str) -> Result<uuid::Uuid, Fault> {
    text.parse().map_err(|_| Fault::invalid(format!("{name}: {text} is not a UUID")))
}

fn amount(text: Option<String>, name: &str) -> Result<DecimalText, Fault> {
    let text = text.unwrap_or_else(|| "0".into());
    DecimalText::parse(&text).map_err(|error| Fault::invalid(format!("{name}: {error}")))
}

/// A moment, or the end of a day in UTC.
fn moment(text: &str) -> Result<Moment, Fault> {
    let found = match text.len() {
        10 => Moment::parse(&format!("{text}T23:59:59.999Z")),
        _ => Moment::parse(text),
    };
    found.ok_or_else(|| Fault::invalid(format!("asOf: {text} is not a date or a time such as 2026-02-28T22:00:00Z")))
}

fn fault_of(refusal: &Refusal) -> Fault {
    let message = match refusal.field() {
        Some(field) if !refusal.stands_alone() => format!("{field}: {refusal}"),
        _ => refusal.to_string(),
    };
    Fault::new(refusal.reason().to_lowercase(), message)
}

/// Whether a refusal says nothing about the record, so that the next one would meet it too.
fn is_of_system(refusal: &Refusal) -> bool {
    matches!(refusal.row().family, Family::Unavailable | Family::Credentials | Family::Transport)
}

/// Creates clients; the answer says what became of each.
///
/// # Errors
/// What prevents all of them, such as a full disk.
pub(in crate::cli) fn import_profiles(app: &Arc<App>, caller: &Caller, records: &[String]) -> Result<Value, Failure> {
    take(records, PROFILES, |text| {
        let record: ProfileRecord = serde_json::from_str(text).map_err(|error| Fault::invalid(error.to_string()))?;
        let command = record.command()?;
        Ok(app.execute_blocking(caller, command).map(|done| done.outcome))
    })
}

/// Opens accounts; the answer says what became of each.
///
/// # Errors
/// What prevents all of them, such as a full disk.
pub(in crate::cli) fn import_accounts(app: &Arc<App>, caller: &Caller, records: &[String]) -> Result<Value, Failure> {
    take(records, ACCOUNTS, |text| {
        let record: AccountRecord = serde_json::from_str(text).map_err(|error| Fault::invalid(error.to_string()))?;
        let command = record.command()?;
        Ok(app.execute_blocking(caller, command).map(|done| done.outcome))
    })
}

fn take(
    records: &[String],
    shape: Shape,
    import: impl Fn(&str) -> Result<Result<Imported, Refusal>, Fault>,
) -> Result<Value, Failure> {
    let mut results = Vec::with_capacity(records.len());
    let mut unknown = BTreeSet::new();
    for text in records {
        unknown.extend(shape.unknown_members(text));
        let (status, fault) = match import(text) {
            Ok(Ok(Imported::New)) => (Status::Accepted, None),
            Ok(Ok(Imported::Present)) => (Status::Duplicate, Some(Fault::new("present", "is here already"))),
            Ok(Err(refusal)) if is_of_system(&refusal) => return Err(refusal.into()),
            Ok(Err(refusal)) => (Status::Refused, Some(fault_of(&refusal))),
            Err(fault) => (Status::Refused, Some(fault)),
        };
        results.push(status.result(fault.as_ref()));
    }
    Ok(json!({"results": results, "unknown_members": unknown}))
}
