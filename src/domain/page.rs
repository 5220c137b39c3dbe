//! Pages of a list.

use super::refusal::{Field, Refusal};

/// One page of a list: numbers start at 1, sizes go from 1 to 500 (Helio, "Accounts & Funding": page and perPage).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Page {
    number: u32,
    size: u32,
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
        let size = size.unwrap_or(u64::from(Page::SIZE_DEFAULT));
        let number = u32::try_from(number)
            .ok()
            .filter(|n| (1..=Page::NUMBER_MAX).contains(n))
            .ok_or_else(|| Refusal::out_of_range(Field::Page, format!("1 to {}", Page::NUMBER_MAX)))?;
        let size = u32::try_from(size)
            .ok()
            .filter(|n| (1..=Page::SIZE_MAX).contains(n))
            .ok_or_else(|| Refusal::out_of_range(Field::PageSize, format!("1 to {}", Page::SIZE_MAX)))?;
        Ok(Page { number, size })
    }

    /// The number of the page, from 1.
    pub fn number(self) -> u32 {
        self.number
    }

    /// How many rows a page holds.
    pub fn size(self) -> u32 {
        self.size
    }

    /// How many rows come before it.
    pub fn offset(self) -> i64 {
        i64::from(self.number - 1) * i64::from(self.size)
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
}
