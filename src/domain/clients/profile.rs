//! Profiles: the broker's end clients.

use crate::domain::clients::Labels;
use crate::domain::clock::Moment;
use crate::domain::ids::{PrincipalSerial, ProfileId, ProfileSerial};
use crate::domain::named::named_enum;
use crate::domain::refusal::{Field, Refusal};
use crate::domain::text;
use std::collections::BTreeSet;

/// What a client tells about itself: free text but for the e-mail address. Unset fields are empty.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct ProfileDetails {
    /// E-mail address; unique without regard to case.
    pub email: String,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// The address from which the client signed up, as the caller noted it.
    pub ip_address: String,
    /// Preferred language.
    pub language: String,
    /// Street and number.
    pub address: String,
    /// Postal code.
    pub zip_code: String,
    pub city: String,
    /// State or province.
    pub state: String,
    pub country: String,
    /// Phone number.
    pub phone: String,
    pub company: String,
    /// Free-form text of the caller.
    pub meta_data: String,
    /// Date of birth, as the caller noted it.
    pub birth_date: String,
    /// Time zone.
    pub timezone: String,
}

impl ProfileDetails {
    /// Checks every field.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.email.is_empty() {
            return Err(Refusal::Required { field: Field::Email });
        }
        text::check_email(Field::Email, &self.email)?;
        for (field, value) in [
            (Field::FirstName, &self.first_name),
            (Field::LastName, &self.last_name),
            (Field::IpAddress, &self.ip_address),
            (Field::Language, &self.language),
            (Field::Address, &self.address),
            (Field::ZipCode, &self.zip_code),
            (Field::City, &self.city),
            (Field::State, &self.state),
            (Field::Country, &self.country),
            (Field::Phone, &self.phone),
            (Field::Company, &self.company),
            (Field::BirthDate, &self.birth_date),
            (Field::Timezone, &self.timezone),
        ] {
            text::check(field, value, text::FIELD_MAX)?;
        }
        text::check(Field::FreeText, &self.meta_data, text::META_DATA_MAX)
    }
}

named_enum! {
    /// Where a client stands with the broker.
    #[derive(Default)]
    pub enum ProfileStatus {
        /// In review: its accounts wait.
        Pending = "pending",
        /// Checked: it may have accounts.
        #[default]
        Verified = "verified",
        /// Turned down: no accounts.
        Denied = "denied",
        /// Dead: its accounts went to the next owners, or are locked.
        Deceased = "deceased",
        /// Gone, for good.
        Archived = "archived",
    }
}

impl ProfileStatus {
    /// The word for it in a message.
    pub fn word(self) -> &'static str {
        match self {
            ProfileStatus::Pending => "in review",
            other => other.name(),
        }
    }
}

/// A day, as `yyyy-mm-dd`. Refusals: not a day of the calendar; in the future, wherever on earth it was noted.
pub fn check_past_day(field: Field, day: &str, now: Moment) -> Result<(), Refusal> {
    const AHEAD_OF_UTC_S: i64 = 14 * 3600;
    let start = Some(format!("{day}T00:00:00Z")).filter(|_| day.len() == 10).and_then(|text| Moment::parse(&text));
    let start = start.ok_or_else(|| Refusal::invalid(field.clone(), "not a day such as 2026-03-02"))?;
    if start > now.plus_s(AHEAD_OF_UTC_S) { Err(Refusal::out_of_range(field, "not in the future")) } else { Ok(()) }
}

/// A client.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Profile {
    /// Its serial, in order of creation.
    pub serial: ProfileSerial,
    /// Its public id.
    pub id: ProfileId,
    /// What it tells about itself.
    pub details: ProfileDetails,
    /// Labels that limit which operators see it.
    pub tags: BTreeSet<String>,
    /// What callers note on it. Outcomes and events of older versions have none.
    #[serde(default)]
    pub labels: Labels,
    /// Where it stands with the broker.
    #[serde(default)]
    pub status: ProfileStatus,
    /// The day of its death, as `yyyy-mm-dd`.
    #[serde(default)]
    pub deceased_on: Option<String>,
    /// Who created it, where that is known.
    #[serde(default)]
    pub created_by: Option<PrincipalSerial>,
    /// Rises with every change, from 1.
    pub version: u64,
    /// When it was created.
    pub created_at: Moment,
    /// When it was last changed.
    pub updated_at: Moment,
}

impl Profile {
    /// Refuses what only a client who was checked may do: own accounts, begin sessions.
    pub fn admit_verified(&self) -> Result<(), Refusal> {
        if self.status == ProfileStatus::Verified { Ok(()) } else { Err(Refusal::ProfileState(self.status)) }
    }

    /// Refuses a change of a client who is archived.
    pub fn admit_change(&self) -> Result<(), Refusal> {
        if self.status == ProfileStatus::Archived { Err(Refusal::ProfileState(self.status)) } else { Ok(()) }
    }
}

/// The shortest password of an end user, in characters (Helio, "Accounts & Funding": change-password).
pub const PASSWORD_MIN: usize = 8;
/// The longest password, in characters; bounds the work of hashing.
pub const PASSWORD_MAX: usize = 200;

/// Checks the length of a new password.
pub fn check_password(field: Field, password: &str) -> Result<(), Refusal> {
    if (PASSWORD_MIN..=PASSWORD_MAX).contains(&password.chars().count()) {
        Ok(())
    } else {
        Err(Refusal::out_of_range(field, format!("{PASSWORD_MIN} to {PASSWORD_MAX} characters")))
    }
}

/// The most tags that a profile or an operator may have.
pub const TAGS_MAX: usize = 20;
/// The longest tag, in characters.
pub const TAG_MAX: usize = 50;

/// Checks a set of tags: few, short, not empty.
pub fn check_tags(field: Field, tags: &BTreeSet<String>) -> Result<(), Refusal> {
    if tags.len() > TAGS_MAX {
        return Err(Refusal::out_of_range(field, format!("at most {TAGS_MAX} tags")));
    }
    for tag in tags {
        text::check(field.clone(), tag, TAG_MAX)?;
        if tag.is_empty() || tag.trim() != tag {
            return Err(Refusal::invalid(field, "a tag is not empty and has no blanks at its ends"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_one_of_the_calendar_and_not_in_the_future() {
        let now = Moment::parse("2026-03-02T12:00:00Z").unwrap();
        for good in ["2026-03-02", "2024-02-29", "2026-03-03", "1900-01-01"] {
            check_past_day(Field::DiedOn, good, now).unwrap();
        }
        for bad in ["2026-02-29", "2026-3-2", "02.03.2026", "", "2026-03-04", "2026-03-02T", "20260302--"] {
            assert!(check_past_day(Field::DiedOn, bad, now).is_err(), "{bad}");
        }
    }
}
