//! What organizations, ledgers, instruments, portfolios and products have in common.

use crate::domain::clients::{MetadataValue, checked_metadata};
use crate::domain::clock::Moment;
use crate::domain::ids::{GroupId, InstrumentId, LedgerId, OrganizationId, PortfolioId, ProfileId};
use crate::domain::organizations::{PortfolioKind, PortfolioState};
use crate::domain::refusal::{Field, Refusal};
use crate::domain::status::StatusLabel;
use crate::domain::text;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Of a name or a type, in characters (Midaz v1).
pub const NAME_MAX: usize = crate::domain::clients::NAME_MAX;

pub type Metadata = BTreeMap<String, MetadataValue>;

/// The caller's notes on an object, and its times.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Record {
    pub status: StatusLabel,
    pub metadata: Metadata,
    pub created_at: Moment,
    pub updated_at: Moment,
}

/// A change of a name, a status and metadata; None leaves each as it is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RecordChange {
    pub name: Option<String>,
    pub status: Option<StatusLabel>,
    /// Replaces all metadata.
    pub metadata: Option<Metadata>,
}

impl RecordChange {
    /// Checks and normalises the new values.
    pub fn checked(self) -> Result<RecordChange, Refusal> {
        Ok(RecordChange {
            name: self.name.map(checked_name).transpose()?,
            status: self.status.map(StatusLabel::checked).transpose()?,
            metadata: self.metadata.map(checked_metadata).transpose()?,
        })
    }

    /// The name and the notes of something new.
    pub fn of_new(self, now: Moment) -> Result<(String, Record), Refusal> {
        let RecordChange { name, status, metadata } = self.checked()?;
        let name = name.ok_or(Refusal::Required { field: Field::Name })?;
        let (status, metadata) = (status.unwrap_or_default(), metadata.unwrap_or_default());
        Ok((name, Record { status, metadata, created_at: now, updated_at: now }))
    }

    /// Changes a name and its notes.
    pub fn apply(self, name: &mut String, record: &mut Record, now: Moment) -> Result<(), Refusal> {
        let RecordChange { name: new_name, status, metadata } = self.checked()?;
        if let Some(new_name) = new_name {
            *name = new_name;
        }
        if let Some(status) = status {
            record.status = status;
        }
        if let Some(metadata) = metadata {
            record.metadata = metadata;
        }
        record.updated_at = now;
        Ok(())
    }
}

/// A name that is not empty.
pub(super) fn checked_name(name: String) -> Result<String, Refusal> {
    match name.trim().is_empty() {
        true => Err(Refusal::Required { field: Field::Name }),
        false => text::title(Field::Name, name, NAME_MAX),
    }
}

/// A set of books of an organization.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ledger {
    pub row: i64,
    pub id: LedgerId,
    pub organization: OrganizationId,
    pub name: String,
    pub record: Record,
}

/// A group of accounts of one client in a ledger.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Portfolio {
    pub row: i64,
    pub id: PortfolioId,
    pub profile: ProfileId,
    pub name: String,
    /// Whether accounts of the client that name no portfolio join it.
    pub is_default: bool,
    /// Absent in outcomes of earlier versions; so is the next one.
    #[serde(default)]
    pub kind: PortfolioKind,
    #[serde(default)]
    pub state: PortfolioState,
    pub record: Record,
}

/// An account group as a ledger offers it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Product {
    pub row: i64,
    pub id: GroupId,
    pub name: String,
    /// Whether the reference file declares it, so that callers cannot change it.
    pub is_declared: bool,
    pub record: Record,
}

/// A ledger, by its organization and itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    pub organization: OrganizationId,
    pub ledger: LedgerId,
}

/// Which rows of a list are wanted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RecordFilter {
    /// Metadata values by key, as text; all must be equal.
    pub metadata: BTreeMap<String, String>,
    /// Rows to skip.
    pub offset: usize,
    /// The most rows; None for all.
    pub limit: Option<usize>,
}

impl RecordFilter {
    /// The rows of the wanted part that have the wanted metadata.
    pub fn apply<T>(&self, rows: Vec<T>, metadata: impl Fn(&T) -> &Metadata) -> Vec<T> {
        let has = |row: &T| {
            let present = metadata(row);
            self.metadata.iter().all(|(key, value)| {
                present.get(&text::nfc(key.as_str())).is_some_and(|found| found.text() == text::nfc(value.as_str()))
            })
        };
        rows.into_iter().filter(has).skip(self.offset).take(self.limit.unwrap_or(usize::MAX)).collect()
    }
}

/// An instrument: a currency that a ledger keeps accounts in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Instrument {
    pub row: i64,
    pub id: InstrumentId,
    pub code: String,
    pub name: String,
    /// The caller's word for its sort.
    pub kind: String,
    /// Whether the reference file offers its currency.
    pub is_declared: bool,
    pub record: Record,
}
