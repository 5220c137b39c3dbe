//! Clients: their details, state, tags and labels.

use crate::domain::access::Visibility;
use crate::domain::clients::{EmailKey, Profile, ProfileDetails, ProfileKind, ProfileStatus};
use crate::domain::clock::Moment;
use crate::domain::ids::{PrincipalSerial, ProfileId, ProfileSerial};
use crate::domain::page::{Listing, Page, Window};
use crate::domain::search::SearchText;
use crate::domain::text::nfc;
use crate::store::StoreError;
use crate::store::clients::{LabelFilter, labels};
use crate::store::database::conditions::Conditions;
use crate::store::database::lists::{json_list, text_list, visible_tags};
use crate::store::database::transaction::{ReadTx, WriteTx, named, named_if_any, sql, unless_default};
use rusqlite::{Row, ToSql};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Selects profiles in a list; all conditions must hold.
#[derive(Clone, Debug, Default)]
pub struct ProfileFilter {
    pub email: Option<EmailKey>,
    pub search: Option<SearchText>,
    pub labels: LabelFilter,
    pub status: Option<ProfileStatus>,
    /// Any of these; empty for all.
    pub serials: Vec<ProfileSerial>,
    /// Any of these; empty for all.
    pub emails: Vec<EmailKey>,
    /// The whole first name; ignores the case of ASCII letters, as does the last name.
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    /// As it is stored.
    pub birth_date: Option<String>,
    /// As it was sent.
    pub tax_id: Option<String>,
    /// A part of the first and the last name together; ignores the case of ASCII letters, as do the next four.
    pub name_part: Option<String>,
    /// Any of these; empty for all.
    pub nicknames: Vec<String>,
    /// Any of these; empty for all.
    pub cities: Vec<String>,
    /// Any of these; empty for all.
    pub companies: Vec<String>,
    /// Any of these; empty for all.
    pub companies_full: Vec<String>,
    /// Any of these, as they are stored; empty for all.
    pub countries: Vec<String>,
    pub kind: Option<ProfileKind>,
    /// Only clients who are verified and not blocked, or only others.
    pub is_active: Option<bool>,
    pub without_archived: bool,
}

const ACTIVE: &str = "(p.status = 'verified' AND p.blocked IS NULL)";
const NOT_ACTIVE: &str = "(p.status <> 'verified' OR p.blocked = 1)";
const NAMED: &str = "instr(lower(p.first_name || ' ' || p.last_name), lower(?)) > 0";

fn conditions(filter: &ProfileFilter, visibility: &Visibility) -> Conditions {
    let mut conditions = Conditions::on("profiles", "p");
    if let Some(search) = &filter.search {
        conditions.profiles_found(search);
    }
    let any = |texts: &[String]| (!texts.is_empty()).then(|| json_list(texts));
    let emails: Vec<String> = filter.emails.iter().map(|email| email.as_str().to_owned()).collect();
    let serials = filter.serials.iter().map(|serial| serial.0);
    let serials = (!filter.serials.is_empty()).then(|| serde_json::Value::from_iter(serials).to_string());
    conditions.if_any("p.email_folded = ?", filter.email.as_ref().map(|email| email.as_str().to_owned()));
    conditions.if_any("p.status = ?", filter.status.map(|status| status.name().to_owned()));
    conditions.if_any("p.id IN (SELECT value FROM json_each(?))", serials);
    conditions.if_any("p.email_folded IN (SELECT value FROM json_each(?))", any(&emails));
    conditions.if_any(NAMED, filter.name_part.clone());
    conditions.if_any("p.first_name = ? COLLATE NOCASE", filter.first_name.as_deref().map(nfc));
    conditions.if_any("p.last_name = ? COLLATE NOCASE", filter.last_name.as_deref().map(nfc));
    conditions.if_any("p.birth_date = ?", filter.birth_date.clone());
    conditions.if_any("p.id IN (SELECT profile_id FROM profile_details WHERE tax_id = ?)", filter.tax_id.clone());
    conditions.if_any("p.nickname COLLATE NOCASE IN (SELECT value FROM json_each(?))", any(&filter.nicknames));
    conditions.if_any("p.city COLLATE NOCASE IN (SELECT value FROM json_each(?))", any(&filter.cities));
    conditions.if_any("p.company COLLATE NOCASE IN (SELECT value FROM json_each(?))", any(&filter.companies));
    let of_full_name = "p.company_full_name COLLATE NOCASE IN (SELECT value FROM json_each(?))";
    conditions.if_any(of_full_name, any(&filter.companies_full));
    conditions.if_any("p.country COLLATE NOCASE IN (SELECT value FROM json_each(?))", any(&filter.countries));
    conditions.if_any("coalesce(p.kind, 'individual') = ?", filter.kind.map(|kind| kind.name().to_owned()));
    match filter.is_active {
        Some(true) => conditions.add(ACTIVE),
        Some(false) => conditions.add(NOT_ACTIVE),
        None => {}
    }
    if filter.without_archived {
        conditions.add("p.status <> 'archived'");
    }
    filter.labels.on_profiles(&mut conditions);
    conditions.visible(VISIBLE, visibility);
    conditions
}

const BY_ROW: &str = concat!(sql!("profiles/columns"), "WHERE p.id = ?1");

/// The profile has one of the listed tags. As a set of profiles this can use the index of tags.
const VISIBLE: &str = "p.id IN (SELECT profile_id FROM profile_tags WHERE tag IN (SELECT value FROM json_each(?)))";

#[derive(Clone, Debug)]
pub struct NewProfile {
    pub id: ProfileId,
    pub details: ProfileDetails,
    pub tags: BTreeSet<String>,
    /// Argon2id in PHC form; none if the client cannot have end-user sessions.
    pub password_hash: Option<String>,
    pub status: ProfileStatus,
    pub is_blocked: bool,
    pub created_by: PrincipalSerial,
}

fn profile(row: &Row<'_>) -> rusqlite::Result<Profile> {
    Ok(Profile {
        serial: ProfileSerial(row.get("id")?),
        id: ProfileId::from(row.get::<_, Uuid>("uuid")?),
        details: ProfileDetails {
            email: row.get("email")?,
            first_name: row.get("first_name")?,
            last_name: row.get("last_name")?,
            ip_address: row.get("ip_address")?,
            language: row.get("language")?,
            address: row.get("address")?,
            zip_code: row.get("zip_code")?,
            city: row.get("city")?,
            state: row.get("state")?,
            country: row.get("country")?,
            phone: row.get("phone")?,
            company: row.get("company")?,
            company_full_name: row.get::<_, Option<String>>("company_full_name")?.unwrap_or_default(),
            nickname: row.get::<_, Option<String>>("nickname")?.unwrap_or_default(),
            kind: named_if_any(row, "kind")?.unwrap_or_default(),
            meta_data: row.get("meta_data")?,
            birth_date: row.get("birth_date")?,
            timezone: row.get("timezone")?,
        },
        tags: text_list(row, "tags")?.unwrap_or_default(),
        labels: labels(row.get("reference")?, row.get("category")?, row.get("attributes")?)?,
        status: named(row, "status")?,
        is_blocked: row.get::<_, Option<bool>>("blocked")?.unwrap_or_default(),
        offboarding_since: row.get::<_, Option<i64>>("offboarding_at")?.map(Moment::from_unix_ms),
        deceased_on: row.get("deceased_on")?,
        created_by: row.get::<_, Option<i64>>("created_by")?.map(PrincipalSerial),
        reviewed_by: row.get::<_, Option<i64>>("reviewed_by")?.map(PrincipalSerial),
        version: row.get("version")?,
        created_at: Moment::from_unix_ms(row.get("created_at")?),
        updated_at: Moment::from_unix_ms(row.get("updated_at")?),
    })
}

impl ReadTx<'_> {
    /// The profile, if it is visible.
    pub fn profile(&self, id: ProfileId, visibility: &Visibility) -> Result<Option<Profile>, StoreError> {
        let sql = concat!(sql!("profiles/columns"), "WHERE p.uuid = ?1\n", sql!("profiles/visible"));
        self.find(sql, (id.uuid(), visible_tags(visibility)), profile)
    }

    /// The profile with an address and its password hash, if it is visible.
    pub fn profile_for_login(
        &self,
        email: &EmailKey,
        visibility: &Visibility,
    ) -> Result<Option<(Profile, Option<String>)>, StoreError> {
        let sql = concat!(sql!("profiles/columns"), "WHERE p.email_folded = ?1\n", sql!("profiles/visible"));
        let Some(found) = self.find(sql, (email.as_str(), visible_tags(visibility)), profile)? else { return Ok(None) };
        let hash = self.one("SELECT password_hash FROM profiles WHERE id = ?1", [found.serial.0], |row| row.get(0))?;
        Ok(Some((found, hash)))
    }

    /// The profile with an address, visible or not.
    pub fn profile_of_email(&self, email: &EmailKey) -> Result<Option<ProfileSerial>, StoreError> {
        let sql = "SELECT id FROM profiles WHERE email_folded = ?1";
        self.find(sql, [email.as_str()], |row| Ok(ProfileSerial(row.get(0)?)))
    }

    /// The public id of a profile, visible or not.
    pub fn profile_id(&self, serial: ProfileSerial) -> Result<ProfileId, StoreError> {
        self.one("SELECT uuid FROM profiles WHERE id = ?1", [serial.0], |row| {
            Ok(ProfileId::from(row.get::<_, Uuid>(0)?))
        })
    }

    pub fn is_profile_visible(&self, serial: ProfileSerial, visibility: &Visibility) -> Result<bool, StoreError> {
        let sql = concat!("SELECT EXISTS (SELECT 1 FROM profiles p WHERE p.id = ?1\n", sql!("profiles/visible"), ")");
        self.one(sql, (serial.0, visible_tags(visibility)), |row| row.get(0))
    }

    /// Whether the id is taken, by a visible profile or not.
    pub fn has_profile(&self, id: ProfileId) -> Result<bool, StoreError> {
        self.one("SELECT EXISTS (SELECT 1 FROM profiles WHERE uuid = ?1)", [id.uuid()], |row| row.get(0))
    }

    /// One page of the visible profiles.
    pub fn profiles(
        &self,
        filter: &ProfileFilter,
        visibility: &Visibility,
        page: Page,
    ) -> Result<Listing<Profile>, StoreError> {
        self.listing(conditions(filter, visibility), BY_ROW, page, profile)
    }

    /// The visible profiles in a window, in the order of creation, and how many match in total.
    pub fn profiles_in(
        &self,
        filter: &ProfileFilter,
        visibility: &Visibility,
        window: Window,
    ) -> Result<(Vec<Profile>, u64), StoreError> {
        self.window(conditions(filter, visibility), BY_ROW, window, profile)
    }
}

/// The form in which an address is compared. A client without one gets a form that no address has, in capitals.
fn folded_email(email: &str, client: ProfileId) -> String {
    if email.is_empty() { format!("NONE {client}") } else { EmailKey::of(email).as_str().to_owned() }
}

/// What is stored of details only if it says something: nickname, registered name and kind.
type Optional<'a> = (Option<&'a str>, Option<&'a str>, Option<&'static str>);

fn optional(d: &ProfileDetails) -> Optional<'_> {
    let text = |text| unless_default(text);
    (text(d.nickname.as_str()), text(d.company_full_name.as_str()), unless_default(d.kind).map(ProfileKind::name))
}

/// The first 21 parameters of both statements that write a profile. The key is the UUID of a new profile, else the
/// serial.
fn written<'a>(
    key: &'a dyn ToSql,
    d: &'a ProfileDetails,
    email: &'a dyn ToSql,
    at: &'a i64,
    optional: &'a Optional<'_>,
) -> Vec<&'a dyn ToSql> {
    vec![
        key,
        &d.email,
        email,
        &d.first_name,
        &d.last_name,
        &d.ip_address,
        &d.language,
        &d.address,
        &d.zip_code,
        &d.city,
        &d.state,
        &d.country,
        &d.phone,
        &d.company,
        &d.meta_data,
        &d.birth_date,
        &d.timezone,
        at,
        &optional.0,
        &optional.1,
        &optional.2,
    ]
}

impl WriteTx<'_> {
    pub fn add_profile(&self, new: &NewProfile, now: Moment) -> Result<ProfileSerial, StoreError> {
        let (uuid, at) = (new.id.uuid(), now.unix_ms());
        let email = folded_email(&new.details.email, new.id);
        let email = email.as_str();
        let optional = optional(&new.details);
        let mut values = written(&uuid, &new.details, &email, &at, &optional);
        let (status, by, blocked) = (new.status.name(), new.created_by.0, unless_default(new.is_blocked));
        values.extend::<[&dyn ToSql; 4]>([&status, &by, &blocked, &new.password_hash]);
        let serial = ProfileSerial(self.insert(sql!("profiles/insert"), values.as_slice())?);
        self.set_profile_tags(serial, &new.tags)?;
        self.index_profile(serial)?;
        Ok(serial)
    }

    pub fn replace_profile(
        &self,
        serial: ProfileSerial,
        details: &ProfileDetails,
        now: Moment,
    ) -> Result<(), StoreError> {
        let (email, at) = (folded_email(&details.email, self.profile_id(serial)?), now.unix_ms());
        let email = email.as_str();
        let optional = optional(details);
        self.run(sql!("profiles/update"), written(&serial.0, details, &email, &at, &optional).as_slice())?;
        self.index_profile(serial)
    }

    /// Blocks a client or lifts its block; its version stays.
    pub fn set_profile_blocked(&self, serial: ProfileSerial, is_blocked: bool) -> Result<(), StoreError> {
        let blocked = unless_default(is_blocked);
        self.run("UPDATE profiles SET blocked = ?2 WHERE id = ?1", (serial.0, blocked)).map(|_| ())
    }

    pub fn set_profile_tags(&self, serial: ProfileSerial, tags: &BTreeSet<String>) -> Result<(), StoreError> {
        self.run("DELETE FROM profile_tags WHERE profile_id = ?1", [serial.0])?;
        for tag in tags {
            self.run("INSERT INTO profile_tags (profile_id, tag) VALUES (?1, ?2)", (serial.0, tag))?;
        }
        Ok(())
    }

    pub fn set_profile_password(&self, serial: ProfileSerial, hash: &str, now: Moment) -> Result<(), StoreError> {
        self.run(sql!("profiles/set_password"), (serial.0, hash, now.unix_ms())).map(|_| ())
    }

    /// Records who verified a client in a review.
    pub fn note_review(&self, serial: ProfileSerial, by: PrincipalSerial) -> Result<(), StoreError> {
        self.run("UPDATE profiles SET reviewed_by = ?2 WHERE id = ?1", (serial.0, by.0)).map(|_| ())
    }

    /// Sets the status of a client; its version rises. `deceased_on`, a date, belongs to the status of the deceased.
    pub fn set_profile_status(
        &self,
        serial: ProfileSerial,
        status: ProfileStatus,
        deceased_on: Option<&str>,
        now: Moment,
    ) -> Result<(), StoreError> {
        let sql =
            "UPDATE profiles SET status = ?2, deceased_on = ?3, version = version + 1, updated_at = ?4 WHERE id = ?1";
        self.run(sql, (serial.0, status.name(), deceased_on, now.unix_ms())).map(|_| ())
    }

    /// Notes that a client begins to leave.
    pub fn begin_offboarding(&self, serial: ProfileSerial, now: Moment) -> Result<(), StoreError> {
        let sql = "UPDATE profiles SET offboarding_at = ?2, version = version + 1, updated_at = ?2 WHERE id = ?1";
        self.run(sql, (serial.0, now.unix_ms())).map(|_| ())
    }

    /// Stores the form in which each address is compared, as this version makes it. Returns how many addresses keep an
    /// older form, because another client has the same address in another spelling.
    pub(in crate::store) fn refold_emails(&self) -> Result<usize, StoreError> {
        let all = self.all("SELECT id, email, email_folded FROM profiles WHERE email <> ''", [], |row| {
            let (email, folded): (String, String) = (row.get(1)?, row.get(2)?);
            let key = EmailKey::of(&email);
            Ok((key.as_str() != folded).then_some((ProfileSerial(row.get(0)?), key)))
        })?;
        let mut kept = 0;
        for (serial, key) in all.into_iter().flatten() {
            if self.profile_of_email(&key)?.is_some() {
                kept += 1;
            } else {
                self.run("UPDATE profiles SET email_folded = ?2 WHERE id = ?1", (serial.0, key.as_str()))?;
            }
        }
        Ok(kept)
    }
}
