//! Which backups are kept: the newest, and the last of each of the last days, weeks and months.

use super::repository::BackupName;
use std::collections::BTreeSet;

/// How many backups are kept; one that several rules keep counts for each of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retention {
    /// The number of newest backups; at least one is kept.
    pub latest: usize,
    /// The number of days (UTC) whose last backup is kept.
    pub daily: usize,
    /// The number of weeks, from Monday, whose last backup is kept.
    pub weekly: usize,
    /// The number of months whose last backup is kept.
    pub monthly: usize,
}

impl Retention {
    /// The backups of `all` to keep. Only days, weeks and months that have backups count, so that neither a wrong
    /// clock nor a server that was stopped for long removes any.
    pub fn kept(&self, all: &[BackupName]) -> BTreeSet<BackupName> {
        let mut newest_first = all.to_vec();
        newest_first.sort_unstable_by(|one, other| other.cmp(one));
        let mut kept: BTreeSet<BackupName> = newest_first.iter().take(self.latest.max(1)).copied().collect();
        let day = |name: &BackupName| name.at_s.div_euclid(86_400);
        // 1970-01-01 was a Thursday.
        let week = |name: &BackupName| (day(name) + 3).div_euclid(7);
        let month = |name: &BackupName| name.to_string()[..6].parse().unwrap_or(0);
        keep_last_of_each(&newest_first, self.daily, day, &mut kept);
        keep_last_of_each(&newest_first, self.weekly, week, &mut kept);
        keep_last_of_each(&newest_first, self.monthly, month, &mut kept);
        kept
    }
}

fn keep_last_of_each(
    newest_first: &[BackupName],
    periods: usize,
    period: impl Fn(&BackupName) -> i64,
    kept: &mut BTreeSet<BackupName>,
) {
    let mut seen = BTreeSet::new();
    for name in newest_first {
        let period = period(name);
        if seen.len() == periods && !seen.contains(&period) {
            break;
        }
        if seen.insert(period) {
            kept.insert(*name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> BackupName {
        format!("{text}-000000000001").parse().unwrap()
    }

    fn kept(retention: Retention, all: &[BackupName]) -> Vec<String> {
        retention.kept(all).iter().map(|name| name.to_string()[..15].to_owned()).collect()
    }

    #[test]
    fn the_newest_always_stays() {
        let none = Retention { latest: 0, daily: 0, weekly: 0, monthly: 0 };
        assert_eq!(kept(none, &[at("20260301T000000Z"), at("20260302T000000Z")]), ["20260302T000000"]);
        assert!(kept(none, &[]).is_empty());
    }

    #[test]
    fn the_last_of_each_day_week_and_month_stays() {
        let all: Vec<_> = [
            "20251231T100000Z",
            "20260131T100000Z",
            "20260222T100000Z", // a Sunday
            "20260223T100000Z",
            "20260227T100000Z",
            "20260301T100000Z", // the Sunday of the same week
            "20260302T080000Z",
            "20260302T120000Z",
        ]
        .map(at)
        .to_vec();
        let only = |daily, weekly, monthly| Retention { latest: 1, daily, weekly, monthly };
        assert_eq!(kept(only(2, 0, 0), &all), ["20260301T100000", "20260302T120000"]);
        assert_eq!(kept(only(0, 3, 0), &all), ["20260222T100000", "20260301T100000", "20260302T120000"]);
        assert_eq!(
            kept(only(0, 0, 4), &all),
            ["20251231T100000", "20260131T100000", "20260227T100000", "20260302T120000"]
        );
    }

    #[test]
    fn a_year_of_backups_is_as_many_as_configured() {
        let all: Vec<_> =
            (0..365).map(|day| BackupName { at_s: 1_767_225_600 + day * 86_400, last_entry: 1 }).collect();
        let count = Retention { latest: 3, daily: 7, weekly: 5, monthly: 12 }.kept(&all).len();
        assert!((7 + 4 + 10..=7 + 5 + 12).contains(&count), "{count}");
    }
}
