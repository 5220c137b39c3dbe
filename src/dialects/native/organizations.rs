//! The list of organizations with their ledgers, which callers of other APIs make.

use crate::app::organizations::{ListOrganizationsWithLedgers, ListedLedger, ListedOrganization};
use crate::dialects::kit::{Call, Rejection, Reply};
use serde::Serialize;
use utoipa::ToSchema;

/// A legal entity that keeps ledgers.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Organization)]
pub(super) struct OrganizationView {
    id: String,
    #[schema(example = "Default")]
    legal_name: String,
    /// The number under which it is registered; empty if unknown.
    legal_document: String,
    /// Null if it is the legal name.
    trading_name: Option<String>,
    /// Null if it belongs to none.
    parent_organization_id: Option<String>,
    /// A caller's word for its status; it has no effect.
    #[schema(example = "ACTIVE")]
    status_code: String,
    created_at: String,
    updated_at: String,
    ledgers: Vec<LedgerView>,
}

/// A set of books. Entries never cross from one to another.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Ledger)]
pub(super) struct LedgerView {
    id: String,
    #[schema(example = "Default")]
    name: String,
    /// A caller's word for its status; it has no effect.
    #[schema(example = "ACTIVE")]
    status_code: String,
    created_at: String,
    updated_at: String,
    /// The currencies in which it has accounts.
    currencies: Vec<String>,
}

impl From<ListedOrganization> for OrganizationView {
    fn from(ListedOrganization { organization, ledgers }: ListedOrganization) -> Self {
        OrganizationView {
            id: organization.id.to_string(),
            legal_name: organization.name,
            legal_document: organization.legal_document,
            trading_name: organization.trading_name,
            parent_organization_id: organization.parent.map(|parent| parent.to_string()),
            status_code: organization.record.status.code.into_owned(),
            created_at: organization.record.created_at.to_string(),
            updated_at: organization.record.updated_at.to_string(),
            ledgers: ledgers.into_iter().map(LedgerView::from).collect(),
        }
    }
}

impl From<ListedLedger> for LedgerView {
    fn from(ListedLedger { ledger, currencies }: ListedLedger) -> Self {
        LedgerView {
            id: ledger.id.to_string(),
            name: ledger.name,
            status_code: ledger.record.status.code.into_owned(),
            created_at: ledger.record.created_at.to_string(),
            updated_at: ledger.record.updated_at.to_string(),
            currencies,
        }
    }
}

/// All organizations, the newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct OrganizationList {
    organizations: Vec<OrganizationView>,
}

/// List the organizations with their ledgers. The last one is the default, whose ledger has most accounts.
#[utoipa::path(get, path = "/organizations", tag = "Reference data",
    responses((status = 200, body = OrganizationList)))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let found = call.ask(ListOrganizationsWithLedgers).await?;
    Reply::ok(&OrganizationList { organizations: found.into_iter().map(OrganizationView::from).collect() })
}
