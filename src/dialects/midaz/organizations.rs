//! Organizations.

use super::body;
use super::error::{rule, rule_of};
use super::fields::{RecordView, StatusBody, demand, filter, id, path_id, status, status_or_empty, text};
use super::metadata::{self, MetadataBody};
use crate::app::organizations::{
    ChangeOrganization, CreateOrganization, DeleteOrganization, GetOrganization, ListOrganizations,
};
use crate::dialects::kit::{Call, Rejection, Reply};
use crate::domain::organizations::{Organization, PostalAddress, RecordChange, is_country};
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An organization to create.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewOrganization {
    #[schema(required, example = "Moss Brokers AG")]
    legal_name: Option<String>,
    /// The number under which it is registered.
    #[schema(required, example = "CHE-123.456.789")]
    legal_document: Option<String>,
    #[schema(required)]
    address: Option<AddressBody>,
    parent_organization_id: Option<String>,
    doing_business_as: Option<String>,
    #[serde(default, deserialize_with = "status_or_empty")]
    status: Option<StatusBody>,
    #[schema(value_type = Option<Object>)]
    metadata: Option<MetadataBody>,
}

/// A change of an organization; what is omitted or null stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrganizationChange {
    legal_name: Option<String>,
    doing_business_as: Option<String>,
    /// Replaces the whole address.
    address: Option<AddressBody>,
    #[serde(default, deserialize_with = "status_or_empty")]
    status: Option<StatusBody>,
    /// Its own id stands for no parent.
    parent_organization_id: Option<String>,
    /// Replaces all metadata.
    #[schema(value_type = Option<Object>)]
    metadata: Option<MetadataBody>,
}

/// A postal address.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AddressBody {
    #[schema(required, example = "Bahnhofstrasse 1")]
    line1: Option<String>,
    line2: Option<String>,
    neighborhood: Option<String>,
    #[schema(required, example = "8001")]
    zip_code: Option<String>,
    #[schema(required, example = "Zürich")]
    city: Option<String>,
    #[schema(required, example = "ZH")]
    state: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[schema(required, example = "CH")]
    country: Option<String>,
}

impl AddressBody {
    fn read(self) -> Result<PostalAddress, Rejection> {
        let is_given = |sent: &Option<String>| sent.as_ref().is_some_and(|text| !text.trim().is_empty());
        demand(&[
            ("address.line1", is_given(&self.line1)),
            ("address.zipCode", is_given(&self.zip_code)),
            ("address.city", is_given(&self.city)),
            ("address.state", is_given(&self.state)),
            ("address.country", is_given(&self.country)),
        ])?;
        let country = self.country.unwrap_or_default();
        if !is_country(&country) {
            return Err(rule_of(rule::NO_COUNTRY, "The country is not a code of ISO 3166-1 alpha-2, such as CH."));
        }
        Ok(PostalAddress {
            line1: self.line1.unwrap_or_default(),
            line2: text(self.line2),
            neighborhood: text(self.neighborhood),
            zip_code: self.zip_code.unwrap_or_default(),
            city: self.city.unwrap_or_default(),
            state: self.state.unwrap_or_default(),
            country,
        })
    }
}

/// A legal entity that keeps ledgers.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Organization)]
pub(super) struct OrganizationView {
    id: String,
    parent_organization_id: Option<String>,
    #[schema(example = "Moss Brokers AG")]
    legal_name: String,
    doing_business_as: Option<String>,
    legal_document: String,
    address: AddressView,
    #[serde(flatten)]
    record: RecordView,
}

/// A postal address.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Address)]
pub(super) struct AddressView {
    line1: String,
    line2: Option<String>,
    neighborhood: Option<String>,
    zip_code: String,
    city: String,
    state: String,
    country: String,
}

impl From<Organization> for OrganizationView {
    fn from(organization: Organization) -> Self {
        let address = organization.address;
        OrganizationView {
            id: organization.id.to_string(),
            parent_organization_id: organization.parent.map(|parent| parent.to_string()),
            legal_name: organization.name,
            doing_business_as: organization.trading_name,
            legal_document: organization.legal_document,
            address: AddressView {
                line1: address.line1,
                line2: address.line2,
                neighborhood: address.neighborhood,
                zip_code: address.zip_code,
                city: address.city,
                state: address.state,
                country: address.country,
            },
            record: organization.record.into(),
        }
    }
}

/// Create an organization.
#[utoipa::path(post, path = "/v1/organizations", tag = "Organizations", request_body = NewOrganization,
    responses((status = 201, body = OrganizationView)))]
pub(super) async fn create(call: Call) -> Result<Reply, Rejection> {
    let new: NewOrganization = body::read(&call)?;
    let (legal_name, legal_document) = (text(new.legal_name), text(new.legal_document));
    demand(&[
        ("legalName", legal_name.is_some()),
        ("legalDocument", legal_document.is_some()),
        ("address", new.address.is_some()),
    ])?;
    let command = CreateOrganization {
        notes: RecordChange { name: legal_name, status: status(new.status)?, metadata: metadata::read(new.metadata)? },
        legal_document: legal_document.unwrap_or_default(),
        trading_name: text(new.doing_business_as),
        address: new.address.map(AddressBody::read).transpose()?.unwrap_or_default(),
        parent: id("parentOrganizationId", new.parent_organization_id.as_deref())?,
    };
    call.run(command, |made| Reply::json(StatusCode::CREATED, &OrganizationView::from(made))).await
}

/// List organizations, the newest first.
#[utoipa::path(get, path = "/v1/organizations", tag = "Organizations",
    params(
        ("page" = Option<u32>, Query, description = "from 1; without page and limit, the list is whole"),
        ("limit" = Option<u32>, Query, description = "1 to 100, default 10 with `page`"),
        ("metadata.{key}" = Option<String>, Query, description = "with this value of metadata"),
    ),
    responses((status = 200, body = [OrganizationView])))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let found = call.ask(ListOrganizations { filter: filter(call.query())? }).await?;
    Reply::ok(&found.into_iter().map(OrganizationView::from).collect::<Vec<_>>())
}

/// Read an organization.
#[utoipa::path(get, path = "/v1/organizations/{organization}", tag = "Organizations",
    params(("organization" = Uuid, Path)), responses((status = 200, body = OrganizationView)))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    let found = call.ask(GetOrganization { id: path_id(&call, "organization")? }).await?;
    Reply::ok(&OrganizationView::from(found))
}

/// Change an organization.
#[utoipa::path(patch, path = "/v1/organizations/{organization}", tag = "Organizations",
    params(("organization" = Uuid, Path)), request_body = OrganizationChange,
    responses((status = 200, body = OrganizationView)))]
pub(super) async fn change(call: Call) -> Result<Reply, Rejection> {
    let organization = path_id(&call, "organization")?;
    let change: OrganizationChange = body::read(&call)?;
    let command = ChangeOrganization {
        id: organization,
        notes: RecordChange {
            name: text(change.legal_name),
            status: status(change.status)?,
            metadata: metadata::read(change.metadata)?,
        },
        trading_name: text(change.doing_business_as),
        address: change.address.map(AddressBody::read).transpose()?,
        parent: id("parentOrganizationId", change.parent_organization_id.as_deref())?,
    };
    call.run(command, |changed| Reply::ok(&OrganizationView::from(changed))).await
}

/// Delete an organization that has no ledgers.
#[utoipa::path(delete, path = "/v1/organizations/{organization}", tag = "Organizations",
    params(("organization" = Uuid, Path)), responses((status = 204, description = "deleted")))]
pub(super) async fn delete(call: Call) -> Result<Reply, Rejection> {
    let command = DeleteOrganization { id: path_id(&call, "organization")? };
    call.run(command, |()| Ok(Reply::empty(StatusCode::NO_CONTENT))).await
}
