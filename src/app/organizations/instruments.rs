//! Instruments: the currencies that a ledger keeps accounts in. The default ledger has one for each currency of the
//! reference file.

use crate::app::organizations::ledger;
use crate::app::reference::IsoCurrency;
use crate::app::{Command, Context, Failure, Query, View};
use crate::domain::access::{ObjectKind, Right};
use crate::domain::ids::{DEFAULT_LEDGER, InstrumentId};
use crate::domain::organizations::{
    Instrument, NAME_MAX, Place, RecordChange, RecordFilter, is_crypto, usual_decimals,
};
use crate::domain::reference::CurrencyCode;
use crate::domain::refusal::{Field, Noun, Refusal, Remainder};
use crate::domain::text;
use crate::store::{CurrencyRow, ReadTx};

/// Adds an instrument to a ledger. A code that no currency has yet makes a currency. One that the reference file does
/// not offer can be used in this ledger alone.
///
/// Refusals: unknown ledger; invalid texts; the ledger has an instrument with this code.
pub struct CreateInstrument {
    pub place: Place,
    /// The name is required.
    pub notes: RecordChange,
    pub kind: String,
    pub code: CurrencyCode,
    /// Of the currency, if the code makes one; None for what is usual for its sort.
    pub iso: Option<IsoCurrency>,
}

impl Command for CreateInstrument {
    type Outcome = Instrument;
    const ACTION: &'static str = "instrument.create";
    const RIGHT: Right = Right::Administer;

    fn run(self, context: &Context<'_>) -> Result<Instrument, Failure> {
        let (name, record) = self.notes.of_new(context.now)?;
        let kind = text::title(Field::Kind, self.kind, NAME_MAX)?;
        if kind.trim().is_empty() {
            return Err(Refusal::Required { field: Field::Kind }.into());
        }
        let ledger = ledger(context.tx, self.place)?;
        let code = self.code;
        if context.tx.instrument_of_code(ledger.row, code.as_str())?.is_some() {
            return Err(Refusal::NameTaken(Noun::Instrument).into());
        }
        let present = context.tx.currency(&code)?;
        let is_declared = present.as_ref().is_some_and(|currency| currency.enabled && !currency.is_made_by_caller);
        if present.is_none() {
            let decimals = self.iso.map(|iso| iso.decimals).or(usual_decimals(&kind)).ok_or(Refusal::Internal)?;
            context.tx.put_currency(&CurrencyRow {
                code: code.clone(),
                name: name.clone(),
                decimals,
                numeric_code: self.iso.map(|iso| iso.numeric_code),
                is_crypto: is_crypto(&kind),
                enabled: true,
                is_made_by_caller: true,
            })?;
        }
        let id = InstrumentId::new(context.now, context.app.randomness());
        let new = Instrument { row: 0, id, code: code.to_string(), name, kind, is_declared, record };
        context.tx.add_instrument(ledger.row, &new)?;
        context.concerns(ObjectKind::Instrument, id.uuid());
        Ok(new)
    }
}

fn instrument(tx: &ReadTx<'_>, place: Place, id: InstrumentId) -> Result<Instrument, Failure> {
    let ledger = ledger(tx, place)?;
    let found = tx.instrument(ledger.row, id)?;
    Ok(found.ok_or(Refusal::NotFound { noun: Noun::Instrument, field: None })?)
}

/// Changes what a caller notes on an instrument; None leaves a field as it is. Refusals: unknown; invalid texts.
pub struct ChangeInstrument {
    pub place: Place,
    pub id: InstrumentId,
    pub notes: RecordChange,
}

impl Command for ChangeInstrument {
    type Outcome = Instrument;
    const ACTION: &'static str = "instrument.change";
    const RIGHT: Right = Right::Administer;

    fn run(self, context: &Context<'_>) -> Result<Instrument, Failure> {
        let mut changed = instrument(context.tx, self.place, self.id)?;
        self.notes.apply(&mut changed.name, &mut changed.record, context.now)?;
        context.tx.change_instrument(&changed)?;
        context.concerns(ObjectKind::Instrument, changed.id.uuid());
        Ok(changed)
    }
}

/// Takes an instrument out of a ledger; its currency stays. Refusals: unknown; that of a currency of the reference file
/// in the default ledger; accounts that are not archived have it.
pub struct DeleteInstrument {
    pub place: Place,
    pub id: InstrumentId,
}

impl Command for DeleteInstrument {
    type Outcome = ();
    const ACTION: &'static str = "instrument.delete";
    const RIGHT: Right = Right::Administer;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let found = instrument(context.tx, self.place, self.id)?;
        context.concerns(ObjectKind::Instrument, found.id.uuid());
        if found.is_declared && ledger(context.tx, self.place)?.row == DEFAULT_LEDGER {
            return Err(Refusal::Permanent(Noun::Instrument).into());
        }
        if context.tx.is_instrument_used(found.row)? {
            return Err(Refusal::NotEmpty(Remainder::Children).into());
        }
        Ok(context.tx.delete_instrument(found.row, context.now)?)
    }
}

pub struct GetInstrument {
    pub place: Place,
    pub id: InstrumentId,
}

impl Query for GetInstrument {
    type Answer = Instrument;
    const RIGHT: Right = Right::ReadReference;

    fn run(self, view: &View<'_>) -> Result<Instrument, Failure> {
        instrument(view.tx, self.place, self.id)
    }
}

/// The instruments of a ledger, the newest first.
pub struct ListInstruments {
    pub place: Place,
    pub filter: RecordFilter,
}

impl Query for ListInstruments {
    type Answer = Vec<Instrument>;
    const RIGHT: Right = Right::ReadReference;

    fn run(self, view: &View<'_>) -> Result<Vec<Instrument>, Failure> {
        let ledger = ledger(view.tx, self.place)?;
        Ok(self.filter.apply(view.tx.instruments(ledger.row)?, |instrument| &instrument.record.metadata))
    }
}
