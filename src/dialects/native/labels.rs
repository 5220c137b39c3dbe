//! Labels of clients and accounts: reference, category, custom fields and metadata.

use crate::app::clients::LabelFilter;
use crate::dialects::kit::{ExactNumber, Members, QueryParams, Rejection, Scalar};
use crate::domain::clients::{Labels, LabelsChange, MetadataValue};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The labels in a request. `None` keeps the current value.
pub(super) struct LabelsRequest {
    pub(super) reference: Option<String>,
    pub(super) category: Option<String>,
    pub(super) custom_fields: Option<Members<Option<String>>>,
    pub(super) metadata: Option<Members<Scalar>>,
}

impl From<LabelsRequest> for LabelsChange {
    fn from(request: LabelsRequest) -> Self {
        // Null removes a member.
        let custom = |fields: Members<Option<String>>| {
            fields.0.into_iter().map(|(name, value)| (name, value.unwrap_or_default())).collect()
        };
        LabelsChange {
            reference: request.reference,
            category: request.category,
            custom_fields: request.custom_fields.map(custom),
            metadata: request.metadata.map(|members| {
                let value = |(key, value)| Some((key, metadata_value(value)?));
                members.0.into_iter().filter_map(value).collect()
            }),
        }
    }
}

fn metadata_value(value: Scalar) -> Option<MetadataValue> {
    match value {
        Scalar::Null => None,
        Scalar::Text(text) => Some(MetadataValue::Text(text)),
        Scalar::Number(number) => Some(MetadataValue::Number(number)),
        Scalar::Boolean(boolean) => Some(MetadataValue::Boolean(boolean)),
    }
}

/// Your own labels of a client or an account. bursar does not interpret them; lists can be filtered by them.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Labels)]
pub(super) struct LabelsView {
    /// Your own id for the object; empty if none is set.
    #[schema(example = "crm-4711")]
    reference: String,
    /// Your own category; empty if none is set.
    #[schema(example = "retail")]
    category: String,
    /// Your own fields: text by name.
    #[schema(value_type = Object, example = json!({"desk": "zrh"}))]
    custom_fields: BTreeMap<String, String>,
    /// Strings, numbers and booleans by key.
    #[schema(value_type = Object, example = json!({"score": 7.50, "vip": true}))]
    metadata: BTreeMap<String, ValueView>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ValueView {
    Text(String),
    Number(ExactNumber),
    Boolean(bool),
}

impl From<MetadataValue> for ValueView {
    fn from(value: MetadataValue) -> Self {
        match value {
            MetadataValue::Text(text) => ValueView::Text(text),
            MetadataValue::Number(literal) => ValueView::Number(ExactNumber::from_stored(&literal)),
            MetadataValue::Boolean(boolean) => ValueView::Boolean(boolean),
        }
    }
}

impl From<Labels> for LabelsView {
    fn from(labels: Labels) -> Self {
        LabelsView {
            reference: labels.reference,
            category: labels.category,
            custom_fields: labels.custom_fields,
            metadata: labels.metadata.into_iter().map(|(key, value)| (key, value.into())).collect(),
        }
    }
}

/// The most conditions on custom fields and metadata in one list call.
pub(super) const CONDITIONS_MAX: usize = 10;

/// The filters on labels in a query string.
pub(super) fn filter(query: &QueryParams) -> Result<LabelFilter, Rejection> {
    let text = |name: &str| query.one(name).map(|text| text.map(str::to_owned));
    let custom_fields = query.members("customField.")?;
    let metadata = query.members("metadata.")?;
    if custom_fields.len() + metadata.len() > CONDITIONS_MAX {
        let reason = format!("at most {CONDITIONS_MAX} conditions on custom fields and metadata");
        return Err(Rejection::out_of_range("metadata", reason));
    }
    Ok(LabelFilter {
        reference: text("reference")?,
        category: text("category")?,
        tag: text("tag")?,
        custom_fields,
        metadata,
    })
}
