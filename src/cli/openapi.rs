//! `bursar openapi`: prints the OpenAPI document of a dialect, for client generators.

use clap::Args;
use serde_json::Value;

use super::Session;
use super::outcome::{Exit, Failure};
use crate::config::Apis;
use crate::http::openapi_json;

#[derive(Debug, Args)]
pub struct OpenapiArgs {
    /// Name of the dialect
    #[arg(default_value = "native")]
    dialect: String,
}

/// Prints the document, which is JSON with and without `--json`.
pub(super) fn run(args: &OpenapiArgs, session: &mut Session<'_>) -> Result<(), Failure> {
    let text = openapi_json(&args.dialect).ok_or_else(|| {
        let known: Vec<_> = Apis::default().mounts().into_iter().map(|(name, _)| name).collect();
        let message = format!("there is no dialect {:?}", args.dialect);
        Failure::new(Exit::Usage, message).next(format!("Dialects: {}", known.join(", ")))
    })?;
    let value: Value = serde_json::from_str(&text)
        .map_err(|error| Failure::new(Exit::Failure, format!("the document is not JSON: {error}")))?;
    session.output.print(&value, text)
}
