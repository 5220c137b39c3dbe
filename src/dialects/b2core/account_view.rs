//! Accounts as callers see them.

use super::fields;
use super::permissions;
use crate::app::trading::{DescribedAccount, TradingFigures};
use crate::domain::accounts::Account;
use crate::domain::money::Amount;
use crate::domain::reference::{Currency, GroupKind};
use serde::Serialize;
use utoipa::ToSchema;

/// A wallet or a trading account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Account)]
pub(super) struct AccountView {
    #[schema(example = 4711)]
    account_id: i64,
    #[schema(example = "2100004711")]
    account_number: String,
    /// The primary owner.
    #[schema(example = 305)]
    client_id: i64,
    /// The account's name, or its currency if it has no name.
    #[schema(example = "EUR")]
    caption: String,
    /// The product's name and the currency.
    #[schema(example = "Pro EUR")]
    name: String,
    currency: CurrencyView,
    /// The label of the product.
    group: Option<NamedView>,
    permissions: Vec<&'static str>,
    platform: NamedView,
    product: NamedView,
    statement: StatementView,
    /// `personal` for wallets, `trade` or `demo` for trading accounts.
    #[serde(rename = "type")]
    #[schema(example = "trade")]
    kind: &'static str,
    archive_time: Option<String>,
    #[schema(example = "2026-03-02T08:15:00+00:00")]
    create_time: String,
}

/// The currency of an account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Currency)]
pub(super) struct CurrencyView {
    #[schema(example = "EUR")]
    pub(super) alphabetic_code: String,
    #[schema(example = 2)]
    minor_unit: u32,
    #[schema(example = "Euro")]
    name: String,
    /// ISO 4217; none for crypto.
    #[schema(example = 978)]
    numeric_code: Option<u16>,
}

/// Something that has a name.
#[derive(Serialize, ToSchema)]
#[schema(as = Named)]
pub(super) struct NamedView {
    pub(super) id: i64,
    pub(super) name: String,
}

/// The figures of an account, as text with 18 decimals. Those of trading only are null for wallets.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Statement)]
pub(super) struct StatementView {
    /// The balance less holds, uncleared deposits, margin and unrealized loss.
    #[schema(example = "500.000000000000000000")]
    available_balance: String,
    /// Sum of all postings.
    #[schema(example = "500.000000000000000000")]
    current_balance: String,
    /// Trading credit granted and not yet revoked.
    credit: Option<String>,
    /// Balance plus unrealized profit or loss.
    equity: Option<String>,
    /// Equity less margin: what new positions may use.
    free_margin: Option<String>,
    /// Active holds, including pending withdrawals.
    hold: String,
    margin: Option<String>,
    /// Equity in percent of margin; null without margin.
    margin_level: Option<String>,
    /// Unrealized profit or loss.
    pnl: Option<String>,
    update_time: String,
}

impl From<DescribedAccount> for AccountView {
    fn from(described: DescribedAccount) -> Self {
        let updated = fields::time(described.figures_recorded_at);
        let DescribedAccount { account, client, kind, group, label, platform, currency, figures, .. } = described;
        let named = |id: i64, name: String| NamedView { id, name };
        AccountView {
            account_id: account.serial.0,
            client_id: client.0,
            caption: match account.labels.name.as_str() {
                "" => currency.code.to_string(),
                name => name.to_owned(),
            },
            name: format!("{} {}", group.1, currency.code),
            group: label.map(|(serial, name)| named(serial.0, name)),
            permissions: permissions::of(&account),
            platform: named(platform.0.0, platform.1),
            kind: kind_of(kind, account.is_demo),
            statement: statement(&account, (kind == GroupKind::Trading).then_some(figures), updated),
            product: named(group.0.0, group.1),
            archive_time: account.closed_at.map(fields::time),
            create_time: fields::time(account.created_at),
            currency: currency.into(),
            account_number: account.number,
        }
    }
}

/// The type of an account, which follows from its product.
pub(super) fn kind_of(kind: GroupKind, is_demo: bool) -> &'static str {
    match (kind, is_demo) {
        (GroupKind::Wallet, _) => "personal",
        (GroupKind::Trading, false) => "trade",
        (GroupKind::Trading, true) => "demo",
    }
}

impl From<Currency> for CurrencyView {
    fn from(currency: Currency) -> Self {
        CurrencyView {
            alphabetic_code: currency.code.to_string(),
            minor_unit: u32::from(currency.decimals.count()),
            name: currency.name,
            numeric_code: currency.numeric_code,
        }
    }
}

/// `trading`: none for a wallet.
fn statement(account: &Account, trading: Option<TradingFigures>, update_time: String) -> StatementView {
    let figure = |amount| fields::figure(&amount_text(account, amount));
    let balances = &account.balances;
    let level = trading.as_ref().and_then(|figures| figures.margin_level.as_deref());
    let of_trading = |pick: fn(&TradingFigures) -> Amount| trading.as_ref().map(|figures| figure(pick(figures)));
    StatementView {
        available_balance: figure(balances.free()),
        current_balance: figure(balances.balance),
        hold: figure(balances.held),
        credit: trading.as_ref().map(|_| figure(balances.credit())),
        equity: of_trading(|figures| figures.equity),
        free_margin: of_trading(|figures| figures.free_margin),
        margin: of_trading(|figures| figures.used_margin),
        margin_level: level.map(fields::figure),
        pnl: of_trading(|figures| figures.unrealised),
        update_time,
    }
}

/// An amount with all decimals of the account's currency.
pub(super) fn amount_text(account: &Account, amount: Amount) -> String {
    amount.to_text(account.decimals)
}
