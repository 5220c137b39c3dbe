//! Labels of profiles and accounts, stored in their own tables, each with an index.

use crate::domain::clients::{AccountLabels, Labels, MetadataValue};
use crate::domain::ids::{AccountId, BookId, DEFAULT_ORGANIZATION, PortfolioSerial, ProfileSerial};
use crate::domain::status::StatusLabel;
use crate::domain::text::nfc;
use crate::store::StoreError;
use crate::store::database::conditions::Conditions;
use crate::store::database::transaction::{ReadTx, WriteTx, sql, unreadable};
use rusqlite::types::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Selects profiles or accounts by their labels. All conditions must hold, and each compares the whole text, in
/// normalization form C.
#[derive(Clone, Debug, Default)]
pub struct LabelFilter {
    pub reference: Option<String>,
    pub category: Option<String>,
    /// For accounts, a tag of the primary owner.
    pub tag: Option<String>,
    /// The values wanted, by name.
    pub custom_fields: BTreeMap<String, String>,
    /// Values by key; numbers in the caller's spelling.
    pub metadata: BTreeMap<String, String>,
}

const CUSTOM_FIELD: &str = "custom_field";
const METADATA: &str = "metadata";

impl LabelFilter {
    fn attributes(&self) -> impl Iterator<Item = [Value; 3]> {
        let of = |kind: &'static str, all: &BTreeMap<String, String>| -> Vec<[Value; 3]> {
            all.iter().map(|(name, value)| [kind.to_owned(), nfc(name), nfc(value)].map(Value::from)).collect()
        };
        of(CUSTOM_FIELD, &self.custom_fields).into_iter().chain(of(METADATA, &self.metadata))
    }

    /// Adds the conditions to a list of profiles.
    pub(in crate::store) fn on_profiles(&self, conditions: &mut Conditions) {
        let one = |text: &Option<String>| text.as_deref().map(|text| [nfc(text).into()]);
        let referenced = "SELECT profile_id AS id FROM profile_labels WHERE organization_id = ? AND reference = ?";
        let reference = self.reference.as_deref().map(|text| [DEFAULT_ORGANIZATION.into(), nfc(text).into()]);
        within(conditions, referenced, reference);
        for attribute in self.attributes() {
            let set = "SELECT profile_id AS id FROM profile_attributes WHERE kind = ? AND name = ? AND value = ?";
            conditions.within(set, attribute);
        }
        let of_category = "SELECT profile_id AS id FROM profile_labels WHERE category = ? AND category <> ''";
        within(conditions, of_category, one(&self.category));
        within(conditions, "SELECT profile_id AS id FROM profile_tags WHERE tag = ?", one(&self.tag));
    }

    /// Adds the conditions to a list of accounts `a`.
    pub(in crate::store) fn on_accounts(
        &self,
        conditions: &mut Conditions,
        name: &Option<String>,
        alias: &Option<String>,
    ) {
        let one = |text: &Option<String>| text.as_deref().map(|text| [nfc(text).into()]);
        // Unique within a ledger.
        let referenced = "SELECT account_id AS id FROM account_labels
                          WHERE ledger_id IN (SELECT id FROM ledgers) AND reference = ?";
        within(conditions, referenced, one(&self.reference));
        within(conditions, "SELECT account_id AS id FROM account_labels WHERE alias = ?", one(alias));
        let named = "SELECT account_id AS id FROM account_labels WHERE name = ? AND name <> ''";
        within(conditions, named, one(name));
        for attribute in self.attributes() {
            let set = "SELECT account_id AS id FROM account_attributes WHERE kind = ? AND name = ? AND value = ?";
            conditions.within(set, attribute);
        }
        if self.category.as_deref() == Some("") {
            let without = "SELECT id FROM accounts EXCEPT SELECT account_id FROM account_labels WHERE category <> ?";
            within(conditions, without, one(&self.category));
        } else {
            let of_category = "SELECT account_id AS id FROM account_labels WHERE category = ? AND category <> ''";
            within(conditions, of_category, one(&self.category));
        }
        conditions.if_any(
            "a.profile_id IN (SELECT profile_id FROM profile_tags WHERE tag = ?)",
            self.tag.as_deref().map(nfc),
        );
    }
}

fn within<const N: usize>(conditions: &mut Conditions, set: &'static str, values: Option<[Value; N]>) {
    if let Some(values) = values {
        conditions.within(set, values);
    }
}

/// One custom field or metadata value: kind, name, type, value.
type Attribute = (String, String, String, String);

/// The labels of a row; the arguments are none if the row has no labels.
pub(in crate::store) fn labels(
    reference: Option<String>,
    category: Option<String>,
    attributes: Option<String>,
) -> rusqlite::Result<Labels> {
    let mut labels = Labels {
        reference: reference.unwrap_or_default(),
        category: category.unwrap_or_default(),
        ..Labels::default()
    };
    let Some(json) = attributes else { return Ok(labels) };
    let attributes: Vec<Attribute> =
        serde_json::from_str(&json).map_err(|_| unreadable("attributes", "not a list of attributes"))?;
    for (kind, name, value_type, value) in attributes {
        if kind == CUSTOM_FIELD {
            labels.custom_fields.insert(name, value);
        } else {
            let value =
                MetadataValue::from_stored(&value_type, value).ok_or_else(|| unreadable("type", &value_type))?;
            labels.metadata.insert(name, value);
        }
    }
    Ok(labels)
}

/// The status of a row; the code is none if it says no more than the default.
pub(in crate::store) fn status(code: Option<String>, description: Option<String>) -> StatusLabel {
    match code {
        Some(code) => StatusLabel { code: code.into(), description },
        None => StatusLabel::default(),
    }
}

/// The code and the description to store.
pub(in crate::store) fn status_columns(status: &StatusLabel) -> (Option<&str>, Option<&str>) {
    match status.is_default() {
        true => (None, None),
        false => (Some(&status.code), status.description.as_deref()),
    }
}

/// The statements that write the attributes of profiles or of accounts.
pub(super) struct Attributes {
    remove: &'static str,
    remove_labels: &'static str,
    add: &'static str,
}

pub(super) const OF_PROFILES: Attributes = Attributes {
    remove: "DELETE FROM profile_attributes WHERE profile_id = ?1",
    remove_labels: "DELETE FROM profile_labels WHERE profile_id = ?1",
    add: "INSERT INTO profile_attributes (profile_id, kind, name, type, value) VALUES (?1, ?2, ?3, ?4, ?5)",
};

const OF_ACCOUNTS: Attributes = Attributes {
    remove: "DELETE FROM account_attributes WHERE account_id = ?1",
    remove_labels: "DELETE FROM account_labels WHERE account_id = ?1",
    add: "INSERT INTO account_attributes (account_id, kind, name, type, value) VALUES (?1, ?2, ?3, ?4, ?5)",
};

impl ReadTx<'_> {
    /// The profile with a reference, visible or not.
    pub fn profile_of_reference(&self, reference: &str) -> Result<Option<ProfileSerial>, StoreError> {
        let sql = "SELECT profile_id FROM profile_labels WHERE organization_id = ?1 AND reference = ?2";
        self.find(sql, (DEFAULT_ORGANIZATION, reference), |row| row.get(0).map(ProfileSerial))
    }

    /// The account with a reference in a ledger, visible or not, archived ones included.
    pub fn account_of_reference(&self, ledger: i64, reference: &str) -> Result<Option<AccountId>, StoreError> {
        let sql = "SELECT a.uuid FROM account_labels l JOIN accounts a ON a.id = l.account_id
                   WHERE l.ledger_id = ?1 AND l.reference = ?2";
        self.find(sql, (ledger, reference), |row| row.get::<_, Uuid>(0).map(AccountId::from))
    }

    /// The account with an alias in a portfolio, visible or not. Archived accounts have no alias any more.
    pub fn account_of_alias(&self, portfolio: PortfolioSerial, alias: &str) -> Result<Option<AccountId>, StoreError> {
        let sql = "SELECT a.uuid FROM account_labels l JOIN accounts a ON a.id = l.account_id
                   WHERE l.alias_portfolio_id = ?1 AND l.alias = ?2";
        self.find(sql, (portfolio.0, alias), |row| row.get::<_, Uuid>(0).map(AccountId::from))
    }

    /// Accounts whose labels are filed under another ledger or portfolio than their own, at most `limit`.
    pub(in crate::store) fn misplaced_labels(&self, limit: usize) -> Result<Vec<i64>, StoreError> {
        self.all(sql!("labels/misplaced"), [limit], |row| row.get(0))
    }
}

impl WriteTx<'_> {
    pub fn set_profile_labels(&self, profile: ProfileSerial, labels: &Labels) -> Result<(), StoreError> {
        self.remove_labels(&OF_PROFILES, profile.0)?;
        if *labels != Labels::default() {
            let row = (profile.0, DEFAULT_ORGANIZATION, &labels.reference, &labels.category);
            self.run(sql!("labels/of_profile"), row)?;
        }
        self.index_profile(profile)?;
        self.add_attributes(&OF_PROFILES, profile.0, labels)
    }

    /// Replaces the labels of an account, which must not be archived.
    pub fn set_account_labels(&self, account: BookId, labels: &AccountLabels) -> Result<(), StoreError> {
        self.remove_labels(&OF_ACCOUNTS, account.0)?;
        if *labels != AccountLabels::default() {
            let AccountLabels { name, alias, status, common } = labels;
            let (code, description) = status_columns(status);
            let row = (account.0, &common.reference, &common.category, name, alias, code, description);
            self.run(sql!("labels/of_account"), row)?;
        }
        self.index_account(account)?;
        self.add_attributes(&OF_ACCOUNTS, account.0, &labels.common)
    }

    /// Releases the alias of an archived account.
    pub(in crate::store) fn free_alias(&self, account: BookId) -> Result<(), StoreError> {
        self.run("UPDATE account_labels SET alias_portfolio_id = NULL WHERE account_id = ?1", [account.0]).map(|_| ())
    }

    /// Takes the alias of an account along to the portfolio that the account has moved to.
    pub(in crate::store) fn move_alias(&self, account: BookId, portfolio: PortfolioSerial) -> Result<(), StoreError> {
        let sql = "UPDATE account_labels SET alias_portfolio_id = ?2
                   WHERE account_id = ?1 AND alias_portfolio_id IS NOT NULL";
        self.run(sql, (account.0, portfolio.0)).map(|_| ())
    }

    pub(super) fn remove_labels(&self, of: &Attributes, row: i64) -> Result<(), StoreError> {
        self.run(of.remove, [row])?;
        self.run(of.remove_labels, [row]).map(|_| ())
    }

    fn add_attributes(&self, of: &Attributes, row: i64, labels: &Labels) -> Result<(), StoreError> {
        for (name, value) in &labels.custom_fields {
            self.run(of.add, (row, CUSTOM_FIELD, name, MetadataValue::KINDS[0], value))?;
        }
        for (key, value) in &labels.metadata {
            self.run(of.add, (row, METADATA, key, value.kind(), value.text()))?;
        }
        Ok(())
    }
}
