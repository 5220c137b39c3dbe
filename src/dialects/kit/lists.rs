//! Which part of a list a caller wants: a page by its number, or the rows after the last one shown.

use super::call::Call;
use super::cursor::CursorScope;
use super::query::QueryParams;
use super::rejection::Rejection;
use crate::domain::page::{Listing, Page, Position};

/// How a dialect names the parameters of its lists, and how long pages are.
pub struct ListParams {
    /// The number of a page, from 1.
    pub page: &'static str,
    /// The number of rows on a page.
    pub size: &'static str,
    pub size_default: u32,
    pub size_max: u32,
    /// The cursor, instead of a number.
    pub after: &'static str,
    /// All parameters that select a part of a list but not its rows, so they are not part of a cursor's filters.
    pub unfiltered: &'static [&'static str],
}

/// The largest page number, far beyond any list.
pub const PAGE_MAX: u32 = 1_000_000_000;
/// The most rows of a list that is returned whole.
const WHOLE_MAX: u32 = 10_000;

impl ListParams {
    /// The requested page of a long list.
    pub fn page(&self, call: &Call) -> Result<Paging, Rejection> {
        let (query, scope) = (call.query(), self.scope(call));
        let number = query.within(self.page, 1..=PAGE_MAX)?;
        let size = self.size(query)?.unwrap_or(self.size_default);
        let page = match self.after(query, &scope)? {
            None => Page::numbered(number.unwrap_or(1), size),
            Some(_) if number.is_some() => {
                return Err(Rejection::invalid(self.page, format!("send either {} or {}", self.page, self.after)));
            }
            Some([rank, row]) => Page::after(Position { rank, row }, size),
        };
        Ok(Paging { scope, page })
    }

    /// The requested part of a short list, which is returned whole unless a size is given.
    pub fn part<const N: usize>(&self, call: &Call) -> Result<PartOf<N>, Rejection> {
        let (query, scope) = (call.query(), self.scope(call));
        let limit = self.size(query)?.unwrap_or(WHOLE_MAX);
        Ok(PartOf { after: self.after(query, &scope)?, scope, limit })
    }

    fn size(&self, query: &QueryParams) -> Result<Option<u32>, Rejection> {
        query.within(self.size, 1..=self.size_max)
    }

    pub fn scope(&self, call: &Call) -> CursorScope {
        CursorScope::of(call, self.unfiltered)
    }

    /// The position that the caller's cursor names.
    pub fn after<const N: usize>(
        &self,
        query: &QueryParams,
        scope: &CursorScope,
    ) -> Result<Option<[i64; N]>, Rejection> {
        query.one(self.after)?.map(|cursor| scope.decode(self.after, cursor)).transpose()
    }
}

/// The requested page of a long list.
pub struct Paging {
    scope: CursorScope,
    pub page: Page,
}

impl Paging {
    /// The cursor for the rows after those shown; `None` at the end of the list.
    pub fn next<T>(&self, listing: &Listing<T>) -> Option<String> {
        listing.next.map(|Position { rank, row }| self.scope.cursor(&[rank, row]))
    }
}

/// The requested part of a short list.
pub struct PartOf<const N: usize> {
    scope: CursorScope,
    /// The position of the last row shown.
    pub after: Option<[i64; N]>,
    /// The most rows to return.
    pub limit: u32,
}

impl<const N: usize> PartOf<N> {
    /// The cursor for the rows after this position.
    pub fn next(&self, position: Option<[i64; N]>) -> Option<String> {
        position.map(|position| self.scope.cursor(&position))
    }
}
