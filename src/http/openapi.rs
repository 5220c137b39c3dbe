//! The OpenAPI documents.

use crate::dialects::kit::Dialect;
use crate::dialects::native::{self, Native};

/// The OpenAPI document of a dialect, as JSON.
pub fn openapi_json(dialect: &str) -> Option<String> {
    let document = match dialect {
        Native::NAME => native::document(),
        _ => return None,
    };
    document.to_pretty_json().ok()
}
