//! Tests of everything that callers and operators see: one binary, one module per topic.

// Test helpers may panic like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

mod access;
mod b2core_access;
mod b2core_accounts;
mod backup_faults;
mod backup_journal;
mod backup_kill;
mod backup_s3;
mod backups;
mod banner;
mod bodies;
mod cli;
mod conformance;
mod coverage;
mod event_readers;
mod event_streams;
mod harness;
mod home;
mod idempotency;
mod jobs;
mod kills;
mod ladder;
mod ladder_clients;
mod ladder_money;
mod limits;
mod log_lines;
mod migration;
mod model;
mod mounts;
mod native_account_states;
mod native_accounts;
mod native_approvals;
mod native_balances;
mod native_batch;
mod native_batch_access;
mod native_deals;
mod native_deaths;
mod native_deposits;
mod native_events;
mod native_funding;
mod native_holds;
mod native_labels;
mod native_lists;
mod native_locks;
mod native_login;
mod native_owners;
mod native_portfolios;
mod native_profiles;
mod native_reference;
mod native_refusals;
mod native_reversals;
mod native_search;
mod native_sessions;
mod native_states_and_money;
mod native_statements;
mod native_transfers;
mod native_trial_balance;
mod native_withdrawals;
mod old_events;
mod openapi;
mod openapi_calls;
mod query_params;
mod races;
mod restore_kill;
mod sandbox;
mod session_races;
mod story;
mod tags;
mod tampering;
mod tls;
mod upgrade;
