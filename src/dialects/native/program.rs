//! The programme of bank accounts.

use crate::dialects::kit::{Call, Rejection, Reply};
use serde::Serialize;
use utoipa::ToSchema;

/// What holds for all bank products; configured by the operator.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Program)]
pub(super) struct ProgramView {
    name: String,
    /// Of its days and months.
    #[schema(example = "America/New_York")]
    time_zone: String,
    /// The most external accounts of a client that are not archived.
    max_external_accounts: u32,
}

/// Get the programme of bank accounts.
#[utoipa::path(get, path = "/program", tag = "Reference data", responses((status = 200, body = ProgramView)))]
pub(super) async fn get(call: Call) -> Result<Reply, Rejection> {
    let program = &call.app()?.settings().program;
    Reply::ok(&ProgramView {
        name: program.name.clone(),
        time_zone: program.time_zone.iana_name().unwrap_or("UTC").to_owned(),
        max_external_accounts: program.max_external_accounts,
    })
}
