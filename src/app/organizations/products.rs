//! Products: the account groups of a ledger. Callers make groups of wallets with the usual rules; those that the
//! reference file declares belong to the default ledger, and callers cannot change them.

use crate::app::organizations::ledger;
use crate::app::{Command, Context, Failure, Query, View};
use crate::domain::access::{ObjectKind, Right};
use crate::domain::ids::GroupId;
use crate::domain::organizations::{Ledger, Place, Product, RecordChange, RecordFilter};
use crate::domain::refusal::{Noun, Refusal, Remainder};
use crate::store::ReadTx;

/// Adds a product to a ledger. Refusals: unknown ledger; invalid texts; another product of the ledger has the name.
pub struct CreateProduct {
    pub place: Place,
    /// The name is required.
    pub notes: RecordChange,
}

impl Command for CreateProduct {
    type Outcome = Product;
    const ACTION: &'static str = "product.create";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<Product, Failure> {
        let (name, record) = self.notes.of_new(context.now)?;
        let ledger = ledger(context.tx, self.place)?;
        let id = GroupId::new(context.now, context.app.randomness());
        let new = Product { row: 0, id, name, is_declared: false, record };
        check_name(context, &ledger, &new)?;
        context.tx.add_product(ledger.row, &new, false)?;
        context.concerns(ObjectKind::Product, id.uuid());
        Ok(new)
    }
}

fn check_name(context: &Context<'_>, ledger: &Ledger, product: &Product) -> Result<(), Failure> {
    let is_taken = |other: &Product| other.id != product.id && other.name == product.name;
    match context.tx.products(ledger.row)?.iter().any(is_taken) {
        true => Err(Refusal::NameTaken(Noun::Group).into()),
        false => Ok(()),
    }
}

fn product(tx: &ReadTx<'_>, place: Place, id: GroupId) -> Result<Product, Failure> {
    let ledger = ledger(tx, place)?;
    Ok(tx.product(ledger.row, id)?.ok_or(Refusal::NotFound { noun: Noun::Group, field: None })?)
}

fn own(tx: &ReadTx<'_>, place: Place, id: GroupId) -> Result<Product, Failure> {
    let found = product(tx, place, id)?;
    if found.is_declared { Err(Refusal::Permanent(Noun::Group).into()) } else { Ok(found) }
}

/// The group for accounts of a ledger that have no product, which is made on first use.
pub(in crate::app) fn group_without_product(context: &Context<'_>, ledger: i64) -> Result<GroupId, Failure> {
    if let Some(found) = context.tx.group_without_product(ledger)? {
        return Ok(found);
    }
    let id = GroupId::new(context.now, context.app.randomness());
    let notes = RecordChange { name: Some("Without a product".into()), ..RecordChange::default() };
    let (name, record) = notes.of_new(context.now)?;
    context.tx.add_product(ledger, &Product { row: 0, id, name, is_declared: false, record }, true)?;
    Ok(id)
}

/// Changes a product; None leaves a field as it is. Refusals: unknown; declared in the reference file; invalid texts;
/// name taken.
pub struct ChangeProduct {
    pub place: Place,
    pub id: GroupId,
    pub notes: RecordChange,
}

impl Command for ChangeProduct {
    type Outcome = Product;
    const ACTION: &'static str = "product.change";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<Product, Failure> {
        let mut changed = own(context.tx, self.place, self.id)?;
        self.notes.apply(&mut changed.name, &mut changed.record, context.now)?;
        check_name(context, &ledger(context.tx, self.place)?, &changed)?;
        context.tx.change_product(&changed)?;
        context.concerns(ObjectKind::Product, changed.id.uuid());
        Ok(changed)
    }
}

/// Deletes a product. Refusals: unknown; declared in the reference file; accounts that are not archived have it.
pub struct DeleteProduct {
    pub place: Place,
    pub id: GroupId,
}

impl Command for DeleteProduct {
    type Outcome = ();
    const ACTION: &'static str = "product.delete";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let found = own(context.tx, self.place, self.id)?;
        context.concerns(ObjectKind::Product, found.id.uuid());
        if context.tx.is_product_used(found.row)? {
            return Err(Refusal::NotEmpty(Remainder::Children).into());
        }
        Ok(context.tx.delete_product(found.row, context.now)?)
    }
}

pub struct GetProduct {
    pub place: Place,
    pub id: GroupId,
}

impl Query for GetProduct {
    type Answer = Product;
    const RIGHT: Right = Right::ReadReference;

    fn run(self, view: &View<'_>) -> Result<Product, Failure> {
        product(view.tx, self.place, self.id)
    }
}

/// The products of a ledger, the newest first.
pub struct ListProducts {
    pub place: Place,
    pub filter: RecordFilter,
}

impl Query for ListProducts {
    type Answer = Vec<Product>;
    const RIGHT: Right = Right::ReadReference;

    fn run(self, view: &View<'_>) -> Result<Vec<Product>, Failure> {
        let ledger = ledger(view.tx, self.place)?;
        Ok(self.filter.apply(view.tx.products(ledger.row)?, |product| &product.record.metadata))
    }
}
