//! Profiles: the broker's end clients.

use crate::domain::clients::{Labels, check_email};
use crate::domain::clock::Moment;
use crate::domain::ids::{PrincipalSerial, ProfileId, ProfileSerial};
use crate::domain::named::named_enum;
use crate::domain::refusal::{Field, Refusal};
use crate::domain::text;
use std::collections::BTreeSet;

/// Personal details of a client, free text except for the e-mail address. Unset fields are empty.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct ProfileDetails {
    /// Unique; case is ignored.
    pub email: String,
    pub first_name: String,
    pub last_name: String,
    /// The address from which the client signed up, as reported by the caller.
    pub ip_address: String,
    pub language: String,
    /// Street and house number.
    pub address: String,
    pub zip_code: String,
    pub city: String,
    pub state: String,
    pub country: String,
    pub phone: String,
    pub company: String,
    /// The registered name of the company.
    #[serde(default)]
    pub company_full_name: String,
    /// How the client wants to be called.
    #[serde(default)]
    pub nickname: String,
    #[serde(default)]
    pub kind: ProfileKind,
    /// Free-form text for the caller's own use.
    pub meta_data: String,
    /// As reported by the caller; not checked.
    pub birth_date: String,
    pub timezone: String,
}

impl ProfileDetails {
    /// What is left of a client whose data was erased: a unique address that cannot exist (RFC 6761, `invalid`).
    pub fn erased(client: ProfileId) -> ProfileDetails {
        ProfileDetails { email: format!("erased-{client}@invalid"), ..ProfileDetails::default() }
    }

    /// Checks and normalises the details.
    pub fn checked(self) -> Result<ProfileDetails, Refusal> {
        if self.email.is_empty() { Err(Refusal::Required { field: Field::Email }) } else { self.checked_as_sent() }
    }

    /// The same for a client who may have no address.
    pub fn checked_as_sent(self) -> Result<ProfileDetails, Refusal> {
        let name = |field, value| text::name(field, value, text::FIELD_MAX);
        Ok(ProfileDetails {
            email: if self.email.is_empty() { self.email } else { check_email(Field::Email, self.email)? },
            first_name: name(Field::FirstName, self.first_name)?,
            last_name: name(Field::LastName, self.last_name)?,
            ip_address: name(Field::IpAddress, self.ip_address)?,
            language: name(Field::Language, self.language)?,
            address: text::note(Field::Address, self.address, text::FIELD_MAX)?,
            zip_code: name(Field::ZipCode, self.zip_code)?,
            city: name(Field::City, self.city)?,
            state: name(Field::State, self.state)?,
            country: name(Field::Country, self.country)?,
            phone: name(Field::Phone, self.phone)?,
            company: name(Field::Company, self.company)?,
            company_full_name: name(Field::CompanyFullName, self.company_full_name)?,
            nickname: name(Field::Nickname, self.nickname)?,
            kind: self.kind,
            birth_date: name(Field::BirthDate, self.birth_date)?,
            timezone: name(Field::Timezone, self.timezone)?,
            meta_data: text::note(Field::FreeText, self.meta_data, text::META_DATA_MAX)?,
        })
    }
}

/// A change of some details; None keeps the present one.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DetailsChange {
    pub email: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub nickname: Option<String>,
    pub language: Option<String>,
    pub address: Option<String>,
    pub zip_code: Option<String>,
    pub city: Option<String>,
    pub state: Option<String>,
    pub country: Option<String>,
    pub phone: Option<String>,
    pub company: Option<String>,
    pub company_full_name: Option<String>,
    pub birth_date: Option<String>,
    pub kind: Option<ProfileKind>,
}

impl DetailsChange {
    pub fn apply(self, present: &ProfileDetails) -> ProfileDetails {
        let text = |new: Option<String>, present: &String| new.unwrap_or_else(|| present.clone());
        ProfileDetails {
            email: text(self.email, &present.email),
            first_name: text(self.first_name, &present.first_name),
            last_name: text(self.last_name, &present.last_name),
            nickname: text(self.nickname, &present.nickname),
            language: text(self.language, &present.language),
            address: text(self.address, &present.address),
            zip_code: text(self.zip_code, &present.zip_code),
            city: text(self.city, &present.city),
            state: text(self.state, &present.state),
            country: text(self.country, &present.country),
            phone: text(self.phone, &present.phone),
            company: text(self.company, &present.company),
            company_full_name: text(self.company_full_name, &present.company_full_name),
            birth_date: text(self.birth_date, &present.birth_date),
            kind: self.kind.unwrap_or(present.kind),
            ..present.clone()
        }
    }
}

named_enum! {
    /// What a client is.
    #[derive(Default)]
    pub enum ProfileKind {
        #[default]
        Individual = "individual",
        Corporate = "corporate",
    }
}

named_enum! {
    /// The client's standing with the broker.
    #[derive(Default)]
    pub enum ProfileStatus {
        /// In review; its accounts wait for the outcome.
        Pending = "pending",
        /// Identity checked; may own accounts.
        #[default]
        Verified = "verified",
        /// Turned down; may not own accounts.
        Denied = "denied",
        /// Its accounts passed to the next owners or are locked.
        Deceased = "deceased",
        /// Archived by an operator, which cannot be undone.
        Archived = "archived",
    }
}

impl ProfileStatus {
    /// The status as it appears in messages.
    pub fn word(self) -> &'static str {
        match self {
            ProfileStatus::Pending => "in review",
            other => other.name(),
        }
    }
}

/// Checks a day such as `2026-03-02`; returns its start in UTC. Refusals: not a calendar date.
pub fn check_day(field: Field, day: &str) -> Result<Moment, Refusal> {
    let start = Some(format!("{day}T00:00:00Z")).filter(|_| day.len() == 10).and_then(|text| Moment::parse(&text));
    start.ok_or_else(|| Refusal::invalid(field, "not a date such as 2026-03-02"))
}

/// Checks a day such as `2026-03-02`. Refusals: not a calendar date; in the future in every time zone.
pub fn check_past_day(field: Field, day: &str, now: Moment) -> Result<(), Refusal> {
    const AHEAD_OF_UTC_S: i64 = 14 * 3600;
    let start = check_day(field.clone(), day)?;
    if start > now.plus_s(AHEAD_OF_UTC_S) { Err(Refusal::out_of_range(field, "not in the future")) } else { Ok(()) }
}

#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Profile {
    /// In order of creation, from 1.
    pub serial: ProfileSerial,
    pub id: ProfileId,
    pub details: ProfileDetails,
    /// Limit which operators see the client.
    pub tags: BTreeSet<String>,
    /// Absent in outcomes and events stored by older versions.
    #[serde(default)]
    pub labels: Labels,
    #[serde(default)]
    pub status: ProfileStatus,
    /// Whether an operator keeps it from sessions and from new accounts.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_blocked: bool,
    /// When it began to leave: it gets no new accounts, and is archived with the last of those that it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offboarding_since: Option<Moment>,
    /// A date as `yyyy-mm-dd`.
    #[serde(default)]
    pub deceased_on: Option<String>,
    /// The principal that created it, if known.
    #[serde(default)]
    pub created_by: Option<PrincipalSerial>,
    /// The principal that verified it in a review; None if it was never reviewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_by: Option<PrincipalSerial>,
    /// Incremented by every change; from 1.
    pub version: u64,
    pub created_at: Moment,
    pub updated_at: Moment,
}

fn is_false(is_blocked: &bool) -> bool {
    !is_blocked
}

impl Profile {
    /// Refuses unless the client is verified and not blocked: only such clients may own accounts and start sessions.
    pub fn admit_verified(&self) -> Result<(), Refusal> {
        match self.status {
            ProfileStatus::Verified => self.admit_unblocked(),
            status => Err(Refusal::ProfileState(status)),
        }
    }

    pub fn admit_unblocked(&self) -> Result<(), Refusal> {
        if self.is_blocked { Err(Refusal::ProfileBlocked) } else { Ok(()) }
    }

    /// Refuses new accounts and portfolios of a client that leaves.
    pub fn admit_staying(&self) -> Result<(), Refusal> {
        if self.offboarding_since.is_some() { Err(Refusal::ProfileOffboarding) } else { Ok(()) }
    }

    /// Refuses changes once the client is archived.
    pub fn admit_change(&self) -> Result<(), Refusal> {
        if self.status == ProfileStatus::Archived { Err(Refusal::ProfileState(self.status)) } else { Ok(()) }
    }
}

/// Per profile or operator.
pub const TAGS_MAX: usize = 20;
/// The longest tag, in characters.
pub const TAG_MAX: usize = 50;

/// Checks and normalises tags: how many there are, and the text of each.
pub fn check_tags(field: Field, tags: BTreeSet<String>) -> Result<BTreeSet<String>, Refusal> {
    if tags.len() > TAGS_MAX {
        return Err(Refusal::out_of_range(field, format!("at most {TAGS_MAX} tags")));
    }
    let checked = |tag: String| match tag.is_empty() {
        true => Err(Refusal::invalid(field.clone(), "a tag is not empty")),
        false => text::identifier(field.clone(), tag, TAG_MAX),
    };
    tags.into_iter().map(checked).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_past_day_is_a_calendar_date_and_not_in_the_future() {
        let now = Moment::parse("2026-03-02T12:00:00Z").unwrap();
        for good in ["2026-03-02", "2024-02-29", "2026-03-03", "1900-01-01"] {
            check_past_day(Field::DiedOn, good, now).unwrap();
        }
        for bad in ["2026-02-29", "2026-3-2", "02.03.2026", "", "2026-03-04", "2026-03-02T", "20260302--"] {
            assert!(check_past_day(Field::DiedOn, bad, now).is_err(), "{bad}");
        }
    }
}
