//! B2Core's spelling of values and lists: times with an offset, money as text, totals in a header.

use crate::dialects::kit::formats::{self, Fault, one_of};
use crate::dialects::kit::{Call, QueryParams, Rejection, Reply};
use crate::domain::clock::Moment;
use crate::domain::ids::AccountSerial;
use crate::domain::page::Window;
use crate::domain::reference::CurrencyCode;
use crate::domain::refusal::{Noun, Refusal};
use actix_web::http::header::HeaderName;
use serde::Serialize;

/// The largest page of a list.
const LIMIT_MAX: u32 = 500;
/// The page size if the caller gives none.
const LIMIT_DEFAULT: u32 = 10;
/// The decimals of the figures of a statement.
const STATEMENT_DECIMALS: usize = 18;

/// In UTC, to the second, with an offset: `2026-03-02T08:15:00+00:00`.
pub(super) fn time(moment: Moment) -> String {
    let text = moment.to_string();
    let seconds = text.split(['.', 'Z']).next().unwrap_or_default();
    format!("{seconds}+00:00")
}

/// A figure of a statement: this decimal with 18 decimals.
pub(super) fn figure(text: &str) -> String {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}.{fraction:0<STATEMENT_DECIMALS$}")
}

/// The account that the path names.
pub(super) fn account(call: &Call) -> Result<AccountSerial, Rejection> {
    object(call, "accountId", Noun::Account).map(AccountSerial)
}

/// The object that the path names. A text that is no id is that of no object.
pub(super) fn object(call: &Call, name: &str, noun: Noun) -> Result<i64, Rejection> {
    path_id(call, name).ok_or(Refusal::NotFound { noun, field: None }.into())
}

/// An id in the path; none if it is not a number as this API writes it.
pub(super) fn path_id(call: &Call, name: &str) -> Option<i64> {
    let text = call.path(name);
    text.parse().ok().filter(|id: &i64| id.to_string() == text)
}

/// A currency in a filter.
pub(super) fn currency_code(text: &str) -> Result<CurrencyCode, Fault> {
    formats::currency(text).map_err(|_| Fault::invalid("codes of currencies such as EUR"))
}

/// `limit`, `offset`, `sort_by` and `sort_order` of a list. An empty parameter, such as a filter that lost its value,
/// is refused: it would find everything.
pub(super) fn window(query: &QueryParams) -> Result<Window, Rejection> {
    query.refuse_empty()?;
    query.value("sort_by", one_of(&[("createTime", ())]))?;
    Ok(Window {
        limit: query.within("limit", 1..=LIMIT_MAX)?.unwrap_or(LIMIT_DEFAULT),
        offset: query.within("offset", 0..=u32::MAX)?.unwrap_or(0),
        newest_first: query.value("sort_order", one_of(&[("asc", false), ("desc", true)]))?.unwrap_or(true),
    })
}

/// A part of a list that is known as a whole, oldest first.
pub(super) fn part<V: Serialize>(mut views: Vec<V>, window: Window) -> Result<Reply, Rejection> {
    let total = views.len() as u64;
    if window.newest_first {
        views.reverse();
    }
    let part: Vec<V> = views.into_iter().skip(window.offset as usize).take(window.limit as usize).collect();
    list(&part, total)
}

/// A list: an array, with the total number of matches in a header.
pub(super) fn list(views: &[impl Serialize], total: u64) -> Result<Reply, Rejection> {
    Ok(Reply::ok(&views)?.header(HeaderName::from_static("x-total-count"), &total.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_seconds_and_an_offset() {
        assert_eq!(time(Moment::from_unix_ms(1_772_439_300_999)), "2026-03-02T08:15:00+00:00");
    }

    #[test]
    fn figures_have_18_decimals() {
        assert_eq!(figure("0.00"), "0.000000000000000000");
        assert_eq!(figure("-12.05"), "-12.050000000000000000");
        assert_eq!(figure("7"), "7.000000000000000000");
        assert_eq!(figure("0.00000001"), "0.000000010000000000");
    }
}
