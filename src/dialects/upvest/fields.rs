//! What the resources of Upvest have in common: lists, owners, texts.

use crate::app::accounts::Sorted;
use crate::dialects::kit::formats::{Fault, one_of, uuid};
use crate::dialects::kit::{Call, Rejection, Reply};
use crate::domain::clock::Moment;
use crate::domain::ids::ProfileId;
use crate::domain::page::Window;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The rows of a part if the caller asks for no number of them, and the most.
const LIMIT_DEFAULT: u32 = 100;
const LIMIT_MAX: u32 = 1000;
/// The largest offset.
const OFFSET_MAX: u32 = i32::MAX as u32;

/// The orders of a list: by creation, which is the default, and by the last change.
pub(super) const BY_CREATION: &[(&str, bool)] = &[("created_at", false)];
pub(super) const BY_CREATION_OR_CHANGE: &[(&str, bool)] = &[("created_at", false), ("updated_at", true)];

/// The part of a list that a caller wants, as it is shown again.
pub(super) struct Part {
    pub(super) sorted: Sorted,
    sort: &'static str,
    order: &'static str,
}

/// Reads the part of a list; an empty value means the default.
pub(super) fn part(call: &Call, sorts: &'static [(&'static str, bool)]) -> Result<Part, Rejection> {
    let query = call.query();
    let by_change = query.value("sort", one_of(sorts))?.unwrap_or(false);
    let newest_first = query.value("order", one_of(&[("ASC", false), ("DESC", true)]))?.unwrap_or(false);
    let offset = query.within("offset", 0..=OFFSET_MAX)?.unwrap_or(0);
    let limit = query.within("limit", 0..=LIMIT_MAX)?.unwrap_or(LIMIT_DEFAULT);
    let sort = if by_change { "updated_at" } else { "created_at" };
    let order = if newest_first { "DESC" } else { "ASC" };
    Ok(Part { sorted: Sorted { window: Window { offset, limit, newest_first }, by_change }, sort, order })
}

/// What part of a list an answer shows.
#[derive(Serialize, ToSchema)]
#[schema(as = Meta)]
pub(super) struct MetaView {
    offset: u32,
    limit: u32,
    /// The rows of this part.
    count: usize,
    /// The rows of the whole list.
    total_count: u64,
    #[schema(example = "created_at")]
    sort: &'static str,
    #[schema(example = "ASC")]
    order: &'static str,
}

#[derive(Serialize, ToSchema)]
pub(super) struct ListView<T: ToSchema> {
    meta: MetaView,
    data: Vec<T>,
}

impl Part {
    /// 200 with the rows of this part.
    pub(super) fn answer<T: Serialize + ToSchema>(&self, data: Vec<T>, total_count: u64) -> Result<Reply, Rejection> {
        let Window { offset, limit, .. } = self.sorted.window;
        let (count, sort, order) = (data.len(), self.sort, self.order);
        Reply::ok(&ListView { meta: MetaView { offset, limit, count, total_count, sort, order }, data })
    }
}

/// An id in the path.
pub(super) fn path_id<T: From<Uuid>>(call: &Call, name: &'static str) -> Result<T, Rejection> {
    call.path_value(name, uuid)
}

/// A text of at most so many characters that is neither missing nor empty; null counts as missing.
pub(super) fn name(name: &str, sent: Option<String>, max: usize) -> Result<Option<String>, Rejection> {
    match sent {
        None => Ok(None),
        Some(text) if text.trim().is_empty() => Err(Rejection::invalid(name, "must not be empty")),
        Some(text) if text.chars().count() > max => {
            Err(Rejection::out_of_range(name, format!("at most {max} characters")))
        }
        Some(text) => Ok(Some(text)),
    }
}

/// Two capitals that name a country.
pub(super) fn country(text: &str) -> Result<String, Fault> {
    let is_code = text.len() == 2 && text.bytes().all(|letter| letter.is_ascii_uppercase());
    if is_code { Ok(text.to_owned()) } else { Err(Fault::invalid("two capital letters such as DE")) }
}

/// An owner.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = AccountUser)]
pub(super) struct OwnerView {
    id: String,
    #[serde(rename = "type")]
    #[schema(example = "OWNER")]
    kind: &'static str,
}

impl From<ProfileId> for OwnerView {
    fn from(profile: ProfileId) -> Self {
        OwnerView { id: profile.to_string(), kind: "OWNER" }
    }
}

/// A time in UTC.
pub(super) fn time(at: Moment) -> String {
    at.to_string()
}
