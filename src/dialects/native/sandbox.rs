//! Moves the clock of a sandbox and resets it.

use super::profiles::Empty;
use crate::app::sandbox::{Journey, YEARS_MAX_S};
use crate::dialects::kit::formats::{rfc3339, whole_number};
use crate::dialects::kit::{Call, Literal, Rejection, Reply, optional, required};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A new time, relative or absolute. Send exactly one of the two.
#[derive(Deserialize, ToSchema)]
pub(super) struct ClockBody {
    /// Seconds to move the clock ahead.
    #[schema(value_type = Option<u64>, example = 86400)]
    advance: Option<Literal>,
    /// The time to move to, RFC 3339, not before the current one.
    set: Option<String>,
}

/// The clock of the sandbox.
#[derive(Serialize, ToSchema)]
pub(super) struct ClockReply {
    /// The time after the move, RFC 3339.
    now: String,
}

impl ClockBody {
    fn journey(&self) -> Result<Journey, Rejection> {
        let advance = optional("advance", self.advance.as_ref(), whole_number)?;
        match (advance, self.set.as_deref()) {
            (Some(seconds), None) => i64::try_from(seconds)
                .ok()
                .filter(|seconds| *seconds <= YEARS_MAX_S)
                .map(Journey::Ahead)
                .ok_or_else(|| Rejection::out_of_range("advance", format!("0 to {YEARS_MAX_S} seconds"))),
            (None, Some(time)) => required("set", Some(time), rfc3339).map(Journey::To),
            _ => Err(Rejection::invalid("advance", "send either advance or set")),
        }
    }
}

/// Move the clock of a sandbox ahead. Jobs due in between run, each at its own time.
#[utoipa::path(post, path = "/sandbox/clock", tag = "Sandbox", request_body = ClockBody,
    responses((status = 200, body = ClockReply)))]
pub(super) async fn clock(call: Call) -> Result<Reply, Rejection> {
    call.refuse_rehearsal()?;
    let journey = call.body::<ClockBody>()?.journey()?;
    let (app, caller) = (call.app()?.clone(), call.caller()?.clone());
    let now = call.blocking(move || app.travel(&caller, journey)).await?;
    Reply::ok(&ClockReply { now: now.to_string() })
}

/// Delete all clients and money of a sandbox. Operators, tokens and reference data stay.
#[utoipa::path(post, path = "/sandbox/reset", tag = "Sandbox",
    responses((status = 200, body = Empty)))]
pub(super) async fn reset(call: Call) -> Result<Reply, Rejection> {
    call.refuse_rehearsal()?;
    let (app, caller) = (call.app()?.clone(), call.caller()?.clone());
    call.blocking(move || app.start_over(&caller)).await?;
    Reply::ok(&Empty {})
}
