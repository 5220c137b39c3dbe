//! The program: the products that accounts are opened in, and the reserve of the broker.

use super::account_view::TYPES;
use super::envelope::ok;
use super::fields::name_of;
use crate::app::ExactNumber;
use crate::app::ledger::{GetProgram, ProgramSeen, Reserve};
use crate::dialects::kit::{Call, Rejection, Reply};
use crate::domain::money::DecimalText;
use crate::domain::reference::{AmountRange, BankKind, BankTerms, Group};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The program. Products by their categories are objects, because clients read them so.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Program)]
pub(super) struct ProgramView {
    #[schema(example = "bursar")]
    name: String,
    #[schema(example = "America/New_York")]
    time_zone: String,
    #[schema(example = 2)]
    decimal_count: u8,
    is_internal_to_internal_transfer_enabled: bool,
    is_recurring_contribution_enabled: bool,
    /// Absent if a customer may have any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    per_user_account_count_max: Option<u32>,
    per_user_external_account_count_max: u32,
    accounts: Vec<ReserveView>,
    #[schema(value_type = Object)]
    checking_products: BTreeMap<String, ProductView>,
    #[schema(value_type = Object)]
    savings_products: BTreeMap<String, ProductView>,
    #[schema(value_type = Object)]
    prepaid_products: BTreeMap<String, ProductView>,
    products: Vec<ProductView>,
}

/// Money of the broker that is paid to accounts and taken from them.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProgramAccount)]
pub(super) struct ReserveView {
    program_account_id: i64,
    description: String,
    /// Negative once more was paid than taken.
    #[schema(value_type = f64, example = -500.00)]
    account_balance: ExactNumber,
    is_active: bool,
    /// Always ProgramReserve.
    #[serde(rename = "type")]
    kind: &'static str,
}

/// A product.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Product)]
pub(super) struct ProductView {
    #[schema(example = 7)]
    product_id: i64,
    name: String,
    #[schema(example = "Savings")]
    category: String,
    /// Checking, Savings, Prepaid or ForBenefitOf.
    #[serde(rename = "type")]
    #[schema(example = "Savings")]
    kind: &'static str,
    is_recurring_contribution_enabled: bool,
    is_external_withdraw_enabled: bool,
    is_interest_enabled: bool,
    /// Always empty: accounts bear no interest.
    #[schema(value_type = Vec<Object>)]
    interest_rates: [(); 0],
    balance_limit: LimitView,
    per_transaction_deposit_limit: LimitView,
    per_transaction_withdraw_limit: LimitView,
}

/// Limits; 0 for none.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Limit)]
pub(super) struct LimitView {
    #[schema(value_type = f64, example = 0.00)]
    minimum_amount: ExactNumber,
    #[schema(value_type = f64, example = 250_000.00)]
    maximum_amount: ExactNumber,
}

impl From<AmountRange> for LimitView {
    fn from(range: AmountRange) -> Self {
        let limit = |limit: Option<DecimalText>| limit.map_or_else(ExactNumber::zero, ExactNumber::from);
        LimitView { minimum_amount: limit(range.minimum), maximum_amount: limit(range.maximum) }
    }
}

impl ProductView {
    fn of(group: &Group, terms: &BankTerms) -> ProductView {
        let kind = name_of(terms.kind, &TYPES);
        ProductView {
            product_id: group.serial.0,
            name: group.declared.name.clone(),
            category: if terms.category.is_empty() { kind.to_owned() } else { terms.category.clone() },
            kind,
            is_recurring_contribution_enabled: terms.contributions.is_some(),
            is_external_withdraw_enabled: true,
            is_interest_enabled: false,
            interest_rates: [],
            balance_limit: terms.balance.into(),
            per_transaction_deposit_limit: terms.deposit.into(),
            per_transaction_withdraw_limit: terms.withdrawal.into(),
        }
    }
}

impl From<Reserve> for ReserveView {
    fn from(reserve: Reserve) -> Self {
        ReserveView {
            program_account_id: reserve.serial.0,
            description: format!("Reserve in {}", reserve.currency),
            account_balance: ExactNumber::of(reserve.balance, reserve.decimals),
            is_active: true,
            kind: "ProgramReserve",
        }
    }
}

/// Get the program.
#[utoipa::path(get, path = "/program/get", tag = "Program", responses((status = 200, body = ProgramView)))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    let app = call.app()?;
    let reserve = app.reserve(call.caller()?).await?;
    let ProgramSeen { products, decimals } = call.ask(GetProgram).await?;
    let program = &app.settings().program;
    let all: Vec<(BankKind, ProductView)> =
        products.iter().map(|(group, terms)| (terms.kind, ProductView::of(group, terms))).collect();
    let of_kind = |wanted: BankKind| {
        let found = all.iter().filter(|(kind, _)| *kind == wanted);
        found.map(|(_, view)| (view.category.to_lowercase(), view.clone())).collect::<BTreeMap<_, _>>()
    };
    let view = ProgramView {
        name: program.name.clone(),
        time_zone: program.time_zone.iana_name().unwrap_or("UTC").to_owned(),
        decimal_count: decimals.count(),
        is_internal_to_internal_transfer_enabled: true,
        is_recurring_contribution_enabled: products.iter().any(|(_, terms)| terms.contributions.is_some()),
        per_user_account_count_max: products
            .iter()
            .map(|(_, terms)| terms.max_accounts)
            .try_fold(0u32, |sum, max| max.map(|max| sum.saturating_add(max))),
        per_user_external_account_count_max: program.max_external_accounts,
        accounts: reserve.into_iter().map(ReserveView::from).collect(),
        checking_products: of_kind(BankKind::Checking),
        savings_products: of_kind(BankKind::Savings),
        prepaid_products: of_kind(BankKind::Prepaid),
        products: all.iter().map(|(_, view)| view.clone()).collect(),
    };
    ok(&call, &view)
}
