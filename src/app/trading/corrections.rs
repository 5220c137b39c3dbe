//! Corrections of executions: cancelled, or replaced by other figures.

use crate::app::trading::arrivals::{awaited, refuse_position};
use crate::app::trading::derive::Work;
use crate::app::trading::session::{Fate, Session, Traded};
use crate::app::{Failure, to_json};
use crate::domain::ids::PlatformSerial;
use crate::domain::refusal::Refusal;
use crate::domain::trading::{
    Correction, CorrectionAction, ExecutionEntry, Figures, PlatformEvent, Recorded, Verdict, VolumeUnit,
};
use crate::store::Execution;
use std::rc::Rc;

/// What a correction refers to.
enum Corrected {
    Latest(Box<Execution>),
    Superseded,
    Unknown,
}

impl Session<'_, '_> {
    pub(super) fn take_correction(
        &mut self,
        work: &mut Work,
        event: &PlatformEvent,
        correction: &Correction,
    ) -> Result<Fate, Failure> {
        let (platform, unit) = match self.platform(event) {
            Ok(platform) => (platform.serial, platform.declared.volume_unit),
            Err(fate) => return Ok(fate),
        };
        let id = correction.execution.as_str();
        if let Some(fate) = self.refuse_repeat(work, platform, correction, unit)? {
            return Ok(fate);
        }
        let mut execution = match self.corrected(work, platform, &correction.corrects)? {
            Corrected::Latest(execution) => *execution,
            Corrected::Superseded => {
                let message = format!("{} was corrected before; name its latest correction", correction.corrects);
                return Ok(Fate::refused(Verdict::Superseded, message));
            }
            Corrected::Unknown => {
                let waits_for = awaited(platform, &work.account, &correction.corrects);
                let message = format!("there is no execution {} yet", correction.corrects);
                return Ok(Fate::parked(Verdict::UnknownExecution, waits_for, message));
            }
        };
        let traded = self.traded(&execution)?;
        let before = to_json(&execution.recorded)?;
        match &correction.action {
            CorrectionAction::Cancel => execution.is_cancelled = true,
            CorrectionAction::Replace(figures) => {
                if let Some(fate) = refuse_mode(work, figures) {
                    return Ok(fate);
                }
                match self.replaced(work, &traded, &execution, figures, unit)? {
                    Ok(recorded) => execution.recorded = recorded,
                    Err(fate) => return Ok(fate),
                }
                execution.is_cancelled = false;
            }
        }
        execution.version = Some(id.to_owned());
        self.context.tx.change_execution(&execution, &before, Some(id), self.context.now)?;
        work.changed(self.context, &traded, execution.place.at)?;
        self.appeared.insert(awaited(platform, &work.account, id));
        Ok(Fate::Accepted)
    }

    fn corrected(&self, work: &Work, platform: PlatformSerial, named: &str) -> Result<Corrected, Failure> {
        let (tx, book) = (self.context.tx, work.account.book);
        if let Some(execution) = tx.execution(book, platform, named)? {
            let is_latest = execution.version.is_none();
            return Ok(if is_latest { Corrected::Latest(Box::new(execution)) } else { Corrected::Superseded });
        }
        if let Some(execution) = tx.execution_corrected_by(book, platform, named)? {
            return Ok(Corrected::Latest(Box::new(execution)));
        }
        let is_known = tx.has_correction(book, platform, named)?;
        Ok(if is_known { Corrected::Superseded } else { Corrected::Unknown })
    }

    /// A correction that was applied before, under another event; or an execution that has its id.
    fn refuse_repeat(
        &mut self,
        work: &Work,
        platform: PlatformSerial,
        correction: &Correction,
        unit: VolumeUnit,
    ) -> Result<Option<Fate>, Failure> {
        let (tx, book, id) = (self.context.tx, work.account.book, correction.execution.as_str());
        let conflict = |message: String| Ok(Some(Fate::refused(Verdict::ConflictingRepeat, message)));
        if id == correction.corrects || tx.execution(book, platform, id)?.is_some() {
            return conflict(format!("{id} is an execution; a correction needs an id of its own"));
        }
        if let Some(latest) = tx.execution_corrected_by(book, platform, id)? {
            let traded = self.traded(&latest)?;
            let is_same = match &correction.action {
                CorrectionAction::Cancel => latest.is_cancelled,
                CorrectionAction::Replace(figures) => {
                    let again = self.replaced(work, &traded, &latest, figures, unit)?;
                    !latest.is_cancelled && again.is_ok_and(|again| again == latest.recorded)
                }
            };
            if is_same {
                return Ok(Some(Fate::Duplicate));
            }
            return conflict(format!("correction {id} came before, with other figures"));
        }
        Ok(tx.has_correction(book, platform, id)?.then_some(Fate::Duplicate))
    }

    pub(super) fn traded(&mut self, execution: &Execution) -> Result<Rc<Traded>, Failure> {
        let symbol = self.context.tx.symbol_numbered(execution.symbol)?.ok_or(Refusal::Internal)?;
        self.symbol(&symbol.declared.code)?.map_err(|_| Refusal::Internal.into())
    }

    /// The figures after a correction. What it leaves out stays.
    fn replaced(
        &mut self,
        work: &Work,
        traded: &Traded,
        execution: &Execution,
        figures: &Figures,
        unit: VolumeUnit,
    ) -> Result<Result<Recorded, Fate>, Failure> {
        let old = &execution.recorded;
        let new = match self.recorded(&work.account, traded, figures, unit)? {
            Ok(new) => new,
            // Without rates of its own it needs no present ones.
            Err(fate @ Fate::Parked { reason: Verdict::NoRate, .. }) if has_given_rate(figures) => {
                return Ok(Err(fate));
            }
            Err(Fate::Parked { reason: Verdict::NoRate, .. }) => {
                let (mut own, rates) = (figures.clone(), &old.rates);
                own.profit_rate = crate::domain::trading::number(&rates.profit.text(0, 12)).ok();
                let margin = rates.margin.as_ref().map(|rate| rate.text(0, 12));
                own.margin_rate = margin.and_then(|rate| crate::domain::trading::number(&rate).ok());
                match self.recorded(&work.account, traded, &own, unit)? {
                    Ok(mut new) => {
                        (new.rates.has_profit, new.rates.has_margin) = (false, false);
                        new
                    }
                    Err(fate) => return Ok(Err(fate)),
                }
            }
            Err(fate) => return Ok(Err(fate)),
        };
        let mut recorded = old.clone();
        let (rates, booked) = (&mut recorded.rates, &mut recorded.booked);
        if new.rates.has_profit {
            (rates.profit, rates.profit_high, rates.has_profit) = (new.rates.profit, new.rates.profit_high, true);
        }
        if new.rates.has_margin {
            (rates.margin, rates.has_margin) = (new.rates.margin, true);
        }
        booked.profit = new.booked.profit.or(booked.profit);
        booked.commission = new.booked.commission.or(booked.commission);
        booked.swap = new.booked.swap.or(booked.swap);
        booked.fee = new.booked.fee.or(booked.fee);
        booked.balance_after = new.booked.balance_after.or(booked.balance_after);
        recorded.side = new.side.or(recorded.side);
        recorded.entry = new.entry.or(recorded.entry);
        recorded.quantity = new.quantity.or(recorded.quantity);
        recorded.price = new.price.or(recorded.price);
        recorded.order = new.order.or(recorded.order);
        recorded.position_ref = new.position_ref.or(recorded.position_ref);
        let is_close_by = recorded.entry == Some(ExecutionEntry::OutBy);
        recorded.opposite_ref = figures.opposite_ref.clone().or(recorded.opposite_ref).filter(|_| is_close_by);
        let is_deal = recorded.side.is_some() && recorded.quantity.is_some() && recorded.price.is_some();
        if !is_close_by && !is_deal {
            return Ok(Err(Fate::refused(Verdict::Invalid, "a deal needs a side, a quantity and a price")));
        }
        recorded.reason = new.reason.or(recorded.reason);
        Ok(Ok(recorded))
    }
}

fn has_given_rate(figures: &Figures) -> bool {
    figures.profit_rate.is_some() && figures.margin_rate.is_some()
}

/// A replacement that names an entry is checked like an execution; one that leaves it out keeps what was checked.
fn refuse_mode(work: &Work, figures: &Figures) -> Option<Fate> {
    if figures.entry.is_none() || figures.position_ref.is_none() {
        return None;
    }
    refuse_position(&work.account, figures)
}
