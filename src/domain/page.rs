//! Parts of a list: pages by number, and what follows a row.

use super::refusal::{Field, Refusal};

/// Where a row stands in the order of its list. The row keeps its place for good, so the list can go on behind it whatever
/// happens to its rows. Only in a search can a change of its words move a row.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Position {
    /// How well the row matches a search, best first; 0 in a list without one.
    pub rank: i64,
    /// The row, by a number that no other row of the list ever has.
    pub row: i64,
}

impl Position {
    /// The place of a row in a list that is not a search.
    pub fn of(row: i64) -> Position {
        Position { rank: 0, row }
    }
}

/// Which part of a list is wanted, and how much of it: numbers start at 1, sizes go from 1 to 500 (Helio, "Accounts &
/// Funding": page and perPage).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Page {
    start: Start,
    size: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Start {
    Number(u32),
    After(Position),
}

impl Page {
    /// The largest page.
    pub const SIZE_MAX: u32 = 500;
    /// The size when the caller names none.
    pub const SIZE_DEFAULT: u32 = 50;
    /// The last page number; far beyond any list, and small enough that offsets cannot overflow.
    pub const NUMBER_MAX: u32 = 1_000_000_000;

    /// Checks number and size.
    pub fn new(number: Option<u64>, size: Option<u64>) -> Result<Page, Refusal> {
        let number = number.unwrap_or(1);
        let number = u32::try_from(number)
            .ok()
            .filter(|n| (1..=Page::NUMBER_MAX).contains(n))
            .ok_or_else(|| Refusal::out_of_range(Field::Page, format!("1 to {}", Page::NUMBER_MAX)))?;
        Ok(Page { start: Start::Number(number), size: Page::check_size(size)?.unwrap_or(Page::SIZE_DEFAULT) })
    }

    /// What follows a row.
    pub fn after(position: Position, size: Option<u64>) -> Result<Page, Refusal> {
        Ok(Page { start: Start::After(position), size: Page::check_size(size)?.unwrap_or(Page::SIZE_DEFAULT) })
    }

    pub fn check_size(size: Option<u64>) -> Result<Option<u32>, Refusal> {
        let Some(size) = size else { return Ok(None) };
        let checked = u32::try_from(size).ok().filter(|n| (1..=Page::SIZE_MAX).contains(n));
        checked.map(Some).ok_or_else(|| Refusal::out_of_range(Field::PageSize, format!("1 to {}", Page::SIZE_MAX)))
    }

    /// The number of the page, from 1; none for what follows a row.
    pub fn number(self) -> Option<u32> {
        match self.start {
            Start::Number(number) => Some(number),
            Start::After(_) => None,
        }
    }

    /// The row that it follows.
    pub fn position(self) -> Option<Position> {
        match self.start {
            Start::Number(_) => None,
            Start::After(position) => Some(position),
        }
    }

    /// How many rows a page holds.
    pub fn size(self) -> u32 {
        self.size
    }

    /// How many rows are to be read: one more than it holds, which tells whether the list goes on.
    pub fn fetched(self) -> u32 {
        self.size + 1
    }

    /// How many rows come before it, from its position if it has one.
    pub fn offset(self) -> i64 {
        i64::from(self.number().unwrap_or(1) - 1) * i64::from(self.size)
    }
}

/// The rows of one page and how many rows there are in all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listing<T> {
    /// The rows of the page.
    pub rows: Vec<T>,
    /// Rows on all pages.
    pub total: u64,
    /// The page that was asked for.
    pub page: Page,
    /// The last row, if the list goes on behind it.
    pub next: Option<Position>,
}

/// Rows that follow each other in a list that has no pages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part<T> {
    pub rows: Vec<T>,
    /// The last row, if the list goes on behind it.
    pub next: Option<Position>,
}

impl<T> Part<T> {
    /// At most `size` of rows of which one more was read if there is one.
    pub fn cut(mut rows: Vec<T>, size: u32, position: impl Fn(&T) -> Position) -> Part<T> {
        let goes_on = rows.len() > size as usize;
        rows.truncate(size as usize);
        let next = rows.last().filter(|_| goes_on).map(position);
        Part { rows, next }
    }

    /// The part as a page of a list that has so many rows in all.
    pub fn of(self, total: u64, page: Page) -> Listing<T> {
        Listing { rows: self.rows, total, page, next: self.next }
    }
}

/// A part of a list by position: so many rows from an offset on, counted from one of its ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// How many rows come before it.
    pub offset: u32,
    /// How many rows it holds at most.
    pub limit: u32,
    /// Whether the newest rows come first.
    pub newest_first: bool,
}
