//! The list of account groups.

use super::fields;
use super::lists::{LISTS, PagingView};
use crate::app::reference::{GroupFilter, ListGroups, OfferedSymbol, OfferingGroup};
use crate::dialects::kit::formats::{currency, uuid};
use crate::dialects::kit::{Call, ExactNumber, Rejection, Reply};
use crate::domain::money::DecimalText;
use crate::domain::reference::{AmountRange, BankTerms, Group};
use serde::Serialize;
use utoipa::ToSchema;

/// A set of rules for its accounts, configured by the operator.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AccountGroup)]
pub(super) struct GroupView {
    id: String,
    name: String,
    description: String,
    /// Margin level of the margin call, in percent.
    #[schema(value_type = f64, example = 100)]
    margin_call_level: ExactNumber,
    /// Margin level of the stop-out, in percent.
    #[schema(value_type = f64, example = 50)]
    stop_out_level: ExactNumber,
    negative_balance_protect: bool,
    swap_free: bool,
    is_demo: bool,
    #[schema(example = "TRADE_STATUS_FULL")]
    status: String,
    external_gateway_id: String,
    symbol_profile_id: String,
    funding_profile_id: String,
    statement_heading: String,
    #[schema(example = "MARGIN_CALC_TYPE_SUM")]
    margin_calculation_type: String,
    margin_recalc_scope: &'static str,
    /// The symbols that the group offers; none of a group of wallets.
    permissions: Vec<PermissionView>,
    /// The currencies in which the group offers accounts.
    currencies: Vec<String>,
    /// The terms of a bank product; null if it is none.
    bank: Option<BankTermsView>,
}

/// What a bank product is and allows. Amounts are in the currency of the account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BankTerms)]
pub(super) struct BankTermsView {
    /// CHECKING, SAVINGS, PREPAID or FOR_BENEFIT_OF.
    #[schema(example = "SAVINGS")]
    kind: String,
    /// The broker's own category; empty for none.
    category: String,
    /// The bank's own; empty for none.
    #[schema(example = "123456789")]
    routing_number: String,
    /// Whether numbers of accounts are shown in full.
    shows_numbers: bool,
    /// The most accounts that a client may have of it; null for any number.
    max_accounts: Option<u32>,
    /// Limits of the balance: deposits keep to the maximum, withdrawals to the minimum.
    balance: RangeView,
    /// Limits of one deposit from outside.
    deposit: RangeView,
    /// Limits of one withdrawal to the outside.
    withdrawal: RangeView,
    /// Null for no fee.
    withdrawal_fee: Option<WithdrawalFeeView>,
    /// The least that a recurring contribution may be; null if there are none.
    #[schema(value_type = Option<f64>, example = 10)]
    minimum_contribution: Option<ExactNumber>,
}

/// Limits; null for none.
#[derive(Serialize, ToSchema)]
#[schema(as = AmountRange)]
pub(super) struct RangeView {
    #[schema(value_type = Option<f64>, example = 1)]
    minimum: Option<ExactNumber>,
    #[schema(value_type = Option<f64>, example = 5000)]
    maximum: Option<ExactNumber>,
}

/// The fee for withdrawals beyond the free ones of a month.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WithdrawalFee)]
pub(super) struct WithdrawalFeeView {
    free_withdrawals: u32,
    /// For each further one.
    #[schema(value_type = f64, example = 5)]
    fee: ExactNumber,
}

impl From<AmountRange> for RangeView {
    fn from(range: AmountRange) -> Self {
        let shown = |limit: Option<DecimalText>| limit.map(|limit| ExactNumber::from_stored(&String::from(limit)));
        RangeView { minimum: shown(range.minimum), maximum: shown(range.maximum) }
    }
}

impl From<BankTerms> for BankTermsView {
    fn from(terms: BankTerms) -> Self {
        let shown = |amount: DecimalText| ExactNumber::from_stored(&String::from(amount));
        BankTermsView {
            kind: terms.kind.name().to_uppercase(),
            category: terms.category,
            routing_number: terms.routing_number,
            shows_numbers: terms.shows_numbers,
            max_accounts: terms.max_accounts,
            balance: terms.balance.into(),
            deposit: terms.deposit.into(),
            withdrawal: terms.withdrawal.into(),
            withdrawal_fee: terms
                .withdrawal_fee
                .map(|fee| WithdrawalFeeView { free_withdrawals: fee.free_withdrawals, fee: shown(fee.fee) }),
            minimum_contribution: terms.contributions.map(|terms| shown(terms.minimum_amount)),
        }
    }
}

/// A symbol that a group offers, and what the platform applies to it there.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Permission)]
pub(super) struct PermissionView {
    #[schema(example = "1-7")]
    id: String,
    enabled: bool,
    group_id: String,
    symbol_id: String,
    /// The code of the symbol.
    #[schema(example = "EURUSD")]
    symbol_name: String,
    margin_template_id: String,
    commission_template_id: String,
    volume_template_id: String,
    protection_template_id: String,
    #[schema(example = "-0.00002")]
    markup_bid: String,
    #[schema(example = "0.00002")]
    markup_ask: String,
    #[schema(example = "50")]
    max_nop: String,
    #[schema(example = "TRADE_STATUS_FULL")]
    status: String,
}

impl PermissionView {
    fn of(group: &Group, OfferedSymbol { serial, id, applied }: OfferedSymbol) -> Self {
        PermissionView {
            id: format!("{}-{serial}", group.serial),
            enabled: true,
            group_id: group.id.to_string(),
            symbol_id: id.to_string(),
            symbol_name: applied.symbol,
            margin_template_id: applied.margin_template,
            commission_template_id: applied.commission_template,
            volume_template_id: applied.volume_template,
            protection_template_id: applied.protection_template,
            markup_bid: applied.markup_bid,
            markup_ask: applied.markup_ask,
            max_nop: applied.max_nop,
            status: fields::trade_status(group.declared.status),
        }
    }
}

impl From<OfferingGroup> for GroupView {
    fn from(OfferingGroup { group, symbols }: OfferingGroup) -> Self {
        let permissions = symbols.into_iter().map(|symbol| PermissionView::of(&group, symbol)).collect();
        let declared = group.declared;
        GroupView {
            id: group.id.to_string(),
            name: declared.name,
            description: declared.description,
            margin_call_level: ExactNumber::from_stored(&declared.margin_call_level),
            stop_out_level: ExactNumber::from_stored(&declared.stop_out_level),
            negative_balance_protect: declared.negative_balance_protection,
            swap_free: declared.is_swap_free,
            is_demo: declared.is_demo,
            status: fields::trade_status(declared.status),
            external_gateway_id: declared.names.external_gateway,
            symbol_profile_id: declared.names.symbol_profile,
            funding_profile_id: declared.names.funding_profile,
            statement_heading: declared.names.statement_heading,
            margin_calculation_type: fields::margin_calculation(Some(declared.margin_calculation)),
            margin_recalc_scope: "MARGIN_RECALC_SCOPE_UNSPECIFIED",
            permissions,
            currencies: group.currencies.iter().map(ToString::to_string).collect(),
            bank: declared.bank.map(BankTermsView::from),
        }
    }
}

/// One page of account groups.
#[derive(Serialize, ToSchema)]
pub(super) struct GroupList {
    groups: Vec<GroupView>,
    #[serde(flatten)]
    paging: PagingView,
}

/// List the groups that a new account can join.
#[utoipa::path(get, path = "/account-groups", tag = "Reference data",
    params(
        ("id" = Option<Vec<String>>, Query, description = "id; repeatable"),
        ("name" = Option<String>, Query, description = "part of the name, ignoring case"),
        ("currency" = Option<String>, Query, description = "a currency that the group offers"),
        ("status" = Option<String>, Query, description = "trade status, by name or number"),
        ("page" = Option<u32>, Query, description = "from 1"),
        ("perPage" = Option<u32>, Query, description = "1 to 500, default 50"),
        ("after" = Option<String>, Query, description = "`next` of the previous page, instead of `page`"),
    ),
    responses((status = 200, body = GroupList)))]
pub(super) async fn list(call: Call) -> Result<Reply, Rejection> {
    let query = call.query();
    let filter = GroupFilter {
        ids: query.values("id", uuid)?,
        name: query.one("name")?.map(str::to_owned),
        currency: query.value("currency", currency)?,
        status: query.value("status", fields::parse_trade_status)?.flatten(),
    };
    let paging = LISTS.page(&call)?;
    let found = call.ask(ListGroups { filter, page: paging.page }).await?;
    let paging = PagingView::of(&found, &paging);
    Reply::ok(&GroupList { groups: found.rows.into_iter().map(GroupView::from).collect(), paging })
}
