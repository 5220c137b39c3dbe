//! The native dialect: Helio "Accounts & Funding", plus extensions of our own.
//!
//! Every success is 200, creates included; errors are `{"code", "message", "details"}` with google.rpc codes.

mod accounts;
mod currencies;
mod deals;
mod error;
mod fields;
mod funding;
mod groups;
mod openapi;
mod portfolios;
mod profiles;
mod sessions;
mod users;

pub use openapi::document;

use super::kit::{Access, Dialect, Routes};
use crate::domain::ids::RequestId;
use crate::domain::refusal::Refusal;
use actix_web::HttpRequest;
use actix_web::http::{Method, StatusCode, header};

/// The native dialect.
pub struct Native;

impl Dialect for Native {
    const NAME: &'static str = "native";
    const REPLAYED_HEADER: &'static str = "Idempotency-Replayed";

    fn routes() -> Routes {
        Routes::default()
            .on(Method::POST, "/user/login", Access::Open, users::log_in)
            .on(Method::GET, "/.well-known/jwks.json", Access::Open, sessions::published_keys)
            .post("/trade/login", sessions::begin)
            .post("/trade/introspect", sessions::introspect)
            .get("/options/currencies", currencies::list)
            .get("/account-groups", groups::list)
            .post("/profiles", profiles::create)
            .get("/profiles", profiles::list)
            .put("/profiles/change-password", profiles::change_password)
            .get("/profiles/{id}", profiles::get)
            .put("/profiles/{id}", profiles::replace)
            .get("/profiles/{id}/accounts", portfolios::of_profile)
            .post("/accounts", accounts::open)
            .get("/accounts", accounts::list)
            .get("/accounts/{id}", accounts::get)
            .put("/accounts/{id}", accounts::change)
            .delete("/accounts/{id}", accounts::archive)
            .post("/accounts/{id}/deposit", funding::deposit)
            .post("/accounts/{id}/withdraw", funding::withdraw)
            .post("/accounts/{id}/balance", funding::adjust)
            .get("/accounts/{id}/deals", deals::list)
            .get("/accounts/{id}/positions", portfolios::positions)
            .get("/accounts/{id}/orders", portfolios::orders)
            .get("/accounts/{id}/history/positions", portfolios::closed_positions)
            .get("/portfolios/{id}", portfolios::get)
    }

    fn token(request: &HttpRequest) -> Option<&str> {
        let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    fn retry_key(request: &HttpRequest) -> Result<Option<&str>, Refusal> {
        let mut values = request.headers().get_all("Idempotency-Key");
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(Refusal::invalid("Idempotency-Key", "given more than once"));
        }
        match value.to_str() {
            Ok(key) if (1..=255).contains(&key.len()) => Ok(Some(key)),
            _ => Err(Refusal::invalid("Idempotency-Key", "1 to 255 visible ASCII characters")),
        }
    }

    fn refuse(refusal: &Refusal, request: RequestId) -> (StatusCode, &'static str, String) {
        error::envelope(refusal, request)
    }
}
