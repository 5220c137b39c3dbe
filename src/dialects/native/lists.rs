//! Lists of the native API: Helio's `page` and `perPage`, and `after`, which takes the cursor `next` of the previous
//! answer.

use crate::dialects::kit::{ListParams, Paging};
use crate::domain::page::Listing;
use serde::Serialize;
use utoipa::ToSchema;

/// The sizes are Helio's ("Accounts & Funding": page and perPage).
pub(super) const LISTS: ListParams = ListParams {
    page: "page",
    size: "perPage",
    size_default: 50,
    size_max: 500,
    after: "after",
    unfiltered: &["page", "perPage", "limit", "after", "beforeId"],
};

/// The paging members of a list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Paging)]
pub(super) struct PagingView {
    /// Omitted when reading with a cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "1")]
    page: Option<String>,
    #[schema(example = "50")]
    per_page: String,
    /// The number of rows on all pages, including those before the cursor.
    #[schema(example = "1")]
    total: String,
    /// Cursor for `after`, with the same filters; null at the end of the list.
    #[schema(required)]
    next: Option<String>,
}

impl PagingView {
    pub(super) fn of<T>(listing: &Listing<T>, paging: &Paging) -> PagingView {
        PagingView {
            page: listing.page.number().map(|number| number.to_string()),
            per_page: listing.page.size().to_string(),
            total: listing.total.to_string(),
            next: paging.next(listing),
        }
    }
}
