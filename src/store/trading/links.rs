//! Which execution or charge an entry follows from.

use crate::domain::ids::{ChargeSerial, EntrySeq, ExecutionSerial};
use crate::domain::named::named_enum;
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, WriteTx};

named_enum! {
    /// What an entry of the feed is.
    #[derive(PartialOrd, Ord)]
    pub enum TradePart {
        Profit = "profit",
        Commission = "commission",
        Swap = "swap",
        Fee = "fee",
        /// Protection in place of trading credit that was consumed; of a compensation, what it replaced of that.
        ProtectedCredit = "protected_credit",
        /// The trading credit that was consumed; of a compensation, what it restored.
        CreditConsumed = "credit_consumed",
        /// Protection that lifted the balance; of a compensation, what it replaced of that.
        ProtectedBalance = "protected_balance",
        /// All of a charge.
        Charge = "charge",
    }
}

/// What an entry of the feed follows from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TradeOrigin {
    Execution(ExecutionSerial, TradePart),
    Charge(ChargeSerial, TradePart),
}

impl ReadTx<'_> {
    /// Whether an entry follows from the feed of a platform.
    pub fn is_of_platform(&self, entry: EntrySeq) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM trade_entries WHERE entry_seq = ?1)";
        self.one(sql, [entry.0], |row| row.get(0))
    }
}

impl WriteTx<'_> {
    pub fn link_entry(&self, entry: EntrySeq, origin: TradeOrigin) -> Result<(), StoreError> {
        let (execution, charge, part) = match origin {
            TradeOrigin::Execution(row, part) => (Some(row.0), None, part),
            TradeOrigin::Charge(row, part) => (None, Some(row.0), part),
        };
        let sql = "INSERT INTO trade_entries (entry_seq, execution_id, charge_id, part) VALUES (?1, ?2, ?3, ?4)";
        self.run(sql, (entry.0, execution, charge, part.name())).map(|_| ())
    }
}
