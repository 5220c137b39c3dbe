//! Runs through the money of an account in the platform's order, for those who post protection and for the proof.

use crate::domain::clock::Moment;
use crate::domain::ids::{ChargeSerial, EntrySeq, ExecutionSerial, SymbolSerial};
use crate::domain::money::Amount;
use crate::domain::trading::{ClosingFill, Place, Protection, ProtectionTerms};
use std::collections::BTreeSet;
use std::iter::Peekable;
use std::vec::IntoIter;

/// Money that moved, in minor units.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Moved {
    pub balance: i128,
    /// Trading credit: part of the balance, except where protection moves it alone.
    pub credit: i128,
}

impl Moved {
    pub fn plus(self, other: Moved) -> Moved {
        Moved { balance: self.balance + other.balance, credit: self.credit + other.credit }
    }

    pub fn minus(self, other: Moved) -> Moved {
        Moved { balance: self.balance - other.balance, credit: self.credit - other.credit }
    }
}

impl Protection {
    /// What posting it moves. In place of the credit that it consumes comes as much of the broker's money.
    pub fn moved(self) -> Moved {
        Moved { balance: self.of_balance.minor().into(), credit: -i128::from(self.from_credit.minor()) }
    }
}

/// An execution, as far as protection depends on it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MoneyStep {
    pub serial: ExecutionSerial,
    pub place: Place,
    pub symbol: SymbolSerial,
    pub is_cancelled: bool,
    /// Whether it closed anything.
    pub closes: bool,
    /// Whether nothing is open in its symbol afterwards.
    pub leaves_flat: bool,
    /// Whether it, or its order, was a stop-out. Only told of what leaves its symbol flat.
    pub is_stop_out: bool,
    /// The last entry before it arrived.
    pub arrived: EntrySeq,
    /// None: recorded by an earlier version.
    pub terms: Option<ProtectionTerms>,
    /// What was posted for its profit.
    pub profit: Amount,
    /// What was posted for its profit, commission, swap and fee.
    pub moved: i128,
    /// What was posted as its protection.
    pub protection: Protection,
}

/// Money that a platform booked outside executions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MoneyCharge {
    pub serial: ChargeSerial,
    pub at: Moment,
    /// Nanoseconds beyond `at`.
    pub nanos: u32,
    pub sequence: Option<i64>,
    pub moved: Moved,
    /// Whether the platform compensated a negative balance with it.
    pub is_compensation: bool,
    /// The protection that was taken back because of it. None: not a compensation, or one that an earlier version
    /// recorded, which took nothing back.
    pub offset: Option<Protection>,
}

impl MoneyCharge {
    /// For the proof: what an earlier version recorded as a compensation replaced nothing.
    pub fn as_posted(self) -> MoneyCharge {
        MoneyCharge { is_compensation: self.is_compensation && self.offset.is_some(), ..self }
    }
}

/// The money of an account at a place among its executions.
pub struct ProtectionRun {
    /// Money that came from the platform, and protection.
    money: Moved,
    /// Protection that no compensation has replaced yet.
    outstanding: Moved,
    /// Symbols in which something is open.
    held: BTreeSet<SymbolSerial>,
    charges: Peekable<IntoIter<MoneyCharge>>,
    /// Entries of other origin, each with the sum of all up to it.
    others: Vec<(EntrySeq, Moved)>,
    /// Compensations so far, with the protection that each replaces.
    offsets: Vec<(MoneyCharge, Protection)>,
}

impl ProtectionRun {
    /// `charges` and `others`, entries of other origin, are in order. `money` and `outstanding` are what was there
    /// before them: all money, and the protection that was not replaced.
    pub fn new(
        (money, outstanding): (Moved, Moved),
        held: impl IntoIterator<Item = SymbolSerial>,
        charges: Vec<MoneyCharge>,
        mut others: Vec<(EntrySeq, Moved)>,
    ) -> ProtectionRun {
        let mut sum = Moved::default();
        for (_, moved) in &mut others {
            sum = sum.plus(*moved);
            *moved = sum;
        }
        let (held, charges) = (held.into_iter().collect(), charges.into_iter().peekable());
        ProtectionRun { money, outstanding, held, charges, others, offsets: Vec::new() }
    }

    /// The protection of the next execution.
    pub fn step(&mut self, step: &MoneyStep, terms: ProtectionTerms) -> Protection {
        let place = (step.place.time(), step.place.sequence);
        while let Some(charge) = self.charges.next_if(|charge| ((charge.at, charge.nanos), charge.sequence) <= place) {
            self.charge(charge);
        }
        if step.leaves_flat {
            self.held.remove(&step.symbol);
        } else {
            self.held.insert(step.symbol);
        }
        self.money.balance += step.moved;
        let fill = ClosingFill {
            leaves_flat: self.held.is_empty() && step.closes && !step.is_cancelled,
            is_stop_out: step.is_stop_out,
            profit: step.profit,
        };
        // Other money counts if it was there when the execution arrived.
        let others = self.others.partition_point(|(seq, _)| *seq <= step.arrived);
        let others = others.checked_sub(1).and_then(|last| self.others.get(last));
        let money = others.map_or(self.money, |(_, moved)| self.money.plus(*moved));
        let protection = Protection::of(terms, fill, money);
        self.protect(protection);
        protection
    }

    /// An execution whose terms are not known has the protection that was posted.
    pub fn step_as_posted(&mut self, step: &MoneyStep) {
        let _ = self.step(step, ProtectionTerms::default());
        self.protect(step.protection);
    }

    /// After the last execution: all compensations, with the protection that each replaces.
    pub fn finish(mut self) -> Vec<(MoneyCharge, Protection)> {
        while let Some(charge) = self.charges.next() {
            self.charge(charge);
        }
        self.offsets
    }

    fn protect(&mut self, protection: Protection) {
        self.money = self.money.plus(protection.moved());
        self.outstanding = self.outstanding.plus(protection.moved());
    }

    /// The platform has made the client whole: its money replaces protection so far, that of the balance first.
    fn charge(&mut self, charge: MoneyCharge) {
        self.money = self.money.plus(charge.moved);
        if !charge.is_compensation {
            return;
        }
        let part = |wanted: i128, there: i128| {
            let part = wanted.min(there).max(0);
            (wanted - part, Amount::from_minor(i64::try_from(part).unwrap_or(i64::MAX)))
        };
        let (rest, of_balance) = part(charge.moved.balance, self.outstanding.balance);
        let (_, from_credit) = part(rest, -self.outstanding.credit);
        let offset = Protection { from_credit, of_balance };
        self.money = self.money.minus(offset.moved());
        self.outstanding = self.outstanding.minus(offset.moved());
        self.offsets.push((charge, offset));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::PlatformSerial;
    use crate::domain::trading::ProtectAfter;
    use crate::domain::trading::sample::minor;

    fn loss(second: i64, loss: i64) -> MoneyStep {
        let place = Place {
            at: Moment::from_unix_ms(second * 1000),
            nanos: 0,
            sequence: None,
            execution_id: second.to_string(),
            platform: PlatformSerial(1),
        };
        MoneyStep {
            serial: ExecutionSerial(second),
            place,
            symbol: SymbolSerial(1),
            is_cancelled: false,
            closes: true,
            leaves_flat: true,
            is_stop_out: false,
            arrived: EntrySeq(0),
            terms: None,
            profit: minor(-loss),
            moved: i128::from(-loss),
            protection: Protection::default(),
        }
    }

    fn compensation(second: i64, amount: i128) -> MoneyCharge {
        MoneyCharge {
            serial: ChargeSerial(second),
            at: Moment::from_unix_ms(second * 1000),
            nanos: 0,
            sequence: None,
            moved: Moved { balance: amount, credit: 0 },
            is_compensation: true,
            offset: Some(Protection::default()),
        }
    }

    /// Protection as (from credit, of balance).
    type Shown = Vec<(i64, i64)>;

    /// Protection of each loss and of each compensation the protection that it replaces; and the money at
    /// the end.
    fn run(
        (balance, credit): (i128, i128),
        steps: &[MoneyStep],
        charges: Vec<MoneyCharge>,
    ) -> (Shown, Shown, (i128, i128)) {
        let terms = ProtectionTerms { after: Some(ProtectAfter::AnyClose), minimum: Amount::ZERO };
        let start = (Moved { balance, credit }, Moved::default());
        let moved = |protection: Protection| (protection.from_credit.minor(), protection.of_balance.minor());
        let mut end = Moved { balance, credit };
        let mut run = ProtectionRun::new(start, [], charges, Vec::new());
        let mut protection = Vec::new();
        for step in steps {
            let due = run.step(step, terms);
            end = end.plus(Moved { balance: step.moved, credit: 0 }).plus(due.moved());
            protection.push(moved(due));
        }
        let mut offsets = Vec::new();
        for (charge, offset) in run.finish() {
            end = end.plus(charge.moved).minus(offset.moved());
            offsets.push(moved(offset));
        }
        (protection, offsets, (end.balance, end.credit))
    }

    #[test]
    fn a_compensation_replaces_protection_and_makes_nobody_whole_twice() {
        let lost = [loss(10, 300)];
        let after = |amount| run((100, 0), &lost, vec![compensation(20, amount)]);
        assert_eq!(after(200), (vec![(0, 200)], vec![(0, 200)], (0, 0)));
        // What it lacks stays ours, and what it has beyond is the client's.
        assert_eq!(after(150), (vec![(0, 200)], vec![(0, 150)], (0, 0)));
        assert_eq!(after(250), (vec![(0, 200)], vec![(0, 200)], (50, 0)));
        // Before the loss it is money that was there.
        let before = |amount| run((100, 0), &lost, vec![compensation(5, amount)]);
        assert_eq!(before(200), (vec![(0, 0)], vec![(0, 0)], (0, 0)));
        assert_eq!(before(150), (vec![(0, 50)], vec![(0, 0)], (0, 0)));
        let twice = run((100, 0), &lost, vec![compensation(20, 150), compensation(21, 70)]);
        assert_eq!(twice, (vec![(0, 200)], vec![(0, 150), (0, 50)], (20, 0)));
    }

    #[test]
    fn a_compensation_that_an_earlier_version_recorded_replaces_nothing_in_the_proof() {
        let earlier = MoneyCharge { offset: None, ..compensation(20, 200) };
        let of = |charge: MoneyCharge| run((100, 0), &[loss(10, 300)], vec![charge.as_posted()]).1;
        assert_eq!(of(earlier), []);
        assert_eq!(of(compensation(20, 200)), [(0, 200)]);
    }

    #[test]
    fn a_compensation_restores_credit_last() {
        // 100 of credit within a balance of 150: own money is -150 after the loss.
        let after = |amount| run((150, 100), &[loss(10, 200)], vec![compensation(20, amount)]);
        assert_eq!(after(50), (vec![(100, 50)], vec![(0, 50)], (0, 0)));
        assert_eq!(after(150), (vec![(100, 50)], vec![(100, 50)], (100, 100)));
    }

    #[test]
    fn one_compensation_replaces_the_protection_of_several_losses() {
        let charges = vec![compensation(40, 350), compensation(60, 10)];
        let steps = [loss(10, 300), loss(30, 100), loss(50, 20)];
        let expected = (vec![(0, 200), (0, 100), (0, 0)], vec![(0, 300), (0, 0)], (40, 0));
        assert_eq!(run((100, 0), &steps, charges), expected);
    }
}
