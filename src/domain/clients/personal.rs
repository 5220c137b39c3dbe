//! What is known of a client beyond its profile: names, phones, addresses, birth, taxes, consents.

use crate::domain::clients::check_email;
use crate::domain::clock::Moment;
use crate::domain::refusal::{Field, Refusal};
use crate::domain::text;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;

/// The most phones, addresses, nationalities or consents of one client.
pub const PERSONAL_ITEMS_MAX: usize = 10;

/// The number of a tax payer. Masked wherever it is shown or written, except in its own column.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub struct TaxId(String);

impl TaxId {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn masked(&self) -> String {
        text::masked(&self.0)
    }

    /// For storing and comparing only.
    pub fn in_full(&self) -> &str {
        &self.0
    }
}

impl From<String> for TaxId {
    fn from(number: String) -> Self {
        TaxId(number)
    }
}

impl fmt::Debug for TaxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl Serialize for TaxId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.masked())
    }
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PersonalPhone {
    /// The caller's word for it, such as `mobile`; may be empty.
    pub kind: String,
    pub number: String,
    pub is_active: bool,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PersonalAddress {
    /// The caller's word for it, such as `residence`; may be empty.
    pub kind: String,
    pub lines: [String; 4],
    pub city: String,
    pub state: String,
    pub postal_code: String,
    pub country: String,
    pub is_active: bool,
}

impl PersonalAddress {
    fn checked(self) -> Result<PersonalAddress, Refusal> {
        let [one, two, three, four] = self.lines;
        Ok(PersonalAddress {
            kind: name(Field::Addresses, self.kind)?,
            lines: [line(one)?, line(two)?, line(three)?, line(four)?],
            city: name(Field::City, self.city)?,
            state: name(Field::State, self.state)?,
            postal_code: name(Field::ZipCode, self.postal_code)?,
            country: name(Field::Country, self.country)?,
            is_active: self.is_active,
        })
    }
}

/// What a client has agreed to, and when.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Consent {
    /// The id of the text, in the caller's words; may be empty.
    pub document: String,
    pub confirmed_at: Moment,
}

/// Whether a client is liable to taxes in the USA (Foreign Account Tax Compliance Act), and when it said so.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Fatca {
    pub is_liable: bool,
    pub confirmed_at: Moment,
}

/// Unset texts are empty.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PersonalDetails {
    #[serde(skip_serializing_if = "TaxId::is_empty")]
    pub tax_id: TaxId,
    /// Where the client is written to, if another client has the same address as its own.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub contact_email: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub salutation: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub middle_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub suffix: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub gender: String,
    /// Language and country, such as `en-US`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub culture: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub birth_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub birth_city: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub birth_country: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nationalities: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<PersonalPhone>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<PersonalAddress>,
    /// Where letters go, if not to one of the addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_address: Option<PersonalAddress>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fatca: Option<Fatca>,
    /// By what was agreed to, in the caller's words.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub consents: BTreeMap<String, Consent>,
    /// Whether taxes are withheld from interest.
    pub is_subject_to_backup_withholding: bool,
    pub is_opted_in_to_bank_communication: bool,
    pub is_documents_accepted: bool,
}

/// A change of personal details: None keeps what is known, an empty value removes it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PersonalChange {
    pub tax_id: Option<TaxId>,
    pub contact_email: Option<String>,
    pub salutation: Option<String>,
    pub title: Option<String>,
    pub middle_name: Option<String>,
    pub suffix: Option<String>,
    pub gender: Option<String>,
    pub culture: Option<String>,
    pub birth_name: Option<String>,
    pub birth_city: Option<String>,
    pub birth_country: Option<String>,
    /// Replaces all; so do the next two.
    pub nationalities: Option<Vec<String>>,
    pub phones: Option<Vec<PersonalPhone>>,
    pub addresses: Option<Vec<PersonalAddress>>,
    /// The inner None removes it.
    pub postal_address: Option<Option<PersonalAddress>>,
    /// The inner None removes it.
    pub fatca: Option<Option<Fatca>>,
    /// Replaces all.
    pub consents: Option<BTreeMap<String, Consent>>,
    pub is_subject_to_backup_withholding: Option<bool>,
    pub is_opted_in_to_bank_communication: Option<bool>,
    pub is_documents_accepted: Option<bool>,
}

fn name(field: Field, value: String) -> Result<String, Refusal> {
    text::name(field, value, text::FIELD_MAX)
}

fn line(value: String) -> Result<String, Refusal> {
    name(Field::Addresses, value)
}

fn admit_count(field: Field, count: usize) -> Result<(), Refusal> {
    if count > PERSONAL_ITEMS_MAX {
        return Err(Refusal::out_of_range(field, format!("at most {PERSONAL_ITEMS_MAX}")));
    }
    Ok(())
}

impl PersonalChange {
    /// Makes the change, with its texts checked and normalised.
    pub fn apply(self, present: &PersonalDetails) -> Result<PersonalDetails, Refusal> {
        let text = |field: Field, new: Option<String>, present: &String| match new {
            Some(new) => name(field, new),
            None => Ok(present.clone()),
        };
        let tax_id = match self.tax_id {
            Some(TaxId(number)) => TaxId(text::identifier(Field::TaxId, number, text::FIELD_MAX)?),
            None => present.tax_id.clone(),
        };
        Ok(PersonalDetails {
            tax_id,
            contact_email: match self.contact_email {
                Some(email) if !email.is_empty() => check_email(Field::Email, email)?,
                Some(none) => none,
                None => present.contact_email.clone(),
            },
            salutation: text(Field::Salutation, self.salutation, &present.salutation)?,
            title: text(Field::Title, self.title, &present.title)?,
            middle_name: text(Field::MiddleName, self.middle_name, &present.middle_name)?,
            suffix: text(Field::Suffix, self.suffix, &present.suffix)?,
            gender: text(Field::Gender, self.gender, &present.gender)?,
            culture: text(Field::Culture, self.culture, &present.culture)?,
            birth_name: text(Field::BirthName, self.birth_name, &present.birth_name)?,
            birth_city: text(Field::BirthCity, self.birth_city, &present.birth_city)?,
            birth_country: text(Field::BirthCountry, self.birth_country, &present.birth_country)?,
            nationalities: list(Field::Nationalities, self.nationalities, &present.nationalities, |country| {
                name(Field::Nationalities, country)
            })?,
            phones: list(Field::Phones, self.phones, &present.phones, |phone| {
                let (kind, number) = (name(Field::Phones, phone.kind)?, name(Field::Phone, phone.number)?);
                Ok(PersonalPhone { kind, number, is_active: phone.is_active })
            })?,
            addresses: list(Field::Addresses, self.addresses, &present.addresses, PersonalAddress::checked)?,
            postal_address: match self.postal_address {
                Some(new) => new.map(PersonalAddress::checked).transpose()?,
                None => present.postal_address.clone(),
            },
            fatca: self.fatca.unwrap_or(present.fatca),
            consents: match self.consents {
                Some(new) => consents(new)?,
                None => present.consents.clone(),
            },
            is_subject_to_backup_withholding: self
                .is_subject_to_backup_withholding
                .unwrap_or(present.is_subject_to_backup_withholding),
            is_opted_in_to_bank_communication: self
                .is_opted_in_to_bank_communication
                .unwrap_or(present.is_opted_in_to_bank_communication),
            is_documents_accepted: self.is_documents_accepted.unwrap_or(present.is_documents_accepted),
        })
    }
}

fn list<T: Clone>(
    field: Field,
    new: Option<Vec<T>>,
    present: &[T],
    check: impl Fn(T) -> Result<T, Refusal>,
) -> Result<Vec<T>, Refusal> {
    let Some(new) = new else { return Ok(present.to_vec()) };
    admit_count(field, new.len())?;
    new.into_iter().map(check).collect()
}

fn consents(new: BTreeMap<String, Consent>) -> Result<BTreeMap<String, Consent>, Refusal> {
    admit_count(Field::Consents, new.len())?;
    let checked = |(kind, consent): (String, Consent)| {
        let document = name(Field::Consents, consent.document)?;
        Ok((name(Field::Consents, kind)?, Consent { document, ..consent }))
    };
    new.into_iter().map(checked).collect()
}

impl PersonalDetails {
    /// Whether both say the same of who the client is.
    pub fn is_same_person(&self, other: &PersonalDetails) -> bool {
        let identity = |of: &PersonalDetails| {
            let names = [&of.middle_name, &of.suffix, &of.birth_name, &of.birth_city, &of.birth_country];
            (of.tax_id.clone(), names.map(String::clone), of.nationalities.clone())
        };
        identity(self) == identity(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tax_number_is_written_masked() {
        let details = PersonalDetails { tax_id: TaxId("012-34-1234".into()), ..PersonalDetails::default() };
        for written in [format!("{details:?}"), serde_json::to_string(&details).unwrap()] {
            assert!(written.contains("*****1234") && !written.contains("34-"), "{written}");
        }
        let read: PersonalDetails = serde_json::from_str(r#"{"tax_id":"*****1234"}"#).unwrap();
        assert_eq!(read.tax_id.masked(), "*****1234");
    }

    #[test]
    fn a_change_keeps_what_it_does_not_name() {
        let phone = PersonalPhone { kind: "mobile".into(), number: "515-555-1234".into(), is_active: true };
        let present = PersonalDetails {
            gender: "F".into(),
            suffix: "Jr".into(),
            phones: vec![phone],
            is_documents_accepted: true,
            ..PersonalDetails::default()
        };
        assert_eq!(PersonalChange::default().apply(&present), Ok(present.clone()));
        let change = PersonalChange { suffix: Some(String::new()), phones: Some(vec![]), ..PersonalChange::default() };
        let changed = change.apply(&present).unwrap();
        assert_eq!((changed.suffix.as_str(), changed.phones.len(), changed.gender.as_str()), ("", 0, "F"));
        assert!(!changed.is_same_person(&present));
        let many = vec![PersonalPhone::default(); PERSONAL_ITEMS_MAX + 1];
        let refused = PersonalChange { phones: Some(many), ..PersonalChange::default() }.apply(&present);
        assert!(matches!(refused, Err(Refusal::OutOfRange { field: Field::Phones, .. })));
        let refused = PersonalChange { title: Some("\u{0}".into()), ..PersonalChange::default() }.apply(&present);
        assert!(matches!(refused, Err(Refusal::InvalidField { field: Field::Title, .. })));
    }
}
