//! How the native dialect spells lists: `page` and `perPage` as Helio does, and beside them `after` with the cursor that the
//! last answer gave in `next`.

use crate::dialects::kit::{Call, CursorScope, QueryParams, Rejection};
use crate::domain::page::{Listing, Page, Position};
use serde::Serialize;
use utoipa::ToSchema;

/// Parameters that say how much of a list is shown and how, and not which rows it has.
const UNFILTERED: [&str; 5] = ["page", "perPage", "limit", "after", "beforeId"];

/// The part of a paged list that is wanted.
pub(super) struct Paging {
    scope: CursorScope,
    pub(super) page: Page,
}

impl Paging {
    /// `page`, `perPage` and `after` of the query string.
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

/// What a page says beside its rows.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Paging)]
pub(super) struct PagingView {
    /// The number of the page; left out after a cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "1")]
    page: Option<String>,
    #[schema(example = "50")]
    per_page: String,
    /// Rows on all pages, before the cursor and behind it.
    #[schema(example = "1")]
    total: String,
    /// Send it as `after`, with the same filters, to go on; null at the end of the list.
    #[schema(required)]
    next: Option<String>,
}

/// The part of a list that comes whole unless `perPage` says otherwise.
pub(super) struct Stretch<const N: usize> {
    scope: CursorScope,
    /// The last row that was shown.
    pub(super) after: Option<[i64; N]>,
    /// How many rows at most.
    pub(super) limit: u32,
}

/// The longest list that comes whole.
const WHOLE_MAX: u32 = 10_000;

impl<const N: usize> Stretch<N> {
    /// `perPage` and `after` of the query string.
    pub(super) fn of(call: &Call) -> Result<Stretch<N>, Rejection> {
        let (query, scope) = (call.query(), scope(call));
        let limit = Page::check_size(query.number("perPage")?)?.unwrap_or(WHOLE_MAX);
        Ok(Stretch { after: after(query, &scope)?, scope, limit })
    }

    pub(super) fn next(&self, position: Option<[i64; N]>) -> Option<String> {
        position.map(|place| self.scope.cursor(&place))
    }
}

/// The list that a call reads.
pub(super) fn scope(call: &Call) -> CursorScope {
    CursorScope::of(call, &UNFILTERED)
}

/// `after` of the query string.
pub(super) fn after<const N: usize>(query: &QueryParams, scope: &CursorScope) -> Result<Option<[i64; N]>, Rejection> {
    query.one("after")?.map(|cursor| scope.place("after", cursor)).transpose()
}
