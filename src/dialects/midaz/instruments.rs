//! Instruments: the currencies that a ledger keeps accounts in.

use super::body;
use super::error::{rule, rule_of};
use super::fields::{RecordView, StatusBody, demand, filter, path_id, place, status, status_or_empty, text};
use super::ledgers::NamedBody;
use super::metadata::{self, MetadataBody};
use crate::app::organizations::{ChangeInstrument, CreateInstrument, DeleteInstrument, GetInstrument, ListInstruments};
use crate::app::reference::IsoCurrency;
use crate::dialects::kit::formats::currency;
use crate::dialects::kit::required;
use crate::dialects::kit::{Call, Rejection, Reply};
use crate::domain::organizations::{Instrument, Place, RecordChange, is_money};
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An instrument to create.
#[derive(Deserialize, ToSchema)]
pub(super) struct NewInstrument {
    /// At most 256 characters.
    #[schema(required, example = "Swiss franc")]
    name: Option<String>,
    /// Any word. A `currency` has a code of ISO 4217; `crypto` has 8 decimals, others 2.
    #[serde(rename = "type")]
    #[schema(required, example = "currency")]
    kind: Option<String>,
    /// 3 to 12 capitals or digits. A new one makes a currency; decimals of a known one do not change.
    #[schema(required, example = "CHF")]
    code: Option<String>,
    #[serde(default, deserialize_with = "status_or_empty")]
    status: Option<StatusBody>,
    #[schema(value_type = Option<Object>)]
    metadata: Option<MetadataBody>,
}

/// A currency in a ledger.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Instrument)]
pub(super) struct InstrumentView {
    id: String,
    name: String,
    #[serde(rename = "type")]
    #[schema(example = "currency")]
    kind: String,
    #[schema(example = "CHF")]
    code: String,
    ledger_id: String,
    organization_id: String,
    #[serde(flatten)]
    record: RecordView,
}

impl InstrumentView {
    fn of(instrument: Instrument, place: Place) -> Self {
        InstrumentView {
            id: instrument.id.to_string(),
            name: instrument.name,
            kind: instrument.kind,
            code: instrument.code,
            ledger_id: place.ledger.to_string(),
            organization_id: place.organization.to_string(),
            record: instrument.record.into(),
        }
    }
}

/// Create an instrument.
#[utoipa::path(post, path = "/v1/organizations/{organization}/ledgers/{ledger}/instruments", tag = "Instruments",
    params(("organization" = Uuid, Path), ("ledger" = Uuid, Path)), request_body = NewInstrument,
    responses((status = 201, body = InstrumentView)))]
pub(super) async fn create(call: Call) -> Result<Reply, Rejection> {
    let place = place(&call)?;
    let new: NewInstrument = body::read(&call)?;
    let (name, kind, code) = (text(new.name), text(new.kind), text(new.code));
    demand(&[("name", name.is_some()), ("type", kind.is_some()), ("code", code.is_some())])?;
    let (kind, code) = (kind.unwrap_or_default(), code.unwrap_or_default());
    let notes = RecordChange { name, status: status(new.status)?, metadata: metadata::read(new.metadata)? };
    if code.chars().any(char::is_lowercase) {
        return Err(rule_of(rule::CODE_NOT_UPPER_CASE, "The code of an instrument is in upper case."));
    }
    let iso = IsoCurrency::of(&code);
    if is_money(&kind) && iso.is_none() {
        let message = "This is not the code of money that circulates (ISO 4217); metals, funds and units of account, \
            such as XAU, are of another type.";
        return Err(rule_of(rule::CODE_NOT_ISO, message));
    }
    let iso = iso.filter(|_| is_money(&kind));
    let code = required("code", Some(code.as_str()), currency)?;
    let render = |made| Reply::json(StatusCode::CREATED, &InstrumentView::of(made, place));
    call.run(CreateInstrument { place, notes, kind, code, iso }, render).await
}

/// List the instruments of a ledger, the newest first.
#[utoipa::path(get, path = "/v1/organizations/{organization}/ledgers/{ledger}/instruments", tag = "Instruments",
    params(
        ("organization" = Uuid, Path),
        ("ledger" = Uuid, Path),
        ("page" = Option<u32>, Query, description = "from 1; without page and limit, the list is whole"),
        ("limit" = Option<u32>, Query, description = "1 to 100, default 10 with `page`"),
        ("metadata.{key}" = Option<String>, Query, description = "with this value of metadata"),
    ),
    responses((status = 200, body = [InstrumentView])))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let place = place(&call)?;
    let found = call.ask(ListInstruments { place, filter: filter(call.query())? }).await?;
    Reply::ok(&found.into_iter().map(|found| InstrumentView::of(found, place)).collect::<Vec<_>>())
}

/// Read an instrument.
#[utoipa::path(get, path = "/v1/organizations/{organization}/ledgers/{ledger}/instruments/{instrument}",
    tag = "Instruments",
    params(("organization" = Uuid, Path), ("ledger" = Uuid, Path), ("instrument" = Uuid, Path)),
    responses((status = 200, body = InstrumentView)))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    let place = place(&call)?;
    let found = call.ask(GetInstrument { place, id: path_id(&call, "instrument")? }).await?;
    Reply::ok(&InstrumentView::of(found, place))
}

/// Change an instrument; its type and code are fixed.
#[utoipa::path(patch, path = "/v1/organizations/{organization}/ledgers/{ledger}/instruments/{instrument}",
    tag = "Instruments",
    params(("organization" = Uuid, Path), ("ledger" = Uuid, Path), ("instrument" = Uuid, Path)),
    request_body = NamedBody, responses((status = 200, body = InstrumentView)))]
pub(super) async fn change(call: Call) -> Result<Reply, Rejection> {
    let (place, id) = (place(&call)?, path_id(&call, "instrument")?);
    let notes = body::read::<NamedBody>(&call)?.read()?;
    call.run(ChangeInstrument { place, id, notes }, |changed| Reply::ok(&InstrumentView::of(changed, place))).await
}

/// Delete an instrument that no account has.
#[utoipa::path(delete, path = "/v1/organizations/{organization}/ledgers/{ledger}/instruments/{instrument}",
    tag = "Instruments",
    params(("organization" = Uuid, Path), ("ledger" = Uuid, Path), ("instrument" = Uuid, Path)),
    responses((status = 204, description = "deleted")))]
pub(super) async fn delete(call: Call) -> Result<Reply, Rejection> {
    let (place, id) = (place(&call)?, path_id(&call, "instrument")?);
    call.run(DeleteInstrument { place, id }, |()| Ok(Reply::empty(StatusCode::NO_CONTENT))).await
}
