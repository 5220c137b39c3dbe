//! `[approvals]`: what takes a second operator, and how long it waits.

use super::section::section;
use super::source::Finding;

section! {
    /// Requests that wait for a second operator.
    pub struct Approvals {
        /// Percent by which the rate of a transfer may differ from the reference rate: a decimal number, in quotes.
        rate_band_percent: String = "5".into();
        /// Hours for which a reference rate counts; later, transfers at any rate wait.
        rate_max_age_hours: u64 = 24, in 1..=8_760;
        /// Days until a request expires that nobody has decided.
        expiry_days: u64 = 7, in 1..=365;
    }
}

impl Approvals {
    pub(super) fn validate(&self, findings: &mut Vec<Finding>) {
        let band = &self.rate_band_percent;
        let (whole, fraction) = band.split_once('.').map_or((band.as_str(), None), |(w, f)| (w, Some(f)));
        let is_number = |part: &str| !part.is_empty() && part.len() <= 6 && part.bytes().all(|b| b.is_ascii_digit());
        let is_below_100 = whole.trim_start_matches('0').len() <= 2;
        if !is_number(whole) || !fraction.is_none_or(is_number) || !is_below_100 {
            let message = format!("{band:?} is not a number of percent below 100");
            findings.push(Finding::new("approvals.rate_band_percent", message, "Write it in quotes, such as \"2.5\"."));
        }
    }
}
