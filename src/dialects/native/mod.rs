//! The native dialect: the Helio "Accounts & Funding" API with extensions.
//!
//! Every success is 200, even for creates, or 202 for what waits for a second operator. Errors are
//! `{"code", "message", "details"}` with google.rpc codes.

mod account_states;
mod accounts;
mod alerts;
mod approvals;
mod audit_log;
mod banking;
mod batch;
mod currencies;
mod deals;
mod deposits;
mod details;
mod entries;
mod error;
mod event_body;
mod event_data;
mod event_stream;
mod events;
mod executions;
mod exposure;
mod external_accounts;
mod fields;
mod funding;
mod groups;
mod holds;
mod labels;
mod legacy_event;
mod lists;
mod log;
mod movements;
mod names;
mod openapi;
mod orders;
mod organizations;
mod owners;
mod parked;
mod platform_accounts;
mod platform_events;
mod portfolios;
mod positions;
mod profile_states;
mod profiles;
mod program;
mod sandbox;
mod sessions;
mod statements;
mod stored_rejection;
mod trades;
mod transfers;
mod trial_balance;
mod users;
mod webhook_messages;
mod webhooks;
mod withdrawals;

use super::kit::{Dialect, Rejection, Reply, ReplyContext, Routes};
use serde_json::Value;

pub use event_body::{ReadEvents, read_events};
pub use webhook_messages::StandardWebhooks;

pub struct Native;

impl Dialect for Native {
    fn name(&self) -> &'static str {
        "native"
    }

    fn document(&self) -> Value {
        openapi::document()
    }

    #[rustfmt::skip] // one line per route: path, operation, access, handler
    fn routes(&self) -> Routes {
        use crate::dialects::kit::Access::{Caller, Open};
        use crate::dialects::kit::UnknownMembers::Refused;
        use crate::domain::access::Right::{
            Administer, FeedPlatform, IssueSessions, ManageSelf, MoveFunds, ReadAccounts, ReadAudit, ReadEvents,
            ReadProfiles, ReadReference, ReadWebhooks, SetPasswords, WriteAccounts, WriteProfiles, WriteWebhooks,
        };
        Routes::default()
            .post("/user/login", "log_in", Open, users::log_in).ignoring_keys()
            .post("/user/logout", "log_out", Caller, users::log_out).ignoring_keys()
            .post("/user/password", "change_own_password", ManageSelf, users::change_password).ignoring_keys()
            .get("/user/tokens", "list_own_tokens", ManageSelf, users::list_tokens)
            .delete("/user/tokens/{id}", "revoke_own_token", ManageSelf, users::revoke_token)
            .get("/.well-known/jwks.json", "list_session_keys", Open, sessions::published_keys)
            .post("/trade/login", "begin_session", IssueSessions, sessions::begin).ignoring_keys()
            .post("/trade/introspect", "introspect_session", IssueSessions, sessions::introspect).ignoring_keys()
            .get("/options/currencies", "list_currencies", ReadReference, currencies::list)
            .get("/account-groups", "list_groups", ReadReference, groups::list)
            .get("/program", "get_program", ReadReference, program::get)
            .get("/organizations", "list_organizations", ReadReference, organizations::list)
            .post("/profiles", "create_profile", WriteProfiles, profiles::create)
            .get("/profiles", "list_profiles", ReadProfiles, profiles::list)
            .put("/profiles/change-password", "change_password", SetPasswords, profiles::change_password)
            .get("/profiles/{id}", "get_profile", ReadProfiles, profiles::get)
            .put("/profiles/{id}", "replace_profile", WriteProfiles, profiles::replace)
            .get("/profiles/{id}/details", "get_profile_details", ReadProfiles, details::of_profile)
            .post("/profiles/{id}/approve", "approve_profile", WriteProfiles, profile_states::approve)
            .post("/profiles/{id}/deny", "deny_profile", WriteProfiles, profile_states::deny)
            .post("/profiles/{id}/deceased", "report_death", WriteProfiles, profile_states::deceased)
            .post("/profiles/{id}/archive", "archive_profile", WriteProfiles, profile_states::archive)
            .post("/profiles/{id}/erase", "erase_profile", Administer, profile_states::erase)
            .get("/profiles/{id}/accounts", "list_portfolios_of_profile", ReadAccounts, portfolios::of_profile)
            .post("/accounts", "open_account", WriteAccounts, accounts::open)
            .get("/accounts", "list_accounts", ReadAccounts, accounts::list)
            .get("/accounts/{id}", "get_account", ReadAccounts, accounts::get)
            .put("/accounts/{id}", "change_account", WriteAccounts, accounts::change)
            .delete("/accounts/{id}", "archive_account", WriteAccounts, accounts::archive)
            .get("/accounts/{id}/details", "get_account_details", ReadAccounts, details::of_account)
            .put("/accounts/{id}/details", "change_account_details", WriteAccounts, details::change)
            .post("/accounts/{id}/lock", "lock_account", WriteAccounts, account_states::lock)
            .post("/accounts/{id}/unlock", "unlock_account", WriteAccounts, account_states::unlock)
            .post("/accounts/{id}/approve", "approve_account", WriteAccounts, account_states::approve)
            .post("/accounts/{id}/activate", "activate_account", WriteAccounts, account_states::activate)
            .post("/accounts/{id}/inactive", "set_account_inactive", WriteAccounts, account_states::inactive)
            .post("/accounts/{id}/dormant", "set_account_dormant", WriteAccounts, account_states::dormant)
            .post("/accounts/{id}/close", "close_account", WriteAccounts, account_states::close)
                .unknown_members(Refused)
            .get("/accounts/{id}/owners", "list_owners", ReadAccounts, owners::list)
            .post("/accounts/{id}/owners", "add_owner", WriteAccounts, owners::add)
            .put("/accounts/{id}/owners/{profileId}", "change_owner", WriteAccounts, owners::alter)
            .delete("/accounts/{id}/owners/{profileId}", "remove_owner", WriteAccounts, owners::remove)
            .post("/accounts/{id}/deposit", "deposit", MoveFunds, funding::deposit)
            .post("/accounts/{id}/withdraw", "withdraw", MoveFunds, funding::withdraw)
            .post("/accounts/{id}/balance", "adjust_balance", MoveFunds, funding::adjust)
            .get("/accounts/{id}/balance", "get_balance", ReadAccounts, statements::balance)
            .get("/accounts/{id}/statement", "get_statement", ReadAccounts, statements::statement)
            .get("/trial-balance", "get_trial_balance", ReadAccounts, trial_balance::get)
            .post("/accounts/{id}/deposits", "announce_deposit", MoveFunds, deposits::announce)
            .get("/accounts/{id}/deposits", "list_deposits_of_account", ReadAccounts, deposits::list_of_account)
            .get("/deposits", "list_deposits", ReadAccounts, deposits::list)
            .get("/deposits/{id}", "get_deposit", ReadAccounts, deposits::get)
            .post("/deposits/{id}/settle", "settle_deposit", MoveFunds, deposits::settle)
            .post("/deposits/{id}/return", "return_deposit", MoveFunds, deposits::return_deposit)
            .post("/accounts/{id}/withdrawals", "request_withdrawal", MoveFunds, withdrawals::request)
            .get("/accounts/{id}/withdrawals", "list_withdrawals_of_account", ReadAccounts,
                withdrawals::list_of_account)
            .get("/withdrawals", "list_withdrawals", ReadAccounts, withdrawals::list)
            .get("/withdrawals/{id}", "get_withdrawal", ReadAccounts, withdrawals::get)
            .post("/withdrawals/{id}/approve", "approve_withdrawal", MoveFunds, withdrawals::approve)
            .post("/withdrawals/{id}/pay", "pay_withdrawal", MoveFunds, withdrawals::pay)
            .post("/withdrawals/{id}/reject", "reject_withdrawal", MoveFunds, withdrawals::reject)
            .post("/withdrawals/{id}/cancel", "cancel_withdrawal", MoveFunds, withdrawals::cancel)
            .post("/accounts/{id}/holds", "place_hold", MoveFunds, holds::place)
            .get("/accounts/{id}/holds", "list_holds_of_account", ReadAccounts, holds::list_of_account)
            .get("/holds/{id}", "get_hold", ReadAccounts, holds::get)
            .post("/holds/{id}/capture", "capture_hold", MoveFunds, holds::capture)
            .post("/holds/{id}/release", "release_hold", MoveFunds, holds::release)
            .post("/transfers", "make_transfer", MoveFunds, transfers::make)
            .get("/transfers", "list_transfers", ReadAccounts, transfers::list)
            .get("/transfers/{id}", "get_transfer", ReadAccounts, transfers::get)
            .get("/approvals", "list_approvals", ReadAccounts, approvals::list)
            .get("/approvals/{id}", "get_approval", ReadAccounts, approvals::get)
            .post("/approvals/{id}/approve", "approve_request", Caller, approvals::approve).unknown_members(Refused)
            .post("/approvals/{id}/reject", "reject_request", Caller, approvals::reject).unknown_members(Refused)
            .post("/approvals/{id}/cancel", "cancel_request", Caller, approvals::cancel).unknown_members(Refused)
            .post("/entries/{id}/reverse", "reverse_entry", MoveFunds, entries::reverse)
            .post("/profiles/{id}/external-accounts", "add_external_account", WriteProfiles, external_accounts::add)
            .get("/external-accounts", "list_external_accounts", ReadProfiles, external_accounts::list)
            .get("/external-accounts/{id}", "get_external_account", ReadProfiles, external_accounts::get)
            .put("/external-accounts/{id}", "change_external_account", WriteProfiles, external_accounts::change)
            .get("/external-accounts/{id}/payment-details", "get_payment_details", MoveFunds,
                external_accounts::payment_details)
            .post("/external-accounts/{id}/verify", "verify_external_account", WriteProfiles,
                external_accounts::verify)
            .post("/external-accounts/{id}/archive", "archive_external_account", WriteProfiles,
                external_accounts::archive)
            .post("/external-transfers/{id}/delay", "delay_external_transfer", MoveFunds, banking::delay)
            .post("/external-transfers/{id}/resume", "resume_external_transfer", MoveFunds, banking::resume)
            .post("/external-transfers/{id}/send", "send_external_transfer", MoveFunds, banking::send)
            .get("/accounts/{id}/banking", "get_banking", ReadAccounts, banking::standing)
            .put("/accounts/{id}/contribution", "set_contribution", MoveFunds, banking::set_contribution)
            .post("/batch", "run_batch", Caller, batch::run)
                .with_bodies_of(batch::BODY_LIMIT_FACTOR).unknown_members(Refused)
            .post("/sandbox/clock", "move_clock", Administer, sandbox::clock).ignoring_keys()
            .post("/sandbox/reset", "reset_sandbox", Administer, sandbox::reset).ignoring_keys()
            .get("/accounts/{id}/deals", "list_deals", ReadAccounts, deals::list)
            .get("/accounts/{id}/positions", "list_positions", ReadAccounts, positions::open)
            .get("/accounts/{id}/orders", "list_orders", ReadAccounts, orders::list)
            .get("/accounts/{id}/history/positions", "list_closed_positions", ReadAccounts,
                positions::closed)
            .get("/accounts/{id}/executions", "list_executions", ReadAccounts, executions::list)
            .get("/platform/exposure", "list_exposure", ReadAccounts, exposure::list)
            .get("/platform/margin", "list_margin_calls", ReadAccounts, exposure::margin)
            .get("/portfolios/{id}", "get_portfolio", ReadAccounts, portfolios::get)
            .post("/platform/events", "feed_platform_events", FeedPlatform, platform_events::feed)
                .with_bodies_of(platform_events::BODY_LIMIT_FACTOR)
            .get("/platform/parked", "list_parked_events", ReadAccounts, parked::list)
            .post("/platform/parked/{id}/drop", "drop_parked_event", MoveFunds, parked::discard)
            .get("/platform/alerts", "list_alerts", ReadAccounts, alerts::list)
            .post("/platform/alerts/{id}/resolve", "resolve_alert", MoveFunds, alerts::resolve)
            .put("/accounts/{id}/platform-accounts/{platform}", "link_platform_account", WriteAccounts,
                platform_accounts::link)
            .get("/events", "list_events", ReadEvents, events::list)
            .get("/events/checkpoint", "get_event_checkpoint", ReadEvents, events::checkpoint)
            .post("/webhooks", "create_webhook", WriteWebhooks, webhooks::create)
            .get("/webhooks", "list_webhooks", ReadWebhooks, webhooks::list)
            .get("/webhooks/{id}", "get_webhook", ReadWebhooks, webhooks::get)
            .put("/webhooks/{id}", "change_webhook", WriteWebhooks, webhooks::change)
            .delete("/webhooks/{id}", "delete_webhook", WriteWebhooks, webhooks::delete)
            .post("/webhooks/{id}/rotate-secret", "rotate_webhook_secret", WriteWebhooks, webhooks::rotate_secret)
            .post("/webhooks/{id}/test", "test_webhook", WriteWebhooks, webhooks::test)
            .post("/webhooks/{id}/replay", "replay_webhook", WriteWebhooks, webhooks::replay)
            .get("/webhooks/{id}/deliveries", "list_deliveries", ReadWebhooks, webhooks::deliveries)
            .post("/webhooks/{id}/deliveries/{eventSeq}/redeliver", "redeliver_event", WriteWebhooks,
                webhooks::redeliver)
            .get("/audit-log", "list_audit_log", ReadAudit, audit_log::list)
            .get("/log/checkpoint", "get_checkpoint", ReadAudit, log::checkpoint)
            .get("/entries/{id}/proof", "prove_entry", ReadAudit, log::entry)
    }

    fn refuse(&self, rejection: &Rejection, context: &ReplyContext) -> Reply {
        error::reply(rejection, context)
    }
}
