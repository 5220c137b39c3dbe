//! Money that platforms booked outside executions.

use crate::domain::clock::Moment;
use crate::domain::ids::{BookId, ChargeSerial, PlatformSerial, SymbolSerial};
use crate::domain::ledger::EntryKind;
use crate::domain::money::Amount;
use crate::store::StoreError;
use crate::store::database::transaction::{WriteTx, sql};
use crate::store::trading::nanos;

/// A charge to be recorded.
#[derive(Clone, Copy, Debug)]
pub struct NewCharge<'a> {
    pub account: BookId,
    pub platform: PlatformSerial,
    pub event: &'a str,
    pub kind: EntryKind,
    /// Signed as the client sees it.
    pub amount: Amount,
    pub symbol: Option<SymbolSerial>,
    pub position_ref: Option<&'a str>,
    pub at: Moment,
    /// Nanoseconds beyond `at`.
    pub nanos: u32,
    pub sequence: Option<i64>,
}

impl WriteTx<'_> {
    pub fn add_charge(&self, new: &NewCharge<'_>) -> Result<ChargeSerial, StoreError> {
        // A compensation has replaced no protection yet; other charges never do.
        let offset = (new.kind == EntryKind::NegativeBalanceProtection).then_some(0);
        let params = (
            new.account.0,
            new.platform.0,
            new.event,
            new.kind.name(),
            new.amount.minor(),
            new.symbol.map(|symbol| symbol.0),
            new.position_ref,
            new.at.unix_ms(),
            new.sequence,
            nanos(new.nanos),
            offset,
        );
        self.insert(sql!("trading/add_charge"), params).map(ChargeSerial)
    }
}
