//! Every route has tests: it refuses callers without a token, works, hides what tags exclude, replays retries, and
//! leaves no trace of a refusal. Each dialect has a table of its own.

use super::harness::Server;
use bursar::dialects::kit::{Access, Dialect, Route};
use bursar::dialects::native::Native;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The tests of one route, as `module::name`; empty if not applicable.
pub(super) struct Tests {
    happy: &'static str,
    /// Objects outside the caller's tags are not found, listed or mentioned.
    hidden: &'static str,
    /// A retry of a write is answered again and not done again.
    replayed: &'static str,
    /// A refused write changes nothing.
    traceless: &'static str,
}

const EXTERNALS_REFUSED: &str = "external_accounts::refused_external_accounts_leave_no_trace";
const EXTERNALS_REPLAYED: &str = "external_accounts::labels_change_one_by_one_and_calls_are_replayed";
const IN_STEPS: &str = "external_transfers::money_comes_and_goes_in_steps";
const STEPS_REFUSED: &str = "external_transfers::what_a_bank_cannot_do_leaves_no_trace";
const PLAN: &str = "contributions::a_plan_is_set_part_by_part_and_its_days_follow_from_start_and_today";
const READS_NO_CLIENT: &str = "";
const ISSUES_TOKENS: &str = "idempotency::calls_that_issue_tokens_and_reads_ignore_the_key";
const TRADES_HIDDEN: &str = "native_positions::what_a_caller_may_not_see_has_no_positions_orders_and_executions";
const HIDDEN: &str = "tags::hidden_objects_are_not_found_by_any_route";
const PROVEN: &str = "log_proofs::others_can_verify_that_the_log_contains_an_entry_and_only_grows";
const LISTED: &str = "tags::lists_and_their_totals_omit_hidden_objects";
const REPLAYED: &str = "idempotency::every_write_is_replayed";
const FUNDS: &str = "native_funding::refused_deposits_and_adjustments_leave_no_trace";
const DEBITS: &str = "native_funding::debits_stop_at_what_can_be_withdrawn_and_leave_no_trace";
const MOVED: &str = "idempotency::every_movement_is_replayed";
const DEPOSIT: &str = "native_deposits::refused_deposits_leave_no_trace";
const WITHDRAWAL: &str = "native_withdrawals::refused_withdrawals_leave_no_trace";
const HOLD: &str = "native_holds::refused_holds_leave_no_trace";
const JOURNEY: &str = "sandbox::refused_journeys_leave_no_trace";
const STATES_HIDDEN: &str = "native_account_states::steps_of_hidden_accounts_are_not_found";
const STATES_REPLAYED: &str = "native_account_states::steps_are_replayed";
const STATES_REFUSED: &str = "native_account_states::refused_steps_leave_no_trace";
const OWNERS_HIDDEN: &str = "native_owners::owners_of_hidden_accounts_and_hidden_clients_are_not_found";
const OWNERS_REPLAYED: &str = "native_owners::changes_of_owners_are_replayed";
const OWNERS_REFUSED: &str = "native_owners::refused_changes_of_owners_leave_no_trace";
const OWNERS: &str = "native_owners::owners_are_inserted_moved_and_removed_without_gaps";
const DETAILS: &str = "native_details::details_are_changed_and_kept";
const DETAILS_REFUSED: &str = "native_details::refused_changes_of_details_leave_no_trace";
const APPROVE: &str = "native_approvals::an_account_that_requires_approval_waits_for_another_operator";
const REVIEW: &str = "native_approvals::a_client_in_review_waits_with_its_accounts";
const DENY: &str = "native_approvals::a_client_who_is_denied_gets_no_accounts";
const APPROVALS_HIDDEN: &str = "native_approvals::hidden_clients_and_accounts_are_not_found";
const APPROVALS_REPLAYED: &str = "native_approvals::decisions_are_replayed";
const APPROVALS_REFUSED: &str = "native_approvals::refused_decisions_leave_no_trace";
const DEATH: &str = "native_deaths::heirs_follow_and_accounts_without_any_are_locked";
const DEATH_REFUSED: &str = "native_deaths::refused_reports_leave_no_trace";
const ARCHIVED: &str = "native_approvals::archiving_a_client_without_accounts_is_final";
const ERASED: &str = "native_erasure::what_is_personal_about_an_archived_client_is_erased_and_the_audit_stays_clean";
const ERASURE_REFUSED: &str = "native_erasure::refused_erasures_leave_no_trace";
const PROFILE: &str = "native_profiles::a_refused_profile_leaves_no_trace";

const QUEUE: &str = "approvals::a_transfer_that_waits_holds_its_money_and_is_made_once_approved";
const QUEUE_ENDS: &str = "approvals::a_rejected_cancelled_or_expired_request_frees_its_money";
const QUEUE_HIDDEN: &str = "approvals::requests_about_hidden_clients_are_not_found";
const QUEUE_REPLAYED: &str = "approvals::requests_and_decisions_are_replayed";
const QUEUE_REFUSED: &str = "approvals::refused_decisions_leave_no_trace";

const PARKED: &str = "platform_feed::what_is_not_known_yet_waits_and_is_tried_again";
const FEED_HIDDEN: &str = "platform_feed::operators_with_tags_neither_feed_nor_see_what_waits";
const FEED_REPLAYED: &str = "platform_feed::calls_about_the_feed_are_replayed";
const FEED_REFUSED: &str = "platform_feed::refused_calls_leave_no_trace";

const WEBHOOK: &str = "webhooks::a_webhook_is_made_listed_changed_and_deleted";
const WEBHOOKS_HIDDEN: &str = "webhooks::nobody_sees_or_changes_a_webhook_that_sees_more";
const WEBHOOKS_REPLAYED: &str = "webhooks::changes_of_webhooks_are_replayed";
const WEBHOOKS_REFUSED: &str = "webhooks::refused_calls_leave_no_trace";

/// A method with a path, and the tests of that route.
pub(super) type Row = ((&'static str, &'static str), Tests);

pub(super) const fn read(path: &'static str, happy: &'static str, hidden: &'static str) -> Row {
    (("GET", path), Tests { happy, hidden, replayed: "", traceless: "" })
}

pub(super) const fn write(
    method: &'static str,
    path: &'static str,
    happy: &'static str,
    hidden: &'static str,
    replayed: &'static str,
    traceless: &'static str,
) -> Row {
    ((method, path), Tests { happy, hidden, replayed, traceless })
}

#[rustfmt::skip] // one or two lines a route
fn table() -> BTreeMap<(&'static str, &'static str), Tests> {
    BTreeMap::from([
        write("POST", "/user/login", "native_login::a_name_and_a_password_give_a_token", READS_NO_CLIENT, "",
            "native_login::a_refused_login_leaves_no_trace"),
        write("POST", "/user/logout", "own_access::logging_out_ends_the_token_of_the_call", READS_NO_CLIENT, "",
            "own_access::logging_out_ends_the_token_of_the_call"),
        write("POST", "/user/password", "own_access::a_new_password_ends_all_other_logins", READS_NO_CLIENT, "",
            "own_access::refused_passwords_leave_no_trace_and_guesses_are_throttled"),
        read("/user/tokens", "own_access::operators_see_their_own_tokens_and_no_secret", READS_NO_CLIENT),
        write("DELETE", "/user/tokens/{id}", "own_access::operators_revoke_their_own_tokens_and_no_others",
            READS_NO_CLIENT, "own_access::operators_revoke_their_own_tokens_and_no_others",
            "own_access::operators_revoke_their_own_tokens_and_no_others"),
        read("/.well-known/jwks.json", "signing_keys::a_new_key_is_published_before_it_signs", READS_NO_CLIENT),
        write("POST", "/trade/login", "native_sessions::a_session_is_a_signed_token_that_names_the_open_accounts",
            "tags::sessions_of_hidden_clients_can_neither_begin_nor_be_introspected", ISSUES_TOKENS,
            "native_sessions::a_refused_session_leaves_no_trace"),
        write("POST", "/trade/introspect", "native_sessions::a_session_is_a_signed_token_that_names_the_open_accounts",
            "tags::sessions_of_hidden_clients_can_neither_begin_nor_be_introspected", ISSUES_TOKENS,
            "native_sessions::a_refused_session_leaves_no_trace"),
        read("/options/currencies", "native_reference::currencies_say_how_many_decimals_they_have", READS_NO_CLIENT),
        read("/account-groups", "native_reference::groups_carry_every_field_of_the_contract", READS_NO_CLIENT),
        read("/program", "native_bank_products::one_product_of_each_kind_is_shipped_and_shows_its_terms",
            READS_NO_CLIENT),
        read("/organizations", "midaz_organizations::organizations_and_ledgers_are_listed_natively", READS_NO_CLIENT),
        write("POST", "/profiles", "native_profiles::a_profile_is_created_bare_with_every_field",
            "tags::an_address_or_id_of_a_hidden_client_cannot_be_used_and_is_not_revealed", REPLAYED, PROFILE),
        read("/profiles", "native_profiles::lists_are_paged_in_order_of_creation_and_found_by_address", LISTED),
        write("PUT", "/profiles/change-password", "native_profiles::passwords_have_8_to_200_characters", HIDDEN,
            REPLAYED, PROFILE),
        read("/profiles/{id}", "native_profiles::a_profile_is_created_bare_with_every_field", HIDDEN),
        read("/profiles/{id}/details", DETAILS, DETAILS_REFUSED),
        read("/accounts/{id}/details", DETAILS, DETAILS_REFUSED),
        write("PUT", "/accounts/{id}/details", DETAILS, DETAILS_REFUSED, DETAILS, DETAILS_REFUSED),
        write("PUT", "/profiles/{id}", "native_profiles::replacing_empties_omitted_fields", HIDDEN, REPLAYED,
            "native_profiles::replacing_refuses_another_id_an_old_version_and_an_address_that_is_taken"),
        write("POST", "/profiles/{id}/approve", REVIEW, APPROVALS_HIDDEN, APPROVALS_REPLAYED, APPROVALS_REFUSED),
        write("POST", "/profiles/{id}/deny", DENY, APPROVALS_HIDDEN, APPROVALS_REPLAYED, APPROVALS_REFUSED),
        write("POST", "/profiles/{id}/deceased", DEATH, APPROVALS_HIDDEN, APPROVALS_REPLAYED, DEATH_REFUSED),
        write("POST", "/profiles/{id}/archive", ARCHIVED, APPROVALS_HIDDEN, APPROVALS_REPLAYED, APPROVALS_REFUSED),
        write("POST", "/profiles/{id}/erase", ERASED, ERASURE_REFUSED, "native_erasure::an_erasure_is_replayed",
            ERASURE_REFUSED),
        read("/profiles/{id}/accounts", "native_portfolios::a_portfolio_is_a_snapshot_of_one_account", HIDDEN),
        write("POST", "/accounts", "native_accounts::an_account_is_opened_wrapped_and_read_bare", HIDDEN, REPLAYED,
            "native_accounts::a_refused_account_leaves_no_trace"),
        read("/accounts", "native_accounts::lists_are_filtered_and_paged", LISTED),
        read("/accounts/{id}", "native_accounts::an_account_is_opened_wrapped_and_read_bare", HIDDEN),
        write("PUT", "/accounts/{id}", "native_accounts::changes_touch_only_what_is_sent_and_raise_the_version",
            HIDDEN, REPLAYED, "native_accounts::refused_changes_leave_no_trace"),
        write("DELETE", "/accounts/{id}", "native_accounts::archiving_needs_a_balance_of_zero_and_is_final", HIDDEN,
            REPLAYED, "native_accounts::archiving_needs_a_balance_of_zero_and_is_final"),
        read("/accounts/{id}/owners", OWNERS, OWNERS_HIDDEN),
        write("POST", "/accounts/{id}/owners", OWNERS, OWNERS_HIDDEN, OWNERS_REPLAYED, OWNERS_REFUSED),
        write("PUT", "/accounts/{id}/owners/{profileId}", OWNERS, OWNERS_HIDDEN, OWNERS_REPLAYED, OWNERS_REFUSED),
        write("DELETE", "/accounts/{id}/owners/{profileId}", OWNERS, OWNERS_HIDDEN, OWNERS_REPLAYED, OWNERS_REFUSED),
        write("POST", "/accounts/{id}/deposit", "native_funding::a_deposit_and_a_withdrawal_are_balance_deals", HIDDEN,
            REPLAYED, FUNDS),
        write("POST", "/accounts/{id}/withdraw", "native_funding::a_deposit_and_a_withdrawal_are_balance_deals",
            HIDDEN, REPLAYED, DEBITS),
        write("POST", "/accounts/{id}/balance", "native_funding::an_adjustment_takes_every_action_but_trades", HIDDEN,
            REPLAYED, DEBITS),
        read("/accounts/{id}/balance", "native_balances::every_moment_of_a_month_is_answered_as_it_was_shown_then",
            HIDDEN),
        read("/accounts/{id}/statement",
            "native_statements::a_statement_leads_from_its_opening_to_its_closing_balance_on_every_page", HIDDEN),
        read("/trial-balance", "native_trial_balance::the_trial_balance_shows_live_and_demo_money_apart",
            "native_trial_balance::the_trial_balance_is_refused_to_operators_with_tags"),
        read("/accounts/{id}/deals", "native_deals::a_deal_carries_every_field_of_the_contract", HIDDEN),
        read("/accounts/{id}/positions", "native_positions::a_position_is_shown_open_and_then_in_the_history", HIDDEN),
        read("/accounts/{id}/orders", "native_positions::orders_are_listed_while_they_work_and_all_on_request", HIDDEN),
        read("/accounts/{id}/history/positions",
            "native_positions::the_history_has_a_row_for_each_closed_position_flips_included", HIDDEN),
        read("/accounts/{id}/executions", "native_positions::a_position_is_shown_open_and_then_in_the_history",
            TRADES_HIDDEN),
        read("/platform/exposure", "native_portfolios::exposure_is_added_up_by_symbol_and_group", TRADES_HIDDEN),
        read("/platform/margin", "native_portfolios::accounts_in_margin_call_are_listed_in_pages_that_do_not_shift",
            TRADES_HIDDEN),
        write("POST", "/accounts/{id}/deposits", "native_deposits::a_deposit_is_pending_until_it_settles", HIDDEN,
            MOVED, DEPOSIT),
        read("/accounts/{id}/deposits", "native_deposits::deposits_are_listed_newest_first_by_account_and_state",
            HIDDEN),
        read("/deposits", "native_deposits::deposits_are_listed_newest_first_by_account_and_state", LISTED),
        read("/deposits/{id}", "native_deposits::a_deposit_is_pending_until_it_settles", HIDDEN),
        write("POST", "/accounts/{id}/lock", "native_account_states::each_lock_lets_through_what_it_says",
            STATES_HIDDEN, STATES_REPLAYED, STATES_REFUSED),
        write("POST", "/accounts/{id}/unlock", "native_account_states::each_lock_lets_through_what_it_says",
            STATES_HIDDEN, STATES_REPLAYED, STATES_REFUSED),
        write("POST", "/accounts/{id}/approve", APPROVE, APPROVALS_HIDDEN, APPROVALS_REPLAYED, APPROVALS_REFUSED),
        write("POST", "/accounts/{id}/activate", "native_account_states::an_account_is_deactivated_and_reactivated",
            STATES_HIDDEN, STATES_REPLAYED, STATES_REFUSED),
        write("POST", "/accounts/{id}/inactive", "native_account_states::an_account_is_deactivated_and_reactivated",
            STATES_HIDDEN, STATES_REPLAYED, STATES_REFUSED),
        write("POST", "/accounts/{id}/dormant", "native_account_states::an_account_is_deactivated_and_reactivated",
            STATES_HIDDEN, STATES_REPLAYED, STATES_REFUSED),
        write("POST", "/accounts/{id}/close", "native_account_states::closing_ends_when_nothing_is_left",
            STATES_HIDDEN, STATES_REPLAYED, STATES_REFUSED),
        write("POST", "/deposits/{id}/settle", "native_deposits::a_deposit_is_pending_until_it_settles", HIDDEN, MOVED,
            DEPOSIT),
        write("POST", "/deposits/{id}/return", "native_deposits::a_deposit_that_did_not_come_is_returned", HIDDEN,
            MOVED, DEPOSIT),
        write("POST", "/accounts/{id}/withdrawals", "native_withdrawals::a_withdrawal_is_held_until_it_is_paid",
            HIDDEN, MOVED, WITHDRAWAL),
        read("/accounts/{id}/withdrawals", "native_withdrawals::a_withdrawal_is_held_until_it_is_paid", HIDDEN),
        read("/withdrawals", "native_withdrawals::a_withdrawal_is_held_until_it_is_paid", LISTED),
        read("/withdrawals/{id}", "native_withdrawals::a_withdrawal_is_held_until_it_is_paid", HIDDEN),
        write("POST", "/withdrawals/{id}/approve", "native_withdrawals::a_withdrawal_is_held_until_it_is_paid", HIDDEN,
            MOVED, WITHDRAWAL),
        write("POST", "/withdrawals/{id}/pay", "native_withdrawals::a_withdrawal_is_held_until_it_is_paid", HIDDEN,
            MOVED, WITHDRAWAL),
        write("POST", "/withdrawals/{id}/reject",
            "native_withdrawals::a_rejected_or_cancelled_withdrawal_is_available_again", HIDDEN, MOVED, WITHDRAWAL),
        write("POST", "/withdrawals/{id}/cancel",
            "native_withdrawals::a_rejected_or_cancelled_withdrawal_is_available_again", HIDDEN, MOVED, WITHDRAWAL),
        write("POST", "/accounts/{id}/holds", "native_holds::a_hold_is_captured_in_whole_or_in_part", HIDDEN, MOVED,
            HOLD),
        read("/accounts/{id}/holds", "native_holds::a_hold_is_captured_in_whole_or_in_part", HIDDEN),
        read("/holds/{id}", "native_holds::a_hold_is_captured_in_whole_or_in_part", HIDDEN),
        write("POST", "/holds/{id}/capture", "native_holds::a_hold_is_captured_in_whole_or_in_part", HIDDEN, MOVED,
            HOLD),
        write("POST", "/holds/{id}/release", "native_holds::a_released_hold_is_available_again", HIDDEN, MOVED, HOLD),
        write("POST", "/transfers", "native_transfers::a_transfer_in_one_currency_is_posted_at_once", HIDDEN, MOVED,
            "native_transfers::refused_transfers_leave_no_trace"),
        read("/transfers", "native_transfers::a_transfer_in_one_currency_is_posted_at_once", LISTED),
        read("/transfers/{id}", "native_transfers::a_transfer_in_one_currency_is_posted_at_once", HIDDEN),
        read("/log/checkpoint", PROVEN, "log_proofs::entries_of_hidden_clients_and_unknown_ones_are_not_proven"),
        read("/entries/{id}/proof", PROVEN, "log_proofs::entries_of_hidden_clients_and_unknown_ones_are_not_proven"),
        read("/audit-log", "audit_log::every_action_is_found_by_each_filter", "audit_log::tags_limit_the_rows"),
        read("/approvals", "approvals::the_queue_is_filtered_and_paged", QUEUE_HIDDEN),
        read("/approvals/{id}", QUEUE, QUEUE_HIDDEN),
        write("POST", "/approvals/{id}/approve", QUEUE, QUEUE_HIDDEN, QUEUE_REPLAYED, QUEUE_REFUSED),
        write("POST", "/approvals/{id}/reject", QUEUE_ENDS, QUEUE_HIDDEN, QUEUE_REPLAYED, QUEUE_REFUSED),
        write("POST", "/approvals/{id}/cancel", QUEUE_ENDS, QUEUE_HIDDEN, QUEUE_REPLAYED, QUEUE_REFUSED),
        write("POST", "/entries/{id}/reverse", "native_reversals::a_reversal_turns_every_leg_round", HIDDEN, MOVED,
            "native_reversals::refused_reversals_leave_no_trace"),
        write("POST", "/profiles/{id}/external-accounts",
            "external_accounts::an_external_account_is_masked_and_verified_by_two_deposits",
            EXTERNALS_REFUSED, EXTERNALS_REPLAYED, EXTERNALS_REFUSED),
        read("/external-accounts", "external_accounts::an_external_account_is_masked_and_verified_by_two_deposits",
            EXTERNALS_REPLAYED),
        read("/external-accounts/{id}", "external_accounts::an_external_account_is_masked_and_verified_by_two_deposits",
            EXTERNALS_REPLAYED),
        write("PUT", "/external-accounts/{id}", EXTERNALS_REPLAYED, EXTERNALS_REPLAYED, EXTERNALS_REPLAYED,
            EXTERNALS_REFUSED),
        read("/external-accounts/{id}/payment-details",
            "external_accounts::an_external_account_is_masked_and_verified_by_two_deposits", EXTERNALS_REPLAYED),
        write("POST", "/external-accounts/{id}/verify",
            "external_accounts::an_external_account_is_masked_and_verified_by_two_deposits", EXTERNALS_REPLAYED,
            "external_accounts::three_wrong_tries_lock_it_and_a_repeated_call_is_no_try",
            "external_accounts::three_wrong_tries_lock_it_and_a_repeated_call_is_no_try"),
        write("POST", "/external-accounts/{id}/archive", EXTERNALS_REFUSED, EXTERNALS_REPLAYED, EXTERNALS_REPLAYED,
            EXTERNALS_REFUSED),
        write("POST", "/external-transfers/{id}/delay", IN_STEPS, IN_STEPS, IN_STEPS, STEPS_REFUSED),
        write("POST", "/external-transfers/{id}/resume", IN_STEPS, IN_STEPS, IN_STEPS, STEPS_REFUSED),
        write("POST", "/external-transfers/{id}/send", IN_STEPS, IN_STEPS, IN_STEPS, STEPS_REFUSED),
        read("/accounts/{id}/banking", PLAN, "contributions::refused_plans_leave_no_trace"),
        write("PUT", "/accounts/{id}/contribution", PLAN, "contributions::refused_plans_leave_no_trace", PLAN,
            "contributions::refused_plans_leave_no_trace"),
        write("POST", "/batch", "native_batch::every_operation_does_what_its_own_route_does",
            "native_batch_access::hidden_objects_are_not_found_in_a_batch",
            "native_batch::a_batch_is_replayed_as_a_whole",
            "native_batch::an_atomic_batch_is_done_as_a_whole_or_not_at_all"),
        write("POST", "/sandbox/clock", "sandbox::a_month_passes_in_one_call_and_each_thing_happens_at_its_time",
            READS_NO_CLIENT, "", JOURNEY),
        write("POST", "/sandbox/reset", "sandbox::a_reset_leaves_operators_tokens_and_reference_data", READS_NO_CLIENT,
            "", JOURNEY),
        read("/events", "native_events::events_are_read_in_their_order_by_type_and_in_pages",
            "native_events::events_obey_tags_as_they_are_now"),
        read("/events/checkpoint", "native_events::old_events_are_pruned_and_the_checkpoint_stands_for_them",
            "native_events::events_obey_tags_as_they_are_now"),
        write("POST", "/platform/events", "platform_feed::a_netting_account_flips_at_the_price_of_the_fill",
            FEED_HIDDEN, FEED_REPLAYED, FEED_REFUSED),
        read("/platform/parked", PARKED, FEED_HIDDEN),
        write("POST", "/platform/parked/{id}/drop", PARKED, FEED_HIDDEN, FEED_REPLAYED, FEED_REFUSED),
        read("/platform/alerts", "platform_feed::events_of_closed_accounts_wait_with_an_alert", FEED_HIDDEN),
        write("POST", "/platform/alerts/{id}/resolve", "platform_feed::events_of_closed_accounts_wait_with_an_alert",
            FEED_HIDDEN, FEED_REPLAYED, FEED_REFUSED),
        write("PUT", "/accounts/{id}/platform-accounts/{platform}", PARKED, FEED_HIDDEN, FEED_REPLAYED, FEED_REFUSED),
        write("POST", "/webhooks", WEBHOOK, WEBHOOKS_HIDDEN, WEBHOOKS_REPLAYED, WEBHOOKS_REFUSED),
        read("/webhooks", WEBHOOK, WEBHOOKS_HIDDEN),
        read("/webhooks/{id}", WEBHOOK, WEBHOOKS_HIDDEN),
        write("PUT", "/webhooks/{id}", WEBHOOK, WEBHOOKS_HIDDEN, WEBHOOKS_REPLAYED, WEBHOOKS_REFUSED),
        write("DELETE", "/webhooks/{id}", WEBHOOK, WEBHOOKS_HIDDEN, WEBHOOKS_REPLAYED, WEBHOOKS_REFUSED),
        write("POST", "/webhooks/{id}/rotate-secret", "webhooks::a_replaced_secret_signs_beside_the_new_one",
            WEBHOOKS_HIDDEN, WEBHOOKS_REPLAYED, WEBHOOKS_REFUSED),
        write("POST", "/webhooks/{id}/test", "webhooks::a_test_is_sent_even_to_a_disabled_webhook", WEBHOOKS_HIDDEN,
            WEBHOOKS_REPLAYED, WEBHOOKS_REFUSED),
        write("POST", "/webhooks/{id}/replay", "webhooks::events_are_replayed_from_a_number_or_a_time",
            WEBHOOKS_HIDDEN, WEBHOOKS_REPLAYED, WEBHOOKS_REFUSED),
        read("/webhooks/{id}/deliveries",
            "webhooks::a_webhook_gets_the_events_of_its_types_signed_and_as_the_list_shows_them", WEBHOOKS_HIDDEN),
        write("POST", "/webhooks/{id}/deliveries/{eventSeq}/redeliver", "webhooks::an_event_is_sent_again_on_request",
            WEBHOOKS_HIDDEN, WEBHOOKS_REPLAYED, WEBHOOKS_REFUSED),
        read("/portfolios/{id}", "native_portfolios::a_portfolio_is_a_snapshot_of_one_account", HIDDEN),
    ])
}

/// Every test of this binary with the source of its function.
fn tests() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api")).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() {
            continue; // the model does not test single routes
        }
        let module = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let source = fs::read_to_string(&path).unwrap();
        for part in source.split("\n#[test]\nfn ").skip(1) {
            let (name, body) = part.split_once("()").unwrap();
            found.insert(format!("{module}::{name}"), body.split("\n}\n").next().unwrap().to_owned());
        }
    }
    found
}

/// Whether a test's source calls a route: it contains the end of the path, also as what a helper's path goes on with,
/// or loops over several paths.
fn calls(source: &str, path: &str) -> bool {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "{id}" } else { part });
    let path = parts.collect::<Vec<_>>().join("/").replace("/api/v2", "");
    let (before, after) = path.rsplit_once("{id}").unwrap_or(("", &path));
    let after = after.split("/{").next().unwrap_or_default();
    let fixed = match (after, before.rsplit_once("{id}")) {
        ("", None) => before,
        ("", Some((_, between))) => between.trim_end_matches('/'),
        (after, _) => after,
    };
    let relative = fixed.trim_start_matches('/');
    let way = format!("\"{relative}\"");
    let goes_on = [format!(".path(\"{relative}"), format!(".path(&format!(\"{relative}")];
    source.contains(fixed)
        || goes_on.iter().any(|call| source.contains(call))
        || source.contains("/{way}") && source.contains(&way)
}

/// Asserts that the table has a row for each of these routes, and for each route the tests that it needs.
/// `is_about_clients`: whether tags limit what a path shows. `is_repeatable`: whether a write takes a key.
#[track_caller]
pub(super) fn assert_covered(
    routes: &[&Route],
    table: &BTreeMap<(&'static str, &'static str), Tests>,
    is_about_clients: impl Fn(&str) -> bool,
    is_repeatable: impl Fn(&Route) -> bool,
) {
    let tests = tests();
    let routed: BTreeSet<_> = routes.iter().map(|route| (route.method.as_str(), route.path)).collect();
    let listed: BTreeSet<_> = table.keys().copied().collect();
    assert_eq!(listed, routed);
    for route in routes {
        let (method, path) = (route.method.as_str(), route.path);
        let what = format!("{method} {path}");
        let of_route = &table[&(method, path)];
        for (kind, name, is_needed) in [
            ("happy", of_route.happy, true),
            ("hidden by tag", of_route.hidden, is_about_clients(path)),
            ("replayed", of_route.replayed, method != "GET" && is_repeatable(route)),
            ("refused without a trace", of_route.traceless, method != "GET"),
        ] {
            assert_eq!(!name.is_empty(), is_needed, "{what}: {kind}");
            if is_needed {
                assert!(tests.contains_key(name), "{what}: {kind}: no such test: {name}");
            }
        }
        for name in [of_route.hidden, of_route.replayed, of_route.traceless].into_iter().filter(|name| !name.is_empty())
        {
            assert!(calls(&tests[name], path), "{what}: {name} does not call it");
        }
        if !of_route.traceless.is_empty() {
            assert!(tests[of_route.traceless].contains("server.trace()"), "{what}: {}", of_route.traceless);
        }
    }
}

#[test]
fn every_route_has_its_tests() {
    let routes = Native.routes();
    let is_about_clients = |path: &str| {
        let others = ["/user", "/.well-known", "/options", "/account-groups", "/organizations", "/program", "/sandbox"];
        !others.iter().any(|other| path.starts_with(other))
    };
    let is_repeatable = |route: &Route| {
        let takes_no_key = ["/user/login", "/user/logout", "/user/password"].contains(&route.path);
        !takes_no_key && !route.path.starts_with("/sandbox")
    };
    assert_covered(&routes.iter().collect::<Vec<_>>(), &table(), is_about_clients, is_repeatable);
}

#[test]
fn every_route_that_takes_a_token_refuses_callers_without_one() {
    let server = Server::start("");
    let before = server.trace();
    let mut open = Vec::new();
    for route in Native.routes().iter() {
        let nobody = "0198c1f0-0000-7000-8000-000000000000";
        let path = route.path.replace("{id}", nobody).replace("{profileId}", nobody);
        let body = (route.method.as_str() != "GET").then_some(&b"{}"[..]);
        let reply = server.anyone().send(route.method.as_str(), &path, Some("application/json"), body);
        match route.access {
            Access::Caller | Access::Needs(_) => drop(reply.refused("TOKEN_MISSING")),
            Access::Open => {
                assert_ne!(reply.json()["details"][0]["reason"], "TOKEN_MISSING");
                open.push(route.path);
            }
        }
        let wrong = server.bearer("bur_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        let reply = wrong.send(route.method.as_str(), &path, Some("application/json"), body);
        if route.access != Access::Open {
            reply.refused("TOKEN_UNKNOWN");
        }
    }
    assert_eq!(open, ["/user/login", "/.well-known/jwks.json"]);
    assert_eq!(server.trace(), before);
}
