//! What the resources of Midaz have in common: ids in paths, statuses, the parts of lists.

use super::error::rule;
use super::metadata::MetadataView;
use crate::dialects::kit::formats::{Fault, uuid};
use crate::dialects::kit::{Call, PAGE_MAX, QueryParams, REQUIRED, Rejection, optional};
use crate::domain::organizations::{Place, Record, RecordFilter};
use crate::domain::status::StatusLabel;
use serde::de::{self, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use utoipa::ToSchema;
use uuid::Uuid;

/// The largest page of a list.
const LIMIT_MAX: u32 = 100;
/// The rows of a page if the caller gives only its number.
const LIMIT_DEFAULT: u32 = 10;

/// An id in the path.
pub(super) fn path_id<T: From<Uuid>>(call: &Call, name: &'static str) -> Result<T, Rejection> {
    call.path_value(name, uuid)
}

/// The ledger in the path.
pub(super) fn place(call: &Call) -> Result<Place, Rejection> {
    Ok(Place { organization: path_id(call, "organization")?, ledger: path_id(call, "ledger")? })
}

/// An id in the body; null and the empty string count as omitted.
pub(super) fn id<T: From<Uuid>>(name: &str, sent: Option<&str>) -> Result<Option<T>, Rejection> {
    optional(name, sent, |text: &str| -> Result<T, Fault> { uuid(text) })
}

/// A text that was sent; null and the empty string count as omitted.
pub(super) fn text(sent: Option<String>) -> Option<String> {
    sent.filter(|text| !text.is_empty())
}

/// Refuses a request without some of its members, and names all of them.
pub(super) fn demand(members: &[(&str, bool)]) -> Result<(), Rejection> {
    let missing: Vec<&str> = members.iter().filter(|(_, is_sent)| !is_sent).map(|(name, _)| *name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Rejection::OfDialect {
        rule: rule::MISSING,
        message: format!("Required fields are missing: {}.", missing.join(", ")),
        members: missing.into_iter().map(|name| (name.to_owned(), REQUIRED.into())).collect(),
    })
}

/// The filters and the part of a list that a caller wants.
pub(super) fn filter(query: &QueryParams) -> Result<RecordFilter, Rejection> {
    let number = |name: &str, max: u32| match query.given(name)? {
        Some("") => Err(Rejection::out_of_range(name, format!("1 to {max}"))),
        _ => query.within(name, 1..=max),
    };
    let page = number("page", PAGE_MAX)?;
    let limit = number("limit", LIMIT_MAX)?;
    let size = limit.or(page.map(|_| LIMIT_DEFAULT));
    let rows = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    Ok(RecordFilter {
        metadata: query.members_given("metadata.")?,
        offset: rows(page.unwrap_or(1) - 1).saturating_mul(rows(size.unwrap_or(0))),
        limit: size.map(rows),
    })
}

/// A status: any word, with a description. Of an account, BLOCKED and INACTIVE stop its money.
#[derive(Deserialize, ToSchema)]
pub(super) struct StatusBody {
    #[schema(required, example = "ACTIVE")]
    code: Option<String>,
    description: Option<String>,
}

/// Reads a status; the empty string counts as omitted.
pub(super) fn status_or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<StatusBody>, D::Error> {
    struct Reader;

    impl<'de> Visitor<'de> for Reader {
        type Value = Option<StatusBody>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            if text.is_empty() { Ok(None) } else { Err(E::invalid_type(de::Unexpected::Str(text), &self)) }
        }

        fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
            StatusBody::deserialize(MapAccessDeserializer::new(members)).map(Some)
        }
    }

    deserializer.deserialize_any(Reader)
}

/// The status that was sent; none if it is null, empty or has no code and no description.
pub(super) fn status(sent: Option<StatusBody>) -> Result<Option<StatusLabel>, Rejection> {
    let Some(StatusBody { code, description }) = sent else { return Ok(None) };
    match (text(code), description) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(Rejection::missing("status.code")),
        (Some(code), description) => Ok(Some(StatusLabel { code: code.into(), description })),
    }
}

/// The status of an object.
#[derive(Serialize, ToSchema)]
#[schema(as = Status)]
pub(super) struct StatusView {
    #[schema(example = "ACTIVE")]
    code: String,
    description: Option<String>,
}

impl From<StatusLabel> for StatusView {
    fn from(status: StatusLabel) -> Self {
        StatusView { code: status.code.into_owned(), description: status.description }
    }
}

/// The members that all objects have, after those of their own.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RecordView {
    status: StatusView,
    #[schema(format = DateTime, example = "2026-03-02T08:15:00.000Z")]
    created_at: String,
    #[schema(format = DateTime, example = "2026-03-02T08:15:00.000Z")]
    updated_at: String,
    /// Always null: what was deleted is not found.
    #[schema(value_type = Option<String>)]
    deleted_at: (),
    /// Null if there is none.
    #[schema(value_type = Option<Object>)]
    metadata: MetadataView,
}

impl From<Record> for RecordView {
    fn from(record: Record) -> Self {
        RecordView {
            status: record.status.into(),
            created_at: record.created_at.to_string(),
            updated_at: record.updated_at.to_string(),
            deleted_at: (),
            metadata: record.metadata.into(),
        }
    }
}
