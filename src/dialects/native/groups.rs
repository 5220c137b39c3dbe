//! The list of account groups.

use super::fields;
use super::lists::{LISTS, PagingView};
use crate::app::reference::{GroupFilter, ListGroups};
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
    /// Per-symbol permissions; empty until a trading engine is attached.
    #[schema(value_type = Vec<Object>)]
    permissions: [(); 0],
    /// The currencies in which the group offers accounts.
    currencies: Vec<String>,
}

impl From<Group> for GroupView {
    fn from(group: Group) -> Self {
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
            external_gateway_id: String::new(),
            symbol_profile_id: String::new(),
            funding_profile_id: String::new(),
            statement_heading: String::new(),
            margin_calculation_type: fields::margin_calculation(Some(declared.margin_calculation)),
            margin_recalc_scope: "MARGIN_RECALC_SCOPE_UNSPECIFIED",
            permissions: [],
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
