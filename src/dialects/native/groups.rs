//! The list of account groups.

use super::fields;
use super::lists::{LISTS, PagingView};
use crate::app::reference::{GroupFilter, ListGroups, OfferedSymbol, OfferingGroup};
use crate::dialects::kit::formats::{currency, uuid};
use crate::dialects::kit::{Call, ExactNumber, Rejection, Reply};
use crate::domain::reference::Group;
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
