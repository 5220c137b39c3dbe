//! List parameters of the native API: Helio's `page` and `perPage`, and `after`, which takes the cursor `next` of the
//! previous answer.

use crate::dialects::kit::{Call, CursorScope, QueryParams, Rejection};
use crate::domain::page::{Listing, Page, Position};
use serde::Serialize;
use utoipa::ToSchema;

/// Parameters that select a part of a list but not its rows, so they are not part of a cursor's filters.
const UNFILTERED: [&str; 5] = ["page", "perPage", "limit", "after", "beforeId"];

/// The requested page of a list.
pub(super) struct Paging {
    scope: CursorScope,
    pub(super) page: Page,
}

impl Paging {
    /// Reads `page`, `perPage` and `after`.
    pub(super) fn of(call: &Call) -> Result<Paging, Rejection> {
        let (query, scope) = (call.query(), scope(call));
        let (number, size) = (query.number("page")?, query.number("perPage")?);
        let page = match after(query, &scope)? {
            None => Page::new(number, size)?,
            Some(_) if number.is_some() => return Err(Rejection::invalid("page", "send either page or after")),
            Some([rank, row]) => Page::after(Position { rank, row }, size)?,
        };
        Ok(Paging { scope, page })
    }

    pub(super) fn view<T>(&self, listing: &Listing<T>) -> PagingView {
        PagingView {
            page: listing.page.number().map(|number| number.to_string()),
            per_page: listing.page.size().to_string(),
            total: listing.total.to_string(),
            next: listing.next.map(|Position { rank, row }| self.scope.cursor(&[rank, row])),
        }
    }
}

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

/// The requested part of a short list, which is returned whole unless `perPage` is given.
pub(super) struct Window<const N: usize> {
    scope: CursorScope,
    /// The position of the last row shown.
    pub(super) after: Option<[i64; N]>,
    /// The most rows to return.
    pub(super) limit: u32,
}

/// The most rows returned if `perPage` is not given.
const WHOLE_MAX: u32 = 10_000;

impl<const N: usize> Window<N> {
    /// Reads `perPage` and `after`.
    pub(super) fn of(call: &Call) -> Result<Window<N>, Rejection> {
        let (query, scope) = (call.query(), scope(call));
        let limit = Page::check_size(query.number("perPage")?)?.unwrap_or(WHOLE_MAX);
        Ok(Window { after: after(query, &scope)?, scope, limit })
    }

    pub(super) fn next(&self, position: Option<[i64; N]>) -> Option<String> {
        position.map(|position| self.scope.cursor(&position))
    }
}

pub(super) fn scope(call: &Call) -> CursorScope {
    CursorScope::of(call, &UNFILTERED)
}

pub(super) fn after<const N: usize>(query: &QueryParams, scope: &CursorScope) -> Result<Option<[i64; N]>, Rejection> {
    query.one("after")?.map(|cursor| scope.decode("after", cursor)).transpose()
}
