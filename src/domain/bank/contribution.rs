//! Recurring contributions: on which days money comes from an account elsewhere, by the rules of Q2 Helix (account:
//! `recurringContributionStartDate`).

use crate::domain::clock::Moment;
use crate::domain::day::Day;
use crate::domain::ids::{AccountId, ExternalAccountId};
use crate::domain::money::{Amount, Decimals};
use crate::domain::named::named_enum;
use crate::domain::reference::CurrencyCode;
use serde::{Deserialize, Serialize};

/// The last day of a month on which contributions may start, so that every month has it.
pub const START_DAY_MAX: i8 = 28;

/// Days between two contributions that come every other week.
const TWO_WEEKS: i32 = 14;

named_enum! {
    pub enum ContributionKind {
        Monthly = "monthly",
        BiWeekly = "bi_weekly",
    }
}

/// The days of contributions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Schedule {
    pub kind: ContributionKind,
    /// The earliest day, from whose number or week the others follow.
    pub start: Day,
    /// The last day on which one may be made; None for no end.
    pub end: Option<Day>,
}

impl Schedule {
    /// The first day for a schedule that is set today: it is after tomorrow, so that a day up to tomorrow is left out.
    /// None if it has ended by then.
    pub fn first(&self, today: Day) -> Option<Day> {
        let earliest = today.plus_days(2).max(self.start);
        let day = match self.kind {
            ContributionKind::Monthly => {
                let months = (earliest.month() / 100 - self.start.month() / 100) * 12
                    + (earliest.month() % 100 - self.start.month() % 100);
                let in_month = self.start.plus_months(i32::try_from(months).unwrap_or(i32::MAX));
                if in_month < earliest { in_month.plus_months(1) } else { in_month }
            }
            ContributionKind::BiWeekly => {
                let steps = (self.start.days_until(earliest) + TWO_WEEKS - 1) / TWO_WEEKS;
                self.start.plus_days(steps * TWO_WEEKS)
            }
        };
        self.within(day)
    }

    /// The day after one on which there was a contribution. None if the schedule has ended by then.
    pub fn after(&self, day: Day) -> Option<Day> {
        self.within(match self.kind {
            ContributionKind::Monthly => day.plus_months(1),
            ContributionKind::BiWeekly => day.plus_days(TWO_WEEKS),
        })
    }

    fn within(&self, day: Day) -> Option<Day> {
        self.end.is_none_or(|end| day <= end).then_some(day)
    }
}

/// What is asked for of a plan; all optional, because a plan that is off may be incomplete.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct PlanTerms {
    /// None while the plan is off.
    pub kind: Option<ContributionKind>,
    pub amount: Option<Amount>,
    /// The account elsewhere that pays.
    pub external: Option<ExternalAccountId>,
    pub start: Option<Day>,
    pub end: Option<Day>,
}

impl PlanTerms {
    /// The days of the plan; None while it is off or incomplete.
    pub fn schedule(&self) -> Option<Schedule> {
        Some(Schedule { kind: self.kind?, start: self.start?, end: self.end })
    }
}

/// The recurring contribution of an account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ContributionPlan {
    pub account: AccountId,
    pub currency: CurrencyCode,
    pub decimals: Decimals,
    pub terms: PlanTerms,
    /// The day of the next contribution; None while there is none to come.
    pub next: Option<Day>,
    /// Contributions that were announced.
    pub runs: u32,
    /// Days on which none could be.
    pub failures: u32,
    /// Why the last one failed, as a reason of the API; None if it did not.
    pub last_failure: Option<String>,
    pub created_at: Moment,
    pub updated_at: Moment,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::day::Day;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn schedule(kind: ContributionKind, start: &str, end: Option<&str>) -> Schedule {
        Schedule { kind, start: day(start), end: end.map(day) }
    }

    /// Today is the 8th: start days up to tomorrow come in the following month, the others in this one.
    #[test]
    fn a_start_day_up_to_tomorrow_comes_a_month_later() {
        let examples = [
            ("2026-11-01", "2026-12-01"),
            ("2026-11-02", "2026-12-02"),
            ("2026-11-07", "2026-12-07"),
            ("2026-11-08", "2026-12-08"),
            ("2026-11-09", "2026-12-09"),
            ("2026-11-10", "2026-11-10"),
            ("2026-11-11", "2026-11-11"),
            ("2026-11-28", "2026-11-28"),
        ];
        for (start, first) in examples {
            let found = schedule(ContributionKind::Monthly, start, None).first(day("2026-11-08"));
            assert_eq!(found, Some(day(first)), "start {start}");
        }
    }

    #[test]
    fn the_first_day_is_after_tomorrow_and_not_before_the_start() {
        use ContributionKind::{BiWeekly, Monthly};
        for (kind, start, today, first) in [
            // Month ends and leap days.
            (Monthly, "2026-01-28", "2026-02-26", "2026-02-28"),
            (Monthly, "2026-01-28", "2026-02-27", "2026-03-28"),
            (Monthly, "2026-01-01", "2026-12-30", "2027-01-01"),
            (Monthly, "2026-01-01", "2026-12-31", "2027-02-01"),
            (Monthly, "2024-01-28", "2024-02-27", "2024-03-28"),
            (Monthly, "2023-12-01", "2024-02-28", "2024-03-01"),
            (Monthly, "2023-12-01", "2024-02-29", "2024-04-01"),
            (Monthly, "2023-12-01", "2023-02-27", "2023-12-01"),
            (Monthly, "2027-03-15", "2026-11-08", "2027-03-15"),
            (Monthly, "2020-05-20", "2026-11-08", "2026-11-20"),
            (BiWeekly, "2026-11-09", "2026-11-08", "2026-11-23"),
            (BiWeekly, "2026-11-10", "2026-11-08", "2026-11-10"),
            (BiWeekly, "2026-11-08", "2026-11-08", "2026-11-22"),
            (BiWeekly, "2026-10-27", "2026-11-08", "2026-11-10"),
            (BiWeekly, "2026-10-26", "2026-11-08", "2026-11-23"),
            (BiWeekly, "2024-02-15", "2024-02-15", "2024-02-29"),
            (BiWeekly, "2024-02-16", "2024-02-16", "2024-03-01"),
            (BiWeekly, "2027-01-01", "2026-11-08", "2027-01-01"),
        ] {
            assert_eq!(schedule(kind, start, None).first(day(today)), Some(day(first)), "{start} set on {today}");
        }
    }

    #[test]
    fn days_follow_each_other_until_the_end() {
        use ContributionKind::{BiWeekly, Monthly};
        for (kind, start, end, today, expected) in [
            (
                Monthly,
                "2023-11-28",
                Some("2024-03-28"),
                "2023-11-01",
                &["2023-11-28", "2023-12-28", "2024-01-28", "2024-02-28", "2024-03-28"][..],
            ),
            (Monthly, "2026-11-10", Some("2026-12-09"), "2026-11-08", &["2026-11-10"]),
            (Monthly, "2026-11-10", Some("2026-11-09"), "2026-11-08", &[]),
            (
                BiWeekly,
                "2024-02-15",
                Some("2024-03-30"),
                "2024-02-13",
                &["2024-02-15", "2024-02-29", "2024-03-14", "2024-03-28"],
            ),
            // Across both changes of the clock, days stay days.
            (BiWeekly, "2026-10-20", Some("2026-11-20"), "2026-10-08", &["2026-10-20", "2026-11-03", "2026-11-17"]),
        ] {
            let schedule = schedule(kind, start, end);
            let days: Vec<Day> =
                std::iter::successors(schedule.first(day(today)), |day| schedule.after(*day)).collect();
            assert_eq!(days, expected.iter().map(|text| day(text)).collect::<Vec<_>>(), "{start} to {end:?}");
        }
    }
}
