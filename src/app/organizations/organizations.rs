//! Organizations: legal entities that keep ledgers.

use crate::app::{Command, Context, Failure, Query, View};
use crate::domain::access::{ObjectKind, Right};
use crate::domain::ids::{DEFAULT_ORGANIZATION, OrganizationId};
use crate::domain::organizations::Ledger;
use crate::domain::organizations::{NAME_MAX, Organization, PostalAddress, RecordChange, RecordFilter};
use crate::domain::refusal::{Field, Noun, Refusal, Remainder};
use crate::domain::text;
use crate::store::ReadTx;

/// Creates an organization. Refusals: invalid texts; unknown parent.
pub struct CreateOrganization {
    /// Its legal name is required.
    pub notes: RecordChange,
    pub legal_document: String,
    pub trading_name: Option<String>,
    pub address: PostalAddress,
    pub parent: Option<OrganizationId>,
}

impl Command for CreateOrganization {
    type Outcome = Organization;
    const ACTION: &'static str = "organization.create";
    const RIGHT: Right = Right::Administer;

    fn run(self, context: &Context<'_>) -> Result<Organization, Failure> {
        let (name, record) = self.notes.of_new(context.now)?;
        let legal_document = text::identifier(Field::LegalDocument, self.legal_document, NAME_MAX)?;
        if legal_document.is_empty() {
            return Err(Refusal::Required { field: Field::LegalDocument }.into());
        }
        let trading_name = checked_trading_name(self.trading_name)?;
        let address = self.address.checked()?;
        let id = OrganizationId::new(context.now, context.app.randomness());
        check_parent(context, id, self.parent)?;
        let new = Organization { row: 0, id, name, legal_document, trading_name, address, parent: self.parent, record };
        context.tx.add_organization(&new)?;
        context.concerns(ObjectKind::Organization, id.uuid());
        organization(context.tx, id)
    }
}

fn checked_trading_name(name: Option<String>) -> Result<Option<String>, Refusal> {
    let name = name.filter(|name| !name.is_empty());
    name.map(|name| text::title(Field::TradingName, name, NAME_MAX)).transpose()
}

/// Refuses a parent that does not exist or belongs to the organization itself.
fn check_parent(context: &Context<'_>, id: OrganizationId, parent: Option<OrganizationId>) -> Result<(), Failure> {
    let mut next = parent;
    while let Some(ancestor) = next {
        if ancestor == id {
            return Err(Refusal::invalid(Field::ParentOrganization, "belongs to the organization itself").into());
        }
        let unknown = Refusal::NotFound { noun: Noun::Organization, field: Some(Field::ParentOrganization) };
        next = context.tx.organization(ancestor)?.ok_or(unknown)?.parent;
    }
    Ok(())
}

/// An organization that is not deleted.
pub(in crate::app) fn organization(tx: &ReadTx<'_>, id: OrganizationId) -> Result<Organization, Failure> {
    Ok(tx.organization(id)?.ok_or(Refusal::NotFound { noun: Noun::Organization, field: None })?)
}

/// Changes an organization; None leaves a field as it is. Refusals: unknown; invalid texts; unknown parent.
pub struct ChangeOrganization {
    pub id: OrganizationId,
    pub notes: RecordChange,
    pub trading_name: Option<String>,
    /// Replaces the whole address.
    pub address: Option<PostalAddress>,
    /// Its own id stands for no parent.
    pub parent: Option<OrganizationId>,
}

impl Command for ChangeOrganization {
    type Outcome = Organization;
    const ACTION: &'static str = "organization.change";
    const RIGHT: Right = Right::Administer;

    fn run(self, context: &Context<'_>) -> Result<Organization, Failure> {
        let mut changed = organization(context.tx, self.id)?;
        self.notes.apply(&mut changed.name, &mut changed.record, context.now)?;
        if let Some(name) = checked_trading_name(self.trading_name)? {
            changed.trading_name = Some(name);
        }
        if let Some(address) = self.address {
            changed.address = address.checked()?;
        }
        if let Some(parent) = self.parent {
            changed.parent = Some(parent).filter(|parent| *parent != changed.id);
            check_parent(context, changed.id, changed.parent)?;
        }
        context.tx.change_organization(&changed)?;
        context.concerns(ObjectKind::Organization, changed.id.uuid());
        Ok(changed)
    }
}

/// Deletes an organization; what refers to it keeps it. Refusals: unknown; the default one; it has ledgers, or other
/// organizations belong to it.
pub struct DeleteOrganization {
    pub id: OrganizationId,
}

impl Command for DeleteOrganization {
    type Outcome = ();
    const ACTION: &'static str = "organization.delete";
    const RIGHT: Right = Right::Administer;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let found = organization(context.tx, self.id)?;
        context.concerns(ObjectKind::Organization, found.id.uuid());
        if found.row == DEFAULT_ORGANIZATION {
            return Err(Refusal::Permanent(Noun::Organization).into());
        }
        if context.tx.is_organization_used(found.row)? {
            return Err(Refusal::NotEmpty(Remainder::Children).into());
        }
        Ok(context.tx.delete_organization(found.row, context.now)?)
    }
}

pub struct GetOrganization {
    pub id: OrganizationId,
}

impl Query for GetOrganization {
    type Answer = Organization;
    const RIGHT: Right = Right::ReadReference;

    fn run(self, view: &View<'_>) -> Result<Organization, Failure> {
        organization(view.tx, self.id)
    }
}

/// Organizations, the newest first.
pub struct ListOrganizations {
    pub filter: RecordFilter,
}

impl Query for ListOrganizations {
    type Answer = Vec<Organization>;
    const RIGHT: Right = Right::ReadReference;

    fn run(self, view: &View<'_>) -> Result<Vec<Organization>, Failure> {
        Ok(self.filter.apply(view.tx.organizations()?, |organization| &organization.record.metadata))
    }
}

/// An organization with its ledgers, the newest first.
pub struct ListedOrganization {
    pub organization: Organization,
    pub ledgers: Vec<ListedLedger>,
}

pub struct ListedLedger {
    pub ledger: Ledger,
    /// The codes of its instruments.
    pub currencies: Vec<String>,
}

/// All organizations with their ledgers, the newest first.
pub struct ListOrganizationsWithLedgers;

impl Query for ListOrganizationsWithLedgers {
    type Answer = Vec<ListedOrganization>;
    const RIGHT: Right = Right::ReadReference;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<Vec<ListedOrganization>, Failure> {
        let mut listed = Vec::new();
        for organization in view.tx.organizations()? {
            let mut ledgers = Vec::new();
            for ledger in view.tx.ledgers(organization.id)? {
                let instruments = view.tx.instruments(ledger.row)?;
                let currencies = instruments.into_iter().map(|instrument| instrument.code).collect();
                ledgers.push(ListedLedger { ledger, currencies });
            }
            listed.push(ListedOrganization { organization, ledgers });
        }
        Ok(listed)
    }
}
