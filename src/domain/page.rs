//! Parts of a list: numbered pages, and the rows after a given row.

/// The position of a row in its list. It never changes while the row exists, so a list can continue after it whatever
/// happens to other rows. Only in search results can a change of the row's words move it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Position {
    /// How well the row matches a search, best first; 0 in lists without a search.
    pub rank: i64,
    /// A number that no other row of the list ever has.
    pub row: i64,
}

impl Position {
    /// The position of a row in a list that is not a search.
    pub fn of(row: i64) -> Position {
        Position { rank: 0, row }
    }
}

/// The requested part of a list, and its size.
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
    /// A page by its number, from 1, when all pages have this many rows.
    pub fn numbered(number: u32, size: u32) -> Page {
        Page { start: Start::Number(number), size }
    }

    /// The rows that follow a position.
    pub fn after(position: Position, size: u32) -> Page {
        Page { start: Start::After(position), size }
    }

    /// From 1; None for rows that follow a position.
    pub fn number(self) -> Option<u32> {
        match self.start {
            Start::Number(number) => Some(number),
            Start::After(_) => None,
        }
    }

    /// The position that the rows follow.
    pub fn position(self) -> Option<Position> {
        match self.start {
            Start::Number(_) => None,
            Start::After(position) => Some(position),
        }
    }

    /// The most rows that it holds.
    pub fn size(self) -> u32 {
        self.size
    }

    /// The number of rows to read: one more than the size, which shows whether the list continues.
    pub fn fetched(self) -> u32 {
        self.size.saturating_add(1)
    }

    /// The number of rows to skip, counted from the position if there is one.
    pub fn offset(self) -> i64 {
        let pages = i64::from(self.number().unwrap_or(1)) - 1;
        pages.saturating_mul(i64::from(self.size))
    }
}

/// One page of rows and the total count.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listing<T> {
    pub rows: Vec<T>,
    /// The number of rows on all pages.
    pub total: u64,
    pub page: Page,
    /// The position of the last row, if the list continues after it.
    pub next: Option<Position>,
}

impl<T> Listing<T> {
    pub fn map<U>(self, each: impl FnMut(T) -> U) -> Listing<U> {
        Listing { rows: self.rows.into_iter().map(each).collect(), total: self.total, page: self.page, next: self.next }
    }
}

/// Consecutive rows of a list without page numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part<T> {
    pub rows: Vec<T>,
    /// The position of the last row, if the list continues after it.
    pub next: Option<Position>,
}

impl<T> Part<T> {
    /// Keeps at most `size` rows, of which the caller has read one more if there is one.
    pub fn cut(mut rows: Vec<T>, size: u32, position: impl Fn(&T) -> Position) -> Part<T> {
        let goes_on = rows.len() > size as usize;
        rows.truncate(size as usize);
        let next = rows.last().filter(|_| goes_on).map(position);
        Part { rows, next }
    }

    /// Turns the part into a page of a list with `total` rows.
    pub fn of(self, total: u64, page: Page) -> Listing<T> {
        Listing { rows: self.rows, total, page, next: self.next }
    }
}

/// A part of a list by offset, counted from one of its ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// The number of rows to skip.
    pub offset: u32,
    /// The most rows that it holds.
    pub limit: u32,
    pub newest_first: bool,
}
