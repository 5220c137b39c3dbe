//! The numbers by which platforms call accounts.

use super::fields;
use crate::app::trading::LinkPlatformAccount;
use crate::dialects::kit::{Call, Literal, Rejection, Reply};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The number of an account at a platform.
#[derive(Deserialize, ToSchema)]
#[schema(as = PlatformAccountBody)]
pub(super) struct LinkBody {
    /// 1 to 128 characters; no other account may have it at the platform.
    #[schema(value_type = String, example = "500123")]
    number: Option<Literal>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PlatformAccount)]
pub(super) struct LinkView {
    #[schema(example = "demo-mt")]
    platform: String,
    #[schema(example = "500123")]
    number: String,
}

/// Set the number by which a platform calls an account. Events that wait for it are tried again.
#[utoipa::path(put, path = "/accounts/{id}/platform-accounts/{platform}", tag = "Trading data",
    params(("id" = Uuid, Path, description = "account id"),
           ("platform" = String, Path, description = "code of the platform")),
    request_body = LinkBody, responses((status = 200, body = LinkView)))]
pub(super) async fn link(call: Call) -> Result<Reply, Rejection> {
    let number = call.body::<LinkBody>()?.number.ok_or_else(|| Rejection::missing("number"))?;
    let platform = call.path("platform").to_owned();
    let command = LinkPlatformAccount { account: fields::path_id(&call)?, platform, number: number.0 };
    call.run(command, |linked| Reply::ok(&LinkView { platform: linked.platform, number: linked.number })).await
}
