//! Ledgers: the sets of books of an organization. Entries never cross them.

use crate::app::organizations::organization;
use crate::app::{Command, Context, Failure, Query, View};
use crate::domain::access::{ObjectKind, Right};
use crate::domain::ids::{DEFAULT_LEDGER, LedgerId, OrganizationId};
use crate::domain::organizations::{Ledger, Place, RecordChange, RecordFilter};
use crate::domain::refusal::{Noun, Refusal, Remainder};
use crate::store::ReadTx;

/// Creates a ledger. Refusals: unknown organization; invalid texts; another ledger of the organization has the name.
pub struct CreateLedger {
    pub organization: OrganizationId,
    /// The name is required.
    pub notes: RecordChange,
}

impl Command for CreateLedger {
    type Outcome = Ledger;
    const ACTION: &'static str = "ledger.create";
    const RIGHT: Right = Right::Administer;

    fn run(self, context: &Context<'_>) -> Result<Ledger, Failure> {
        let (name, record) = self.notes.of_new(context.now)?;
        let organization = organization(context.tx, self.organization)?.id;
        let new =
            Ledger { row: 0, id: LedgerId::new(context.now, context.app.randomness()), organization, name, record };
        check_name(context, &new)?;
        context.tx.add_ledger(&new)?;
        context.concerns(ObjectKind::Ledger, new.id.uuid());
        ledger(context.tx, Place { organization, ledger: new.id })
    }
}

fn check_name(context: &Context<'_>, ledger: &Ledger) -> Result<(), Failure> {
    let is_taken = |other: &Ledger| other.id != ledger.id && other.name == ledger.name;
    match context.tx.ledgers(ledger.organization)?.iter().any(is_taken) {
        true => Err(Refusal::NameTaken(Noun::Ledger).into()),
        false => Ok(()),
    }
}

/// A ledger that is not deleted, of an organization that is not.
pub(in crate::app) fn ledger(tx: &ReadTx<'_>, place: Place) -> Result<Ledger, Failure> {
    organization(tx, place.organization)?;
    let found = tx.ledger(place.organization, place.ledger)?;
    Ok(found.ok_or(Refusal::NotFound { noun: Noun::Ledger, field: None })?)
}

/// Changes a ledger; None leaves a field as it is. Refusals: unknown; invalid texts; name taken.
pub struct ChangeLedger {
    pub place: Place,
    pub notes: RecordChange,
}

impl Command for ChangeLedger {
    type Outcome = Ledger;
    const ACTION: &'static str = "ledger.change";
    const RIGHT: Right = Right::Administer;

    fn run(self, context: &Context<'_>) -> Result<Ledger, Failure> {
        let mut changed = ledger(context.tx, self.place)?;
        self.notes.apply(&mut changed.name, &mut changed.record, context.now)?;
        check_name(context, &changed)?;
        context.tx.change_ledger(&changed)?;
        context.concerns(ObjectKind::Ledger, changed.id.uuid());
        Ok(changed)
    }
}

/// Deletes a ledger. Refusals: unknown; the default one; it has instruments, portfolios or products.
pub struct DeleteLedger {
    pub place: Place,
}

impl Command for DeleteLedger {
    type Outcome = ();
    const ACTION: &'static str = "ledger.delete";
    const RIGHT: Right = Right::Administer;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let found = ledger(context.tx, self.place)?;
        context.concerns(ObjectKind::Ledger, found.id.uuid());
        if found.row == DEFAULT_LEDGER {
            return Err(Refusal::Permanent(Noun::Ledger).into());
        }
        if context.tx.is_ledger_used(found.row)? {
            return Err(Refusal::NotEmpty(Remainder::Children).into());
        }
        Ok(context.tx.delete_ledger(found.row, context.now)?)
    }
}

pub struct GetLedger {
    pub place: Place,
}

impl Query for GetLedger {
    type Answer = Ledger;
    const RIGHT: Right = Right::ReadReference;

    fn run(self, view: &View<'_>) -> Result<Ledger, Failure> {
        ledger(view.tx, self.place)
    }
}

/// The ledgers of an organization, the newest first.
pub struct ListLedgers {
    pub organization: OrganizationId,
    pub filter: RecordFilter,
}

impl Query for ListLedgers {
    type Answer = Vec<Ledger>;
    const RIGHT: Right = Right::ReadReference;

    fn run(self, view: &View<'_>) -> Result<Vec<Ledger>, Failure> {
        let organization = organization(view.tx, self.organization)?.id;
        Ok(self.filter.apply(view.tx.ledgers(organization)?, |ledger| &ledger.record.metadata))
    }
}
