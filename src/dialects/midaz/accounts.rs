//! Accounts of a portfolio, and accounts nested in them.

use super::body;
use super::error::{rule, rule_of};
use super::fields::{StatusBody, StatusView, demand, filter, id, path_id, place, status, status_or_empty, text};
use super::metadata::{self, MetadataBody, MetadataView};
use crate::app::accounts::{
    DeleteFiledAccount, EditFiledAccount, FiledAccount, GetFiledAccount, ListFiledAccounts, Shelf,
};
use crate::app::ledger::{OpenFiledAccount, OpeningBalance};
use crate::dialects::kit::formats::decimal;
use crate::dialects::kit::{Call, Rejection, Reply, optional, sent};
use crate::domain::accounts::Account;
use crate::domain::clients::{AccountLabelsChange, CATEGORY_MAX, LabelsChange};
use crate::domain::ids::AccountId;
use crate::domain::money::Decimals;
use crate::domain::organizations::NAME_MAX;
use crate::domain::reference::CurrencyCode;
use crate::domain::refusal::Field;
use crate::domain::text::identifier;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// The type, and the beginning of aliases, of the counter-accounts that every ledger has.
const EXTERNAL_TYPE: &str = "external";
const EXTERNAL: &str = "@external/";

/// An account to open.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewAccount {
    /// The code of an instrument of the ledger.
    #[schema(required, example = "CHF")]
    instrument_code: Option<String>,
    /// Any word but `external`, such as deposit, savings, loans, marketplace or creditCard.
    #[serde(rename = "type")]
    #[schema(required, example = "savings")]
    kind: Option<String>,
    /// At most 256 characters; the instrument and the type if omitted.
    #[schema(example = "Reserve")]
    name: Option<String>,
    /// At most 256 characters, unique among the accounts of the portfolio.
    #[schema(example = "rainy-day")]
    alias: Option<String>,
    /// The owner, a UUID; the client of the portfolio if omitted.
    entity_id: Option<String>,
    /// An account of the portfolio, with the same instrument, to nest this one in.
    parent_account_id: Option<String>,
    product_id: Option<String>,
    #[serde(default, deserialize_with = "status_or_empty")]
    status: Option<StatusBody>,
    #[schema(value_type = Option<Object>)]
    metadata: Option<MetadataBody>,
    balance: Option<OpeningBody>,
}

/// What an account opens with. Other than zero only in sandboxes, or where the server is configured so.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OpeningBody {
    #[schema(value_type = Option<i64>)]
    available: Option<Box<RawValue>>,
    #[schema(value_type = Option<i64>)]
    on_hold: Option<Box<RawValue>>,
    #[schema(value_type = Option<i64>)]
    scale: Option<Box<RawValue>>,
}

impl OpeningBody {
    /// None if it is zero.
    fn read(&self) -> Result<Option<OpeningBalance>, Rejection> {
        let number = |name: &str, sent: &Option<Box<RawValue>>| -> Result<i64, Rejection> {
            let Some(sent) = sent else { return Ok(0) };
            sent.get().parse().map_err(|_| Rejection::invalid(name, "not a whole number of 64 bits"))
        };
        let available = number("balance.available", &self.available)?;
        let held = number("balance.onHold", &self.on_hold)?;
        let scale = number("balance.scale", &self.scale)?;
        if available == 0 && held == 0 {
            return Ok(None);
        }
        let total = available.checked_add(held).ok_or_else(|| Rejection::out_of_range("balance", "too large"))?;
        let scale = u8::try_from(scale).ok().filter(|scale| *scale <= Decimals::MAX);
        let scale = scale.ok_or_else(|| Rejection::out_of_range("balance.scale", format!("0 to {}", Decimals::MAX)))?;
        if held < 0 {
            return Err(Rejection::out_of_range("balance.onHold", "zero or more"));
        }
        let amount = |units: i64| optional("balance", Some(scaled(units, scale).as_str()), decimal);
        let held = if held == 0 { None } else { amount(held)? };
        Ok(amount(total)?.map(|balance| OpeningBalance { balance, held }))
    }
}

/// Units of the last decimal as a decimal number.
fn scaled(units: i64, scale: u8) -> String {
    let width = usize::from(scale) + 1;
    let digits = format!("{:0>width$}", units.unsigned_abs());
    let (whole, fraction) = digits.split_at(digits.len() - usize::from(scale));
    let sign = if units < 0 { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

/// A change of an account; what is omitted or null stays as it is, except that a null `productId` removes the product.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AccountChange {
    name: Option<String>,
    #[serde(default, deserialize_with = "status_or_empty")]
    status: Option<StatusBody>,
    alias: Option<String>,
    /// Another owner, only while the account is empty and has one owner.
    entity_id: Option<String>,
    allow_sending: Option<bool>,
    allow_receiving: Option<bool>,
    #[serde(default, deserialize_with = "sent")]
    product_id: Option<String>,
    /// Replaces all metadata.
    #[schema(value_type = Option<Object>)]
    metadata: Option<MetadataBody>,
}

/// An account in one instrument.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Account)]
pub(super) struct AccountView {
    id: String,
    name: String,
    parent_account_id: Option<String>,
    entity_id: String,
    #[schema(example = "CHF")]
    instrument_code: String,
    organization_id: String,
    ledger_id: String,
    portfolio_id: String,
    product_id: Option<String>,
    balance: BalanceView,
    status: StatusView,
    allow_sending: bool,
    allow_receiving: bool,
    alias: Option<String>,
    #[serde(rename = "type")]
    #[schema(example = "savings")]
    kind: String,
    #[schema(format = DateTime, example = "2026-03-02T08:15:00.000Z")]
    created_at: String,
    #[schema(format = DateTime, example = "2026-03-02T08:15:00.000Z")]
    updated_at: String,
    /// Always null: what was deleted is not found.
    #[schema(value_type = Option<String>)]
    deleted_at: (),
    /// Null if there is none.
    #[schema(value_type = Option<Object>)]
    metadata: MetadataView,
}

/// A balance: each number divided by ten to the power of `scale`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Balance)]
pub(super) struct BalanceView {
    #[schema(example = 1520)]
    available: i64,
    /// Holds, outgoing transfers under way, and deposits that are not cleared.
    #[schema(example = 0)]
    on_hold: i64,
    #[schema(example = 2)]
    scale: u8,
}

impl AccountView {
    fn of(FiledAccount { account, product }: FiledAccount, shelf: Shelf) -> Self {
        AccountView {
            id: account.id.to_string(),
            parent_account_id: account.parent.map(|parent| parent.to_string()),
            entity_id: account.profile.to_string(),
            instrument_code: account.currency.to_string(),
            organization_id: shelf.place.organization.to_string(),
            ledger_id: shelf.place.ledger.to_string(),
            portfolio_id: shelf.portfolio.to_string(),
            product_id: product.map(|product| product.to_string()),
            balance: balance(&account),
            allow_sending: account.allows_debits,
            allow_receiving: account.allows_credits,
            created_at: account.created_at.to_string(),
            updated_at: account.updated_at.to_string(),
            deleted_at: (),
            name: account.labels.name,
            alias: text(Some(account.labels.alias)),
            status: account.labels.status.into(),
            kind: account.labels.common.category,
            metadata: account.labels.common.metadata.into(),
        }
    }
}

fn balance(account: &Account) -> BalanceView {
    let (all, available) = (account.balances.balance, account.balances.free());
    BalanceView {
        available: available.minor(),
        on_hold: all.saturating_sub(available).minor(),
        scale: account.decimals.count(),
    }
}

/// The name of an account that is opened without one.
fn default_name(code: &str, kind: &str) -> String {
    format!("{code} {kind} account").chars().take(NAME_MAX).collect()
}

/// The portfolio in the path.
fn shelf(call: &Call) -> Result<Shelf, Rejection> {
    Ok(Shelf { place: place(call)?, portfolio: path_id(call, "portfolio")? })
}

/// The account in the path. The ledger's own accounts have names there instead of ids.
fn account_id(call: &Call) -> Result<AccountId, Rejection> {
    let named = call.path("account").replace("%40", "@").replace("%2F", "/").replace("%2f", "/");
    if named.starts_with(EXTERNAL) {
        return Err(external());
    }
    path_id(call, "account")
}

/// Refuses calls about the ledger's own accounts.
pub(super) async fn refuse_external(call: Call) -> Result<Reply, Rejection> {
    shelf(&call)?;
    Err(external())
}

fn external() -> Rejection {
    rule_of(rule::EXTERNAL_ACCOUNT, "External accounts belong to the ledger itself.")
}

/// Refuses the names of the ledger's own accounts.
fn admit_alias(alias: Option<&String>) -> Result<(), Rejection> {
    let is_external = |alias: &String| alias.to_ascii_lowercase().starts_with(EXTERNAL);
    if alias.is_some_and(is_external) { Err(external()) } else { Ok(()) }
}

/// Open an account.
#[utoipa::path(post, path = "/v1/organizations/{organization}/ledgers/{ledger}/portfolios/{portfolio}/accounts",
    tag = "Accounts",
    params(("organization" = Uuid, Path), ("ledger" = Uuid, Path), ("portfolio" = Uuid, Path)),
    request_body = NewAccount, responses((status = 201, body = AccountView)))]
pub(super) async fn create(call: Call, opening_balances: bool) -> Result<Reply, Rejection> {
    let shelf = shelf(&call)?;
    let new: NewAccount = body::read(&call)?;
    let (code, kind, alias) = (text(new.instrument_code), text(new.kind), text(new.alias));
    demand(&[("instrumentCode", code.is_some()), ("type", kind.is_some())])?;
    let (code, kind) = (code.unwrap_or_default(), kind.unwrap_or_default());
    let kind = identifier(Field::Category, kind, CATEGORY_MAX)?;
    if kind.eq_ignore_ascii_case(EXTERNAL_TYPE) {
        return Err(rule_of(rule::RESERVED_TYPE, "The type external is reserved for accounts of the ledger itself."));
    }
    admit_alias(alias.as_ref())?;
    let opening = new.balance.as_ref().map_or(Ok(None), OpeningBody::read);
    if !matches!(opening, Ok(None)) && !opening_balances && !call.app()?.is_sandbox() {
        return Err(body::unexpected_member(&call, "balance")?);
    }
    let command = OpenFiledAccount {
        shelf,
        profile: id("entityId", new.entity_id.as_deref())?,
        product: id("productId", new.product_id.as_deref())?,
        parent: id("parentAccountId", new.parent_account_id.as_deref())?,
        labels: AccountLabelsChange {
            name: text(new.name).or_else(|| Some(default_name(&code, &kind))),
            alias,
            status: status(new.status)?,
            common: LabelsChange {
                category: Some(kind),
                metadata: metadata::read(new.metadata)?,
                ..LabelsChange::default()
            },
        },
        // One that is no code at all is not an instrument of the ledger either.
        currency: CurrencyCode::from_stored(code),
        opening: opening?,
    };
    call.run(command, |opened| Reply::json(StatusCode::CREATED, &AccountView::of(opened, shelf))).await
}

/// List the accounts of a portfolio, the newest first.
#[utoipa::path(get, path = "/v1/organizations/{organization}/ledgers/{ledger}/portfolios/{portfolio}/accounts",
    tag = "Accounts",
    params(
        ("organization" = Uuid, Path),
        ("ledger" = Uuid, Path),
        ("portfolio" = Uuid, Path),
        ("type" = Option<String>, Query, description = "of this type"),
        ("instrumentCode" = Option<String>, Query, description = "in this instrument"),
        ("page" = Option<u32>, Query, description = "from 1; without page and limit, the list is whole"),
        ("limit" = Option<u32>, Query, description = "1 to 100, default 10 with `page`"),
        ("metadata.{key}" = Option<String>, Query, description = "with this value of metadata"),
    ),
    responses((status = 200, body = [AccountView])))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let shelf = shelf(&call)?;
    let query = call.query();
    let found = call
        .ask(ListFiledAccounts {
            shelf,
            currency: query.given("instrumentCode")?.map(|code| CurrencyCode::from_stored(code.to_owned())),
            category: query.given("type")?.map(str::to_owned),
            filter: filter(query)?,
        })
        .await?;
    Reply::ok(&found.into_iter().map(|found| AccountView::of(found, shelf)).collect::<Vec<_>>())
}

/// Read an account.
#[utoipa::path(get,
    path = "/v1/organizations/{organization}/ledgers/{ledger}/portfolios/{portfolio}/accounts/{account}",
    tag = "Accounts",
    params(("organization" = Uuid, Path), ("ledger" = Uuid, Path), ("portfolio" = Uuid, Path),
           ("account" = Uuid, Path)),
    responses((status = 200, body = AccountView)))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    let shelf = shelf(&call)?;
    let found = call.ask(GetFiledAccount { shelf, id: account_id(&call)? }).await?;
    Reply::ok(&AccountView::of(found, shelf))
}

/// Change an account; its instrument, type and parent are fixed.
#[utoipa::path(patch,
    path = "/v1/organizations/{organization}/ledgers/{ledger}/portfolios/{portfolio}/accounts/{account}",
    tag = "Accounts",
    params(("organization" = Uuid, Path), ("ledger" = Uuid, Path), ("portfolio" = Uuid, Path),
           ("account" = Uuid, Path)),
    request_body = AccountChange, responses((status = 200, body = AccountView)))]
pub(super) async fn change(call: Call) -> Result<Reply, Rejection> {
    let (shelf, account) = (shelf(&call)?, account_id(&call)?);
    let change: AccountChange = body::read(&call)?;
    let alias = text(change.alias);
    admit_alias(alias.as_ref())?;
    let product = change.product_id.map(|sent| id("productId", Some(sent.as_str()))).transpose()?;
    let command = EditFiledAccount {
        shelf,
        id: account,
        profile: id("entityId", change.entity_id.as_deref())?,
        product,
        labels: AccountLabelsChange {
            name: text(change.name),
            alias,
            status: status(change.status)?,
            common: LabelsChange { metadata: metadata::read(change.metadata)?, ..LabelsChange::default() },
        },
        allows_credits: change.allow_receiving,
        allows_debits: change.allow_sending,
    };
    call.run(command, |changed| Reply::ok(&AccountView::of(changed, shelf))).await
}

/// Close an account that is empty.
#[utoipa::path(delete,
    path = "/v1/organizations/{organization}/ledgers/{ledger}/portfolios/{portfolio}/accounts/{account}",
    tag = "Accounts",
    params(("organization" = Uuid, Path), ("ledger" = Uuid, Path), ("portfolio" = Uuid, Path),
           ("account" = Uuid, Path)),
    responses((status = 204, description = "closed")))]
pub(super) async fn delete(call: Call) -> Result<Reply, Rejection> {
    let command = DeleteFiledAccount { shelf: shelf(&call)?, id: account_id(&call)? };
    call.run(command, |()| Ok(Reply::empty(StatusCode::NO_CONTENT))).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_the_last_decimal_become_a_decimal_number() {
        assert_eq!([scaled(10_000, 2), scaled(5, 2), scaled(-5, 0)], ["100.00", "0.05", "-5"]);
        assert_eq!([scaled(-5, 3), scaled(0, 2), scaled(i64::MIN, 1)], ["-0.005", "0.00", "-922337203685477580.8"]);
    }
}
