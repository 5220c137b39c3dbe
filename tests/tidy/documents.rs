//! Compares the claims of the documents with the code.

use crate::{fail_on, files, has_extension, read, root};
use bursar::cli::outcome::Exit;
use bursar::dialects::kit::{Access, Dialect, REJECTIONS, Rejection, ReplyBody, ReplyContext, Route};
use bursar::dialects::native::Native;
use bursar::domain::access::Right;
use bursar::domain::accounts::{
    Account, Balances, Direction, Lifecycle, Lock, LockHolder, LockReason, LockScope, Permission, Permissions,
    Standing, Valuation,
};
use bursar::domain::bank::ExternalStatus;
use bursar::domain::clients::{AccountLabels, ProfileStatus};
use bursar::domain::clock::Moment;
use bursar::domain::ids::{AccountId, AccountSerial, BookId, GroupId, PortfolioId, ProfileId, RequestId};
use bursar::domain::ledger::{EntryKind, House, MovementState, TransferStep};
use bursar::domain::money::{Amount, Decimals};
use bursar::domain::organizations::PortfolioState;
use bursar::domain::reference::{CurrencyCode, GroupKind, TradeStatus};
use bursar::domain::refusal::{Credentials, Excess, Field, Noun, REFUSALS, Refusal, Remainder};
use bursar::domain::status::StatusLabel;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use uuid::Uuid;

/// The rows after the header of the table that follows `<!-- table: name -->` in a document, without backticks.
pub(crate) fn table(document: &str, name: &str) -> Vec<Vec<String>> {
    let text = read(document);
    let marker = format!("<!-- table: {name} -->");
    let (_, after) = text.split_once(&marker).unwrap_or_else(|| panic!("{document} has no table {name}"));
    let rows = after.lines().skip_while(|line| line.trim().is_empty()).take_while(|line| line.starts_with('|'));
    let cells = |row: &str| row.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect();
    rows.skip(2).map(cells).collect()
}

#[test]
fn the_posting_recipes_are_those_of_the_code() {
    let expected: BTreeSet<(String, String)> = EntryKind::ALL
        .map(|kind| (kind.name().to_owned(), House::counterpart(kind).map_or("none", House::name).to_owned()))
        .into();
    let written: BTreeSet<(String, String)> =
        table("docs/ledger.md", "recipes").into_iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    assert_eq!(written, expected);
}

fn account() -> Account {
    Account {
        id: AccountId::from(Uuid::nil()),
        book: BookId(1),
        serial: AccountSerial(1),
        number: "2100000001".into(),
        profile: ProfileId::from(Uuid::nil()),
        group: GroupId::from(Uuid::nil()),
        portfolio: PortfolioId::from(Uuid::nil()),
        portfolio_serial: 1,
        ledger: None,
        parent: None,
        currency: CurrencyCode::from_stored("EUR".into()),
        decimals: Decimals::new(2).unwrap(),
        is_demo: false,
        is_spread_betting: false,
        position_mode: None,
        margin_calculation_override: None,
        trade_status: TradeStatus::Full,
        max_leverage: 1,
        net_open_position_limit: Amount::ZERO,
        wants_daily_statement: false,
        lifecycle: Lifecycle::Active,
        lock: Lock::Open,
        allows_credits: true,
        allows_debits: true,
        permissions: Permissions::default(),
        balances: Balances::default(),
        order_basis: bursar::domain::accounts::OrderBasis::Instrument,
        version: 1,
        created_at: Moment::from_unix_ms(0),
        updated_at: Moment::from_unix_ms(0),
        closed_at: None,
        labels: AccountLabels::default(),
        standing: Standing::default(),
        valuation: Valuation::default(),
    }
}

/// Which credits and debits are allowed, in the words of the document.
fn admission(account: &Account) -> (String, String) {
    let one = |direction| match account.admit_funds(direction) {
        Ok(()) => "passes".to_owned(),
        Err(refusal) => refusal.reason().to_owned(),
    };
    (one(Direction::Credit), one(Direction::Debit))
}

#[test]
fn the_tables_of_allowed_credits_and_debits_match_the_code() {
    let written = |name: &str| -> BTreeMap<String, (String, String)> {
        let row = |row: Vec<String>| (row[0].clone(), (row[1].clone(), row[2].clone()));
        table("docs/ledger.md", name).into_iter().map(row).collect()
    };
    let lifecycles = Lifecycle::ALL.map(|it| (it.name().into(), admission(&Account { lifecycle: it, ..account() })));
    assert_eq!(written("lifecycles"), BTreeMap::from(lifecycles));
    let locked = |scope| Lock::Locked { scope, holder: LockHolder::Customer, reason: LockReason::Tmp };
    let locks = LockScope::ALL.map(locked).into_iter().chain([Lock::Open]);
    let locks = locks.map(|it| (it.name().into(), admission(&Account { lock: it, ..account() })));
    assert_eq!(written("locks"), locks.collect());
    let flags = [
        ("allows_credits is off".into(), admission(&Account { allows_credits: false, ..account() })),
        ("allows_debits is off".into(), admission(&Account { allows_debits: false, ..account() })),
    ];
    assert_eq!(written("flags"), BTreeMap::from(flags));
    let of_status = |code: &'static str| {
        let status = StatusLabel { code: code.into(), description: None };
        let labels = AccountLabels { status, ..AccountLabels::default() };
        (code.to_owned(), admission(&Account { labels, ..account() }))
    };
    assert_eq!(written("statuses"), BTreeMap::from(["ACTIVE", "BLOCKED", "INACTIVE"].map(of_status)));
    // The order of the reasons if several apply.
    let shut =
        Account { lifecycle: Lifecycle::Dormant, lock: locked(LockScope::Full), allows_debits: false, ..account() };
    assert_eq!(admission(&shut).1, "ACCOUNT_DORMANT");
    assert_eq!(admission(&Account { lifecycle: Lifecycle::Active, ..shut }).1, "ACCOUNT_LOCKED");
}

/// One of each refusal. The test below fails if one is missing.
fn rejections() -> Vec<Rejection> {
    let text = || "x".to_owned();
    let field = || Field::Amount;
    let mut core = vec![
        Refusal::AddressNotAllowed,
        Refusal::ShuttingDown,
        Refusal::Throttled { what: Excess::Logins, retry_after_s: 1 },
        Refusal::EndUserToken,
        Refusal::Forbidden { right: Right::Administer },
        Refusal::LimitedByTags,
        Refusal::Required { field: field() },
        Refusal::invalid(field(), "x"),
        Refusal::out_of_range(field(), "x"),
        Refusal::EventsPruned { oldest: 0 },
        Refusal::IdempotencyConflict,
        Refusal::not_found(Noun::Account),
        Refusal::UnknownCurrency { field: field() },
        Refusal::DuplicateId(Noun::Account),
        Refusal::DuplicateEmail,
        Refusal::DuplicateName,
        Refusal::NameTaken(Noun::Ledger),
        Refusal::DuplicateReference,
        Refusal::DuplicateOwner,
        Refusal::OwnerAccess,
        Refusal::OwnerNotPrimary,
        Refusal::OwnAccess,
        Refusal::DuplicateAlias,
        Refusal::VersionMismatch { expected: 1, actual: 2 },
        Refusal::RequestOutdated,
        Refusal::Immutable { field: field() },
        Refusal::MovementState { noun: Noun::Hold, state: MovementState::Posted },
        Refusal::RequesterDisabled,
        Refusal::TransferStep(TransferStep::Sent),
        Refusal::ExternalState(ExternalStatus::Archived),
        Refusal::AmountsWrong { left: 1 },
        Refusal::ContributionsOff,
        Refusal::AlreadyReversed,
        Refusal::NotReversible,
        Refusal::SameAccount { field: field() },
        Refusal::Permanent(Noun::Ledger),
        Refusal::ParentArchived,
        Refusal::ParentCurrencyDiffers,
        Refusal::OwnerKept,
        Refusal::LastOwner,
        Refusal::HeirHidden,
        Refusal::ModesDiffer,
        Refusal::NotASandbox,
        Refusal::NeedsApproval,
        Refusal::NotAnOperator,
        Refusal::OwnRequest,
        Refusal::GroupDisabled,
        Refusal::GroupWithoutCurrency { currency: text() },
        Refusal::GroupModeDiffers,
        Refusal::TooMany { noun: Noun::Account, max: 1 },
        Refusal::AccountLocked,
        Refusal::AccountBlocked,
        Refusal::LockKept,
        Refusal::CreditsOff,
        Refusal::DebitsOff,
        Refusal::PermissionWithheld { permission: Permission::Enabled },
        Refusal::AccountKind { needed: GroupKind::Trading },
        Refusal::ProfileBlocked,
        Refusal::ProfileOffboarding,
        Refusal::PortfolioState(PortfolioState::Closing),
        Refusal::QuoteMissing { of: text() },
        Refusal::QuoteStale { of: text(), age_s: 1, max_age_s: 1 },
        Refusal::InsufficientFunds { available: text(), currency: text() },
        Refusal::BalanceOverflow,
        Refusal::BalanceLeft { balance: text(), currency: text() },
        Refusal::Busy { retry_after_s: 1 },
        Refusal::ClockLeapt,
        Refusal::StorageUnavailable,
        Refusal::Internal,
    ];
    use Credentials::{BadClient, BadLogin, BadSignature, Expired, Missing, Revoked, Unknown};
    let credentials = [Missing, Unknown, Expired, Revoked, BadLogin, BadClient, BadSignature];
    core.extend(credentials.map(Refusal::Unauthenticated));
    core.extend(ProfileStatus::ALL.map(Refusal::ProfileState));
    core.extend(Lifecycle::ALL.map(Refusal::AccountState));
    core.extend([Remainder::Balance, Remainder::Holds, Remainder::Pending, Remainder::Accounts].map(Refusal::NotEmpty));
    core.extend([Remainder::Positions, Remainder::Orders, Remainder::Children].map(Refusal::NotEmpty));
    let transport = [
        Rejection::MalformedRequest,
        Rejection::HeadTimeout,
        Rejection::HeadersTooLarge { limit_bytes: 1 },
        Rejection::UnknownRoute,
        Rejection::WrongMethod { allowed: vec!["GET"] },
        Rejection::WrongContentEncoding,
        Rejection::BodyTimeout,
        Rejection::BodyTooLarge { limit_bytes: 1 },
        Rejection::WrongContentType,
        Rejection::MalformedBody { reason: text() },
        Rejection::invalid("x", "y"),
        Rejection::out_of_range("x", "y"),
    ];
    core.into_iter().map(Rejection::from).chain(transport).collect()
}

#[test]
fn the_table_of_errors_is_what_the_native_dialect_answers() {
    // The answer of each reason, by rank: two rejections with the same reason must answer alike.
    let mut expected = BTreeMap::new();
    for rejection in rejections() {
        let reply = Native.refuse(&rejection, &ReplyContext::new(RequestId::from(Uuid::nil())));
        let ReplyBody::Whole(body) = reply.body else { panic!("{rejection} has no body") };
        let code = serde_json::from_slice::<serde_json::Value>(&body).unwrap()["code"].to_string();
        let answer = (rejection.reason().to_owned(), reply.status.as_u16().to_string(), code);
        let before = expected.insert(rejection.row().rank, answer.clone());
        assert!(before.is_none_or(|before| before == answer), "{rejection:?}");
    }
    let known: BTreeMap<u16, &str> = REFUSALS.iter().chain(REJECTIONS).map(|row| (row.rank, row.reason)).collect();
    let listed: BTreeMap<u16, &str> = expected.iter().map(|(rank, (reason, ..))| (*rank, reason.as_str())).collect();
    assert_eq!(listed, known, "rejections() in this test, and the tables of the code");

    let row = |row: Vec<String>| (row[0].clone(), row[1].clone(), row[2].clone());
    let written: Vec<_> = table("docs/api.md", "errors").into_iter().map(row).collect();
    assert_eq!(written, expected.into_values().collect::<Vec<_>>());
}

#[test]
fn the_table_of_routes_is_the_route_table_of_the_native_dialect() {
    let scope = |route: &Route| match route.access {
        Access::Open => "none",
        Access::Caller => "each operation's own",
        Access::Needs(right) => right.name(),
    };
    let expected: BTreeSet<[String; 3]> = Native
        .routes()
        .iter()
        .map(|route| [route.path.to_owned(), route.method.to_string(), scope(route).to_owned()])
        .collect();
    let mut written = BTreeSet::new();
    for row in table("docs/api.md", "routes") {
        let (methods, scopes): (Vec<_>, Vec<_>) = (row[1].split(", ").collect(), row[2].split(", ").collect());
        assert_eq!(methods.len(), scopes.len(), "one scope for each method of {}", row[0]);
        for (method, scope) in methods.into_iter().zip(scopes) {
            assert!(written.insert([row[0].clone(), method.to_owned(), scope.to_owned()]), "{method} {} twice", row[0]);
        }
    }
    let missing: Vec<_> = expected.difference(&written).collect();
    let wrong: Vec<_> = written.difference(&expected).collect();
    assert!(missing.is_empty() && wrong.is_empty(), "docs/api.md lacks {missing:?} and invents {wrong:?}");
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut problems = Vec::new();
    for file in files("").iter().filter(|file| has_extension(file, "md")) {
        let text = read(file);
        for after in text.split("](").skip(1) {
            let target = after.split([')', '#']).next().unwrap_or_default();
            let is_file = !target.is_empty() && !target.contains("://");
            if is_file && !root().join(file.parent().unwrap()).join(target).exists() {
                problems.push(format!("{}: {target} does not exist", file.display()));
            }
        }
    }
    fail_on(&problems);
}

/// The `bursar` commands in the code blocks of a document, split into words.
fn commands_in_blocks(document: &str) -> Vec<Vec<String>> {
    let text = read(document).replace("\\\n", " ");
    let blocks = text.split("```").skip(1).step_by(2);
    let lines = blocks.filter_map(|block| block.trim_start_matches(' ').strip_prefix("sh\n")).flat_map(str::lines);
    let commands = lines.filter_map(|line| {
        let line = line.split([';', '|', '#', '>', '<']).next()?.trim();
        line.strip_prefix("cargo run --release -- ").or_else(|| line.strip_prefix("bursar "))
    });
    commands.map(words).collect()
}

fn words(line: &str) -> Vec<String> {
    line.replace(['[', ']'], " ").split_whitespace().map(str::to_owned).collect()
}

fn help(words: &[&String]) -> Option<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_bursar")).args(words).arg("--help").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

#[test]
fn the_commands_in_the_documents_exist() {
    let in_table: Vec<_> = table("docs/operations.md", "commands")
        .iter()
        .flat_map(|row| row[0].split(", ").map(words).collect::<Vec<_>>())
        .map(|words| ("docs/operations.md", words))
        .collect();
    let documents = ["README.md", "docs/operations.md", "docs/adding.md", "docs/api.md"];
    let in_blocks =
        documents.iter().flat_map(|document| commands_in_blocks(document).into_iter().map(|it| (*document, it)));
    let mut problems = Vec::new();
    for (document, words) in in_table.iter().cloned().chain(in_blocks) {
        // Command names come first; a word in capitals, or with a dot or slash, is an argument.
        let is_name =
            |word: &&String| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') && !word.starts_with('-');
        let path: Vec<&String> = words.iter().take_while(is_name).take(2).collect();
        let Some(help) = help(&path) else {
            problems.push(format!("{document}: bursar {}", words.join(" ")));
            continue;
        };
        for flag in words.iter().filter(|word| word.starts_with("--") && !help.contains(word.as_str())) {
            problems.push(format!("{document}: {flag} in bursar {}", words.join(" ")));
        }
    }
    // Conversely, every command is in the table.
    let help = help(&[]).unwrap();
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    for command in listed
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next().filter(|it| !it.is_empty() && *it != "help"))
    {
        if !in_table.iter().any(|(_, words)| words[0] == command) {
            problems.push(format!("docs/operations.md does not know bursar {command}"));
        }
    }
    fail_on(&problems);
}

#[test]
fn the_table_of_exit_codes_is_complete() {
    let codes = [
        Exit::Ok,
        Exit::Failure,
        Exit::Usage,
        Exit::Configuration,
        Exit::Database,
        Exit::Verification,
        Exit::Busy,
        Exit::Permission,
        Exit::Authentication,
    ];
    let written: Vec<String> = table("docs/operations.md", "exits").into_iter().map(|row| row[0].clone()).collect();
    assert_eq!(written, codes.map(|exit| exit.code().to_string()));
}

#[test]
fn the_tests_that_show_security_exist() {
    let sources: Vec<_> = ["tests", "src"].into_iter().flat_map(files).filter(|it| has_extension(it, "rs")).collect();
    let is_test = |file: &str, name: &str| {
        let declared = format!("fn {name}(");
        sources.iter().filter(|path| path.with_extension("").ends_with(file)).any(|path| read(path).contains(&declared))
    };
    let text = read("docs/security.md");
    let references: Vec<_> = text.split('`').filter_map(|part| part.split_once("::")).collect();
    assert!(references.len() > 50, "tests are written as file::name");
    let lost = references.iter().filter(|(file, name)| !is_test(file, name));
    fail_on(&lost.map(|(file, name)| format!("docs/security.md names {file}::{name}")).collect::<Vec<_>>());
}
