//! Watches a clock for leaps, by comparing it with one that cannot be set.
//!
//! A leap ahead is not trusted: what is recorded in the future holds up all later times, which never decrease.
//! A clock that was set back is trusted, because it does no such harm.

use crate::domain::clock::{Moment, Reading};

/// How far a clock may leap, in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClockLimits {
    /// Ahead, between two readings.
    pub ahead_ms: i64,
    /// Back, between two readings.
    pub back_ms: i64,
    /// From the last recorded moment to the start of the process. Machines may be off for long.
    pub pause_ms: i64,
}

impl Default for ClockLimits {
    fn default() -> Self {
        ClockLimits { ahead_ms: 3_600_000, back_ms: 60_000, pause_ms: 90 * 86_400_000 }
    }
}

/// A clock that is further ahead than it may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClockLeap {
    /// How far it is ahead, in milliseconds; at a start, how long after the last recorded moment.
    pub by_ms: i64,
    /// The best guess of the true time: what it would be without the leap. At a start nothing but the clock itself is
    /// known.
    pub presumed: Moment,
}

/// What a reading says about the clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It is trusted.
    Right,
    /// It is trusted again, after a leap.
    RightAgain,
    /// It is trusted, and was set back by this many milliseconds.
    SetBack(i64),
    /// It leapt ahead, which was not known before.
    Leapt(ClockLeap),
    /// It is still ahead.
    StillAhead(ClockLeap),
}

/// What the next process on the machine has to know.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct ClockMemory {
    /// Which start of the machine the offsets belong to; the steady clock begins anew with each.
    pub boot: String,
    /// The offset of the last trusted reading.
    pub offset_ms: i64,
    /// The highest offset of a trusted reading.
    pub highest_ms: i64,
    /// The time to which the clock leapt, if it has not been trusted since.
    pub ahead_at: Option<Moment>,
}

impl ClockMemory {
    /// Stands for a memory that was lost. The clock may have leapt as soon as it was last recorded, so a process that
    /// starts later than the limit has to be confirmed.
    pub fn of_unknown(limits: ClockLimits, recorded: Option<Moment>) -> ClockMemory {
        let ahead_at = recorded.map(|at| at.plus_ms(limits.ahead_ms));
        ClockMemory { boot: String::new(), offset_ms: 0, highest_ms: 0, ahead_at }
    }

    /// Whether the two differ by less than `slack_ms`.
    pub fn is_like(&self, other: &ClockMemory, slack_ms: i64) -> bool {
        let is_near = |a: i64, b: i64| a.abs_diff(b) < slack_ms.unsigned_abs();
        (&self.boot, self.ahead_at) == (&other.boot, other.ahead_at)
            && is_near(self.offset_ms, other.offset_ms)
            && is_near(self.highest_ms, other.highest_ms)
    }
}

/// Judges the readings of a clock.
#[derive(Clone, Copy, Debug)]
pub struct ClockWatch {
    limits: ClockLimits,
    offset_ms: i64,
    /// A clock that was set back by mistake may return to this offset.
    highest_ms: i64,
    /// The latest time that can be believed before any reading was trusted; the offsets are those of the last recorded
    /// moment. None once there is something to compare with.
    believed_until: Option<Moment>,
    /// The time to which the clock leapt, if it is not trusted.
    ahead_at: Option<Moment>,
}

impl ClockWatch {
    /// A watch that trusts this reading.
    pub fn trusting(limits: ClockLimits, now: Reading) -> ClockWatch {
        let offset_ms = now.offset_ms();
        ClockWatch { limits, offset_ms, highest_ms: offset_ms, believed_until: None, ahead_at: None }
    }

    /// A watch for a process that starts now. If the machine has not been started anew, it goes on with what the last
    /// process remembered; else with the last recorded moment. Without either, this reading is trusted.
    pub fn starting(
        limits: ClockLimits,
        now: Reading,
        boot: Option<&str>,
        memory: Option<&ClockMemory>,
        recorded: Option<Moment>,
    ) -> ClockWatch {
        if let Some(memory) = memory.filter(|memory| Some(memory.boot.as_str()) == boot) {
            let ClockMemory { offset_ms, highest_ms, .. } = *memory;
            return ClockWatch { offset_ms, highest_ms, ..ClockWatch::trusting(limits, now) };
        }
        let Some(recorded) = recorded else { return ClockWatch::trusting(limits, now) };
        let after_pause = recorded.plus_ms(limits.pause_ms);
        let believed_until = memory.and_then(|memory| memory.ahead_at).map_or(after_pause, |at| at.min(after_pause));
        let last = Reading { time: recorded, ..now };
        ClockWatch { believed_until: Some(believed_until), ..ClockWatch::trusting(limits, last) }
    }

    pub fn is_ahead(&self) -> bool {
        self.ahead_at.is_some()
    }

    /// What the next process has to know.
    pub fn memory(&self, boot: String) -> ClockMemory {
        ClockMemory { boot, offset_ms: self.offset_ms, highest_ms: self.highest_ms, ahead_at: self.ahead_at }
    }

    /// The offset of the last trusted reading.
    pub fn offset_ms(&self) -> i64 {
        self.offset_ms
    }

    pub fn judge(&mut self, now: Reading) -> Verdict {
        let by_ms = now.offset_ms().saturating_sub(self.highest_ms);
        let (is_ahead, presumed) = match self.believed_until {
            Some(latest) => (now.time > latest, now.time),
            None => {
                let presumed = Moment::from_unix_ms(now.steady_ms.saturating_add(self.offset_ms));
                (by_ms > self.limits.ahead_ms, presumed)
            }
        };
        if is_ahead {
            let leap = ClockLeap { by_ms, presumed };
            if self.ahead_at.is_some() {
                return Verdict::StillAhead(leap);
            }
            self.ahead_at = Some(now.time);
            return Verdict::Leapt(leap);
        }
        let back_ms = self.offset_ms.saturating_sub(now.offset_ms());
        let (was_ahead, highest_ms) = (self.ahead_at.is_some(), self.highest_ms.max(now.offset_ms()));
        *self = ClockWatch { highest_ms, ..ClockWatch::trusting(self.limits, now) };
        match was_ahead {
            _ if back_ms > self.limits.back_ms => Verdict::SetBack(back_ms),
            true => Verdict::RightAgain,
            false => Verdict::Right,
        }
    }

    /// Trusts this reading, however far it is off.
    pub fn accept(&mut self, now: Reading) {
        *self = ClockWatch::trusting(self.limits, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;
    const DAY: i64 = 24 * HOUR;
    const START: i64 = 1_800_000_000_000;

    fn at(time_ms: i64, steady_ms: i64) -> Reading {
        Reading { time: Moment::from_unix_ms(START + time_ms), steady_ms }
    }

    fn watch() -> ClockWatch {
        ClockWatch::trusting(ClockLimits::default(), at(0, 0))
    }

    #[test]
    fn time_that_passes_on_both_clocks_is_no_leap() {
        let mut watch = watch();
        assert_eq!(watch.judge(at(400 * DAY, 400 * DAY)), Verdict::Right);
        assert_eq!(watch.judge(at(401 * DAY + HOUR, 401 * DAY)), Verdict::Right, "at the limit");
        assert_eq!(
            watch.judge(at(401 * DAY + 2 * HOUR, 401 * DAY)),
            Verdict::Right,
            "compared with the reading before"
        );
        assert_eq!(watch.judge(at(402 * DAY + 2 * HOUR - 60_000, 402 * DAY)), Verdict::Right, "at the other limit");
    }

    #[test]
    fn a_leap_ahead_is_known_until_the_clock_is_right_again_or_accepted() {
        let mut watch = watch();
        let leap = |passed: i64| ClockLeap { by_ms: DAY, presumed: Moment::from_unix_ms(START + passed) };
        assert_eq!(watch.judge(at(DAY + 10, 10)), Verdict::Leapt(leap(10)));
        assert_eq!(watch.judge(at(DAY + 20, 20)), Verdict::StillAhead(leap(20)));
        assert_eq!(watch.judge(at(HOUR, 30)), Verdict::RightAgain);
        assert_eq!(watch.judge(at(HOUR + DAY + 10, 40)), Verdict::Leapt(leap(HOUR + 10)));
        watch.accept(at(HOUR + DAY + 20, 50));
        assert_eq!(watch.judge(at(HOUR + DAY + 30, 60)), Verdict::Right);
    }

    #[test]
    fn a_clock_that_was_set_back_is_trusted_at_once() {
        let mut watch = watch();
        assert_eq!(watch.judge(at(-DAY, 0)), Verdict::SetBack(DAY));
        assert_eq!(watch.judge(at(-DAY + 10, 10)), Verdict::Right);
        assert_eq!(watch.judge(at(20, 20)), Verdict::Right, "it was set right again");
        assert_eq!(watch.judge(at(-DAY, 30)), Verdict::SetBack(DAY - 10 + 40));
        assert!(matches!(watch.judge(at(2 * HOUR, 40)), Verdict::Leapt(_)), "further than it ever was");
    }

    #[test]
    fn a_long_pause_before_a_start_is_honest_and_a_longer_one_is_not() {
        let recorded = Some(Moment::from_unix_ms(START));
        let start = |now| ClockWatch::starting(ClockLimits::default(), now, None, None, recorded);
        assert_eq!(start(at(90 * DAY, 7)).judge(at(90 * DAY, 7)), Verdict::Right);
        assert_eq!(start(at(-HOUR, 7)).judge(at(-HOUR, 7)), Verdict::SetBack(HOUR));
        let mut watch = start(at(91 * DAY, 7));
        let leap = ClockLeap { by_ms: 91 * DAY, presumed: at(91 * DAY, 0).time };
        assert_eq!(watch.judge(at(91 * DAY, 7)), Verdict::Leapt(leap));
        assert_eq!(watch.judge(at(30 * DAY, 8)), Verdict::RightAgain);
        assert!(matches!(watch.judge(at(31 * DAY, 9)), Verdict::Leapt(_)), "from then on the usual limit holds");
    }

    #[test]
    fn a_new_process_remembers_a_leap_even_if_the_machine_was_started_anew() {
        let mut watch = watch();
        assert!(matches!(watch.judge(at(DAY, 0)), Verdict::Leapt(_)));
        let memory = watch.memory("first".into());
        let judge = |boot, now| {
            let recorded = Some(Moment::from_unix_ms(START));
            ClockWatch::starting(ClockLimits::default(), now, Some(boot), Some(&memory), recorded).judge(now)
        };
        assert!(matches!(judge("first", at(DAY + 10, 10)), Verdict::Leapt(_)));
        assert_eq!(judge("first", at(10, 10)), Verdict::Right);
        assert!(matches!(judge("second", at(DAY + HOUR, 5)), Verdict::Leapt(_)));
        assert_eq!(judge("second", at(DAY - 10, 5)), Verdict::Right, "earlier than the leap");
    }
}
