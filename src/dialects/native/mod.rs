//! The native dialect: Helio "Accounts & Funding", plus extensions of our own.
//!
//! Every success is 200, creates included; errors are `{"code", "message", "details"}` with google.rpc codes.

mod account_states;
mod accounts;
mod batch;
mod currencies;
mod deals;
mod deposits;
mod entries;
mod error;
mod event_stream;
mod events;
mod fields;
mod funding;
mod groups;
mod holds;
mod labels;
mod movements;
mod openapi;
mod owners;
mod portfolios;
mod profile_states;
mod profiles;
mod sandbox;
mod sessions;
mod statements;
mod transfers;
mod trial_balance;
mod users;
mod withdrawals;

pub use openapi::document;

use super::kit::{Access, Dialect, Routes};
use crate::domain::access::Right;
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
            .post("/profiles/{id}/approve", profile_states::approve)
            .post("/profiles/{id}/deny", profile_states::deny)
            .post("/profiles/{id}/deceased", profile_states::deceased)
            .post("/profiles/{id}/archive", profile_states::archive)
            .get("/profiles/{id}/accounts", portfolios::of_profile)
            .post("/accounts", accounts::open)
            .get("/accounts", accounts::list)
            .get("/accounts/{id}", accounts::get)
            .put("/accounts/{id}", accounts::change)
            .delete("/accounts/{id}", accounts::archive)
            .post("/accounts/{id}/lock", account_states::lock)
            .post("/accounts/{id}/unlock", account_states::unlock)
            .post("/accounts/{id}/approve", account_states::approve)
            .post("/accounts/{id}/activate", account_states::activate)
            .post("/accounts/{id}/inactive", account_states::inactive)
            .post("/accounts/{id}/dormant", account_states::dormant)
            .post("/accounts/{id}/close", account_states::close)
            .get("/accounts/{id}/owners", owners::list)
            .post("/accounts/{id}/owners", owners::add)
            .put("/accounts/{id}/owners/{profileId}", owners::alter)
            .delete("/accounts/{id}/owners/{profileId}", owners::remove)
            .post("/accounts/{id}/deposit", funding::deposit)
            .post("/accounts/{id}/withdraw", funding::withdraw)
            .post("/accounts/{id}/balance", funding::adjust)
            .get("/accounts/{id}/balance", statements::balance)
            .get("/accounts/{id}/statement", statements::statement)
            .get("/trial-balance", trial_balance::get)
            .post("/accounts/{id}/deposits", deposits::announce)
            .get("/accounts/{id}/deposits", deposits::list_of_account)
            .get("/deposits", deposits::list)
            .get("/deposits/{id}", deposits::get)
            .post("/deposits/{id}/settle", deposits::settle)
            .post("/deposits/{id}/return", deposits::give_back)
            .post("/accounts/{id}/withdrawals", withdrawals::request)
            .get("/accounts/{id}/withdrawals", withdrawals::list_of_account)
            .get("/withdrawals", withdrawals::list)
            .get("/withdrawals/{id}", withdrawals::get)
            .post("/withdrawals/{id}/approve", withdrawals::approve)
            .post("/withdrawals/{id}/pay", withdrawals::pay)
            .post("/withdrawals/{id}/reject", withdrawals::reject)
            .post("/withdrawals/{id}/cancel", withdrawals::cancel)
            .post("/accounts/{id}/holds", holds::place)
            .get("/accounts/{id}/holds", holds::list_of_account)
            .get("/holds/{id}", holds::get)
            .post("/holds/{id}/capture", holds::capture)
            .post("/holds/{id}/release", holds::release)
            .post("/transfers", transfers::make)
            .get("/transfers", transfers::list)
            .get("/transfers/{id}", transfers::get)
            .post("/entries/{id}/reverse", entries::reverse)
            .post("/batch", batch::run)
            .with_bodies_of(batch::BODY_LIMIT_FACTOR)
            .post("/sandbox/clock", sandbox::clock)
            .post("/sandbox/reset", sandbox::reset)
            .get("/accounts/{id}/deals", deals::list)
            .get("/accounts/{id}/positions", portfolios::positions)
            .get("/accounts/{id}/orders", portfolios::orders)
            .get("/accounts/{id}/history/positions", portfolios::closed_positions)
            .get("/portfolios/{id}", portfolios::get)
            .get("/events", events::list)
            .get("/events/checkpoint", events::checkpoint)
    }

    fn right(method: &Method, pattern: &str) -> Option<Right> {
        let is_read = *method == Method::GET;
        let mut parts = pattern.trim_start_matches('/').split('/');
        let (noun, _, of_it) = (parts.next()?, parts.next(), parts.next());
        Some(match (noun, of_it) {
            ("options" | "account-groups", _) => Right::ReadReference,
            ("trade", _) => Right::IssueSessions,
            ("events", _) => Right::ReadEvents,
            ("sandbox", _) => Right::Administer,
            ("profiles", Some("accounts")) | ("portfolios" | "trial-balance", _) => Right::ReadAccounts,
            ("profiles", _) => {
                if is_read {
                    Right::ReadProfiles
                } else {
                    Right::WriteProfiles
                }
            }
            ("accounts" | "deposits" | "withdrawals" | "transfers" | "holds", _) if is_read => Right::ReadAccounts,
            ("deposits" | "withdrawals" | "transfers" | "holds" | "entries", _)
            | ("accounts", Some("deposit" | "withdraw" | "balance" | "deposits" | "withdrawals" | "holds")) => {
                Right::MoveFunds
            }
            ("accounts", _) => Right::WriteAccounts,
            _ => return None,
        })
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
