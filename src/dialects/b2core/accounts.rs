//! Accounts: wallets and trading accounts.

use super::account_view::{AccountView, amount_text};
use super::{fields, permissions};
use crate::app::accounts::{AccountFilter, ArchiveAccount, ChangeAccount, FixedFields, GetAccount, OpenAccount};
use crate::app::trading::{Described, DescribedAccount, GetDescribedAccount, ListDescribedAccounts};
use crate::app::{Command, Directory, Failure, resolved};
use crate::dialects::kit::formats::serial;
use crate::dialects::kit::{Call, QueryParams, Rejection, Reply, required_text};
use crate::domain::accounts::{Account, Lifecycle, Permissions};
use crate::domain::clients::{AccountLabelsChange, ProfileStatus};
use crate::domain::ids::{AccountSerial, GroupSerial, OfferSerial, PlatformSerial, ProfileSerial};
use crate::domain::reference::{GroupKind, LEVERAGE_MAX};
use crate::domain::refusal::{Field, Noun, Refusal};
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use utoipa::ToSchema;

/// The longest caption, in characters.
const CAPTION_MAX: usize = 100;
/// The longest account number, in characters.
const NUMBER_MAX: usize = 50;

/// A wallet or a trading account to create.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewAccount {
    /// The product and the currency, which never change.
    #[schema(required, example = 12)]
    product_currency_id: Option<i64>,
    #[schema(required, example = 305)]
    client_id: Option<i64>,
    /// Whether the account exists already on the trading platform; only for trading accounts.
    already_existing_platform_account: Option<bool>,
    /// From 1 to the maximum of the product, which is the default. Required for an account that exists already, where 0
    /// leaves it to the product.
    #[schema(example = 100)]
    leverage: Option<i64>,
    /// The number of an account that exists already, where it is required; at most 50 characters. Ignored otherwise.
    #[schema(example = "2100242175")]
    account_number: Option<String>,
}

impl NewAccount {
    fn command(self) -> Result<impl Command<Outcome = DescribedAccount>, Rejection> {
        let offer = self.product_currency_id.ok_or_else(|| Rejection::missing("productCurrencyId"))?;
        let client = self.client_id.ok_or_else(|| Rejection::missing("clientId"))?;
        let exists = self.already_existing_platform_account.unwrap_or(false);
        let number = match (exists, self.account_number) {
            (true, number) => Some(required_text("accountNumber", number, NUMBER_MAX)?),
            (false, _) => None,
        };
        if exists && self.leverage.is_none() {
            return Err(Rejection::missing("leverage"));
        }
        Ok(resolved(move |directory| {
            let offer = directory.offer(OfferSerial(offer))?.filter(|offer| offer.is_open);
            let offer = offer.ok_or_else(|| Refusal::invalid(Field::Currency, "no such product currency"))?;
            let client = directory.client(ProfileSerial(client))?;
            let range = if exists { 0..=LEVERAGE_MAX } else { 1..=offer.max_leverage };
            Ok(Described(OpenAccount {
                id: None,
                profile: client.id,
                group: offer.group,
                portfolio: None,
                parent: None,
                currency: offer.currency,
                is_demo: None,
                is_spread_betting: false,
                position_mode: None,
                margin_calculation_override: None,
                trade_status: None,
                max_leverage: self.leverage.map(|leverage| within(leverage, range)).transpose()?,
                net_open_position_limit: None,
                wants_daily_statement: false,
                labels: AccountLabelsChange::default(),
                allows_credits: true,
                allows_debits: true,
                permissions: Permissions::default(),
                number_at_platform: number,
                number: None,
                requires_approval: false,
                takes_client_in_review: false,
            }))
        }))
    }
}

fn within(leverage: i64, range: RangeInclusive<u32>) -> Result<u32, Refusal> {
    let found = u32::try_from(leverage).ok().filter(|leverage| range.contains(leverage));
    let reason = || match (range.start(), range.end()) {
        (least, most) if least == most => least.to_string(),
        (least, most) => format!("{least} to {most}"),
    };
    found.ok_or_else(|| Refusal::out_of_range(Field::MaxLeverage, reason()))
}

/// Create a wallet or a trading account.
#[utoipa::path(post, path = "/api/v2/accounts", tag = "Accounts", request_body = NewAccount,
    responses((status = 201, description = "the new account", body = AccountView)))]
pub(super) async fn create(call: Call) -> Result<Reply, Rejection> {
    let command = call.lenient_body::<NewAccount>()?.command()?;
    let render = |account: DescribedAccount| Reply::json(StatusCode::CREATED, &AccountView::from(account));
    call.run(command, render).await.map_err(naming_field)
}

/// A client or a product that can have no such account is a wrong value of the body, like one that does not exist.
fn naming_field(rejection: Rejection) -> Rejection {
    match rejection {
        Rejection::Refused(
            Refusal::NotFound { noun: Noun::Profile, .. } | Refusal::ProfileState(ProfileStatus::Archived),
        ) => Rejection::invalid("clientId", "no such client"),
        Rejection::Refused(refusal @ (Refusal::ProfileState(_) | Refusal::ProfileBlocked)) => {
            Rejection::invalid("clientId", refusal.to_string())
        }
        Rejection::Refused(refusal @ Refusal::AccountKind { .. }) => {
            Rejection::invalid("alreadyExistingPlatformAccount", refusal.to_string())
        }
        other => other,
    }
}

/// Changes of an account. Omitted fields stay.
#[derive(Deserialize, Default, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AccountChange {
    /// The name of the account, 1 to 100 characters.
    #[schema(example = "Bitcoin")]
    caption: Option<String>,
    /// Replaces all permissions: deposit, enabled, exchange, trade, transferDeposit, transferWithdrawal, visible,
    /// withdrawal.
    #[schema(example = json!(["deposit", "trade", "withdrawal"]))]
    permissions: Option<Vec<String>>,
    /// Fixed: only the present value is accepted.
    client_id: Option<i64>,
    /// Fixed: only the present value is accepted.
    product_currency_id: Option<i64>,
}

impl AccountChange {
    fn command(self, account: AccountSerial) -> Result<impl Command<Outcome = DescribedAccount>, Rejection> {
        let name = match self.caption {
            Some(caption) if (1..=CAPTION_MAX).contains(&caption.chars().count()) => Some(caption),
            Some(_) => return Err(Rejection::out_of_range("caption", format!("1 to {CAPTION_MAX} characters"))),
            None => None,
        };
        let permissions = self.permissions.as_deref().map(permissions::parse).transpose()?;
        let fixed = (self.client_id.map(ProfileSerial), self.product_currency_id.map(OfferSerial));
        Ok(resolved(move |directory| {
            let account = directory.account(account)?;
            admit_fixed(directory, &account, fixed)?;
            Ok(Described(ChangeAccount {
                id: account.id,
                expected_version: None,
                fixed: FixedFields::default(),
                group: None,
                trade_status: None,
                max_leverage: None,
                net_open_position_limit: None,
                wants_daily_statement: None,
                minimum_balance: None,
                labels: AccountLabelsChange { name, ..AccountLabelsChange::default() },
                allows_credits: permissions.as_ref().map(|sent| sent.allows_credits),
                allows_debits: permissions.as_ref().map(|sent| sent.allows_debits),
                permissions: permissions.map(|sent| sent.others),
            }))
        }))
    }
}

/// Refuses another owner or product than an account has.
fn admit_fixed(
    directory: &Directory<'_>,
    account: &Account,
    (client, offer): (Option<ProfileSerial>, Option<OfferSerial>),
) -> Result<(), Failure> {
    if client.is_some_and(|client| client != account.standing.profile) {
        return Err(Refusal::Immutable { field: Field::Profile }.into());
    }
    if offer.is_some() && offer != directory.offer_of(account)? {
        return Err(Refusal::Immutable { field: Field::Currency }.into());
    }
    Ok(())
}

/// Update an account: its caption and its permissions. PUT and PATCH do the same.
#[utoipa::path(method(put, patch), path = "/api/v2/accounts/{accountId}", tag = "Accounts",
    params(("accountId" = i64, Path, description = "account id")), request_body = AccountChange,
    responses((status = 200, description = "the account after the change", body = AccountView)))]
pub(super) async fn update(call: Call) -> Result<Reply, Rejection> {
    let account = fields::account(&call)?;
    let command = call.optional_lenient_body::<AccountChange>()?.unwrap_or_default().command(account)?;
    call.run(command, |account| Reply::ok(&AccountView::from(account))).await
}

/// Get an account, archived or not.
#[utoipa::path(get, path = "/api/v2/accounts/{accountId}", tag = "Accounts",
    params(("accountId" = i64, Path, description = "account id")),
    responses((status = 200, description = "the account", body = AccountView)))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    Reply::ok(&AccountView::from(described(&call).await?))
}

/// The account that the path names.
async fn described(call: &Call) -> Result<DescribedAccount, Rejection> {
    let account = fields::account(call)?;
    call.ask(resolved(move |directory| Ok(GetDescribedAccount { id: directory.account(account)?.id }))).await
}

/// Archive a trading account for good. Its balance must be zero.
#[utoipa::path(post, path = "/api/v2/accounts/{accountId}/archive", tag = "Accounts",
    params(("accountId" = i64, Path, description = "account id")),
    responses((status = 204, description = "archived, also if it was before")))]
pub(super) async fn archive(call: Call) -> Result<Reply, Rejection> {
    let account = fields::account(&call)?;
    let command = resolved(move |directory| {
        let account = directory.account(account)?;
        match directory.kind(&account)? {
            GroupKind::Trading => Ok(ArchiveAccount { id: account.id, expected_version: None }),
            GroupKind::Wallet => Err(Refusal::AccountKind { needed: GroupKind::Trading }.into()),
        }
    });
    call.run(command, |()| Ok(Reply::empty(StatusCode::NO_CONTENT))).await
}

/// The preferences of an account.
#[derive(Serialize, ToSchema)]
pub(super) struct Preferences {
    /// The most leverage of its positions; 0 leaves it to the product. Of a wallet, 1.
    #[schema(example = 1)]
    leverage: u32,
}

/// Get the preferences of an account.
#[utoipa::path(get, path = "/api/v2/accounts/{accountId}/preferences", tag = "Accounts",
    params(("accountId" = i64, Path, description = "account id")),
    responses((status = 200, description = "the preferences", body = Preferences)))]
pub(super) async fn preferences(call: Call) -> Result<Reply, Rejection> {
    let DescribedAccount { account, kind, .. } = described(&call).await?;
    let leverage = if kind == GroupKind::Wallet { 1 } else { account.max_leverage };
    Reply::ok(&Preferences { leverage })
}

/// The balance of an account.
#[derive(Serialize, ToSchema)]
pub(super) struct Balance {
    /// With all decimals of the currency.
    #[schema(example = "500.00")]
    balance: String,
}

/// Get the balance of an account.
#[utoipa::path(get, path = "/api/v2/accounts/{accountId}/balance", tag = "Accounts",
    params(("accountId" = i64, Path, description = "account id")),
    responses((status = 200, description = "the balance", body = Balance)))]
pub(super) async fn balance(call: Call) -> Result<Reply, Rejection> {
    let account = fields::account(&call)?;
    let query = resolved(move |directory| Ok(GetAccount { id: directory.account(account)?.id }));
    let account = call.ask(query).await?;
    Reply::ok(&Balance { balance: amount_text(&account, account.balances.balance) })
}

/// List the accounts that you can see.
#[utoipa::path(get, path = "/api/v2/accounts", tag = "Accounts",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 500, default 10"),
        ("offset" = Option<u32>, Query, description = "default 0"),
        ("sort_by" = Option<String>, Query, description = "createTime"),
        ("sort_order" = Option<String>, Query, description = "asc or desc, default desc"),
        ("filter[clientId]" = Option<String>, Query, description = "of these clients, separated by commas"),
        ("filter[platformId]" = Option<String>, Query, description = "on these platforms"),
        ("filter[productId]" = Option<String>, Query, description = "of these products"),
        ("filter[archived]" = Option<String>, Query, description = "true, false or all; default false"),
    ),
    responses((status = 200, description = "accounts; the header X-Total-Count has the number of all matches",
        body = [AccountView])))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let query = call.query();
    let (filter, window) = (filter(query)?, fields::window(query)?);
    let (accounts, total) = call.ask(ListDescribedAccounts { filter, window }).await?;
    let views: Vec<_> = accounts.into_iter().map(AccountView::from).collect();
    fields::list(&views, total)
}

fn filter(query: &QueryParams) -> Result<AccountFilter, Rejection> {
    let archived = "filter[archived]";
    let (lifecycle, with_archived) = match query.one(archived)? {
        None | Some("false") => (None, false),
        Some("true") => (Some(Lifecycle::Closed), true),
        Some("all") => (None, true),
        Some(_) => return Err(Rejection::invalid(archived, "true, false or all")),
    };
    Ok(AccountFilter {
        profiles: query.list("filter[clientId]", serial(ProfileSerial))?,
        groups: query.list("filter[productId]", serial(GroupSerial))?,
        platforms: query.list("filter[platformId]", serial(PlatformSerial))?,
        lifecycle,
        with_archived,
        ..AccountFilter::default()
    })
}
