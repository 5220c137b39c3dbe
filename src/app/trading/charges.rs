//! Money that platforms book outside executions: swap, financing, dividends, and their own money operations.

use crate::app::Failure;
use crate::app::trading::derive::Work;
use crate::app::trading::posting::Move;
use crate::app::trading::session::{Fate, Session};
use crate::domain::ledger::{EntryKind, House};
use crate::domain::money::{Amount, AmountError, DecimalText, Decimals, ExtraDecimals};
use crate::domain::reference::SwapBookedBy;
use crate::domain::refusal::Refusal;
use crate::domain::trading::{Charge, ChargeKind, PlatformEvent, Verdict};
use crate::store::{NewCharge, TradeOrigin, TradePart};

/// An amount of the feed, rounded half away from zero. What rounds to zero is zero.
pub(super) fn rounded(amount: DecimalText, decimals: Decimals) -> Result<Amount, Fate> {
    match amount.to_amount(decimals, ExtraDecimals::RoundHalfAway) {
        Ok(amount) => Ok(amount),
        Err(AmountError::RoundsToZero) => Ok(Amount::ZERO),
        Err(error) => Err(Fate::refused(Verdict::Overflow, format!("an amount has {error}"))),
    }
}

fn entry_kind(kind: ChargeKind) -> EntryKind {
    match kind {
        ChargeKind::Swap => EntryKind::Swap,
        ChargeKind::Funding => EntryKind::Funding,
        ChargeKind::Dividend => EntryKind::Dividend,
        ChargeKind::Deposit | ChargeKind::Withdrawal => EntryKind::Balance,
        ChargeKind::CreditIn | ChargeKind::CreditOut => EntryKind::Credit,
        ChargeKind::Compensation => EntryKind::NegativeBalanceProtection,
    }
}

impl Session<'_, '_> {
    pub(super) fn take_charge(
        &mut self,
        work: &mut Work,
        event: &PlatformEvent,
        charge: &Charge,
    ) -> Result<Fate, Failure> {
        let symbol = match &charge.symbol {
            None => None,
            Some(code) => match self.symbol(code)? {
                Ok(traded) => Some(traded.symbol.serial),
                Err(fate) => return Ok(fate),
            },
        };
        let platform = match self.platform(event) {
            Ok(platform) => platform,
            Err(fate) => return Ok(fate),
        };
        if charge.kind == ChargeKind::Swap {
            if platform.declared.swap_booked_by == SwapBookedBy::ClosingDeal {
                let message = "the reference data says that closing deals of this platform book swap";
                return Ok(Fate::refused(Verdict::SwapBookedByDeals, message));
            }
            let group = &work.group;
            if group.is_swap_free {
                let message = format!("accounts of group {} bear no swap", group.code);
                return Ok(Fate::parked(Verdict::SwapFree, format!("group:{}", group.code), message));
            }
        }
        let amount = match rounded(charge.amount, work.account.decimals) {
            Ok(amount) => amount,
            Err(fate) => return Ok(fate),
        };
        let kind = entry_kind(charge.kind);
        let row = self.context.tx.add_charge(&NewCharge {
            account: work.account.book,
            platform: platform.serial,
            event: &event.id,
            kind,
            amount,
            symbol,
            position_ref: charge.position_ref.as_deref(),
            at: event.at,
            nanos: event.nanos,
            sequence: event.sequence,
        })?;
        let house = House::counterpart(kind).ok_or(Refusal::Internal)?;
        let comment = charge.comment.as_deref().unwrap_or_default();
        let origin = TradeOrigin::Charge(row, TradePart::Charge);
        work.post(self.context, &Move { kind, house, amount, at: event.at, comment, origin })?;
        work.changes_at(event.at);
        work.has_charges = true;
        Ok(Fate::Accepted)
    }
}
