//! Profiles: the broker's end clients.

use super::clock::Moment;
use super::ids::{ProfileId, ProfileSerial};
use super::labels::Labels;
use super::refusal::Refusal;
use super::text;
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
    /// City.
    pub city: String,
    /// State or province.
    pub state: String,
    /// Country.
    pub country: String,
    /// Phone number.
    pub phone: String,
    /// Company.
    pub company: String,
    /// Free-form text of the caller.
    pub meta_data: String,
    /// Date of birth, as the caller noted it.
    pub birth_date: String,
    /// Time zone.
    pub timezone: String,
}

impl ProfileDetails {
    /// Checks every field; the names in refusals are those of the Helio contract, which the core shares.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.email.is_empty() {
            return Err(Refusal::missing("email"));
        }
        text::check_email("email", &self.email)?;
        for (field, value) in [
            ("firstName", &self.first_name),
            ("lastName", &self.last_name),
            ("ipAddress", &self.ip_address),
            ("language", &self.language),
            ("address", &self.address),
            ("zipCode", &self.zip_code),
            ("city", &self.city),
            ("state", &self.state),
            ("country", &self.country),
            ("phone", &self.phone),
            ("company", &self.company),
            ("birthDate", &self.birth_date),
            ("timezone", &self.timezone),
        ] {
            text::check(field, value, text::FIELD_MAX)?;
        }
        text::check("metaData", &self.meta_data, text::META_DATA_MAX)
    }
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
    /// Rises with every change, from 1.
    pub version: u64,
    /// When it was created.
    pub created_at: Moment,
    /// When it was last changed.
    pub updated_at: Moment,
}

/// The shortest password of an end user, in characters (Helio, "Accounts & Funding": change-password).
pub const PASSWORD_MIN: usize = 8;
/// The longest password, in characters; bounds the work of hashing.
pub const PASSWORD_MAX: usize = 200;

/// Checks the length of a new password.
pub fn check_password(field: &str, password: &str) -> Result<(), Refusal> {
    if (PASSWORD_MIN..=PASSWORD_MAX).contains(&password.chars().count()) {
        Ok(())
    } else {
        Err(Refusal::out_of_range(field, format!("{PASSWORD_MIN} to {PASSWORD_MAX} characters")))
    }
}

/// The most tags that a profile or an operator may have.
pub const TAGS_MAX: usize = 20;

/// Checks a set of tags: few, short, not empty.
pub fn check_tags(field: &str, tags: &BTreeSet<String>) -> Result<(), Refusal> {
    if tags.len() > TAGS_MAX {
        return Err(Refusal::out_of_range(field, format!("at most {TAGS_MAX} tags")));
    }
    for tag in tags {
        text::check(field, tag, 50)?;
        if tag.is_empty() || tag.trim() != tag {
            return Err(Refusal::invalid(field, "a tag is not empty and has no blanks at its ends"));
        }
    }
    Ok(())
}
