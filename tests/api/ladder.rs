//! The order of refusals: a call that breaks many rules gets the first reason. As the mistakes are fixed one by one,
//! the reasons appear in the order of their ranks, which is that of the table in `docs/api.md`.
//!
//! Two exceptions: checks that depend on the account or group run after it is loaded, since an earlier refusal would
//! reveal that it exists; and throttling of passwords needs the name in the body.

use super::harness::{Caller, PASSWORD, Reply, Server};
use super::{ladder_clients, ladder_money};
use bursar::dialects::kit::Rejection;
use bursar::domain::refusal::{Credentials, Refusal};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Mutex;

/// Where a reason is tested.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Coverage {
    /// On a ladder below.
    Met,
    /// Not here, and why.
    Elsewhere(&'static str),
}

/// Lists every refusal; a new one does not compile until it is added here.
macro_rules! placed {
    ($type:ident as $placed:ident: $($pattern:pat => $way:expr, [$($reason:literal),*];)+) => {
        fn $placed() -> Vec<(&'static str, Coverage)> {
            // Only needs to compile.
            let _is_placed = |refusal: &$type| match refusal { $($pattern => (),)+ };
            [$(&[$(($reason, $way)),*][..]),+].concat()
        }
    };
}

use Coverage::{Elsewhere, Met};

placed! {
    Refusal as refusals:
    Refusal::AddressNotAllowed => Met, ["ADDRESS_NOT_ALLOWED"];
    Refusal::ShuttingDown => Elsewhere("the moment between the signal and the end; the crash tests stop servers"),
        ["SHUTTING_DOWN"];
    Refusal::Throttled { .. } => Met, ["THROTTLED"];
    Refusal::Unauthenticated(Credentials::BadClient | Credentials::BadSignature) =>
        Elsewhere("only where API clients call; upvest_access.rs and upvest_signatures.rs"),
        ["BAD_CLIENT", "BAD_SIGNATURE"];
    Refusal::Unauthenticated(_) => Met,
        ["TOKEN_MISSING", "TOKEN_UNKNOWN", "TOKEN_EXPIRED", "TOKEN_REVOKED", "BAD_LOGIN"];
    Refusal::EndUserToken => Met, ["END_USER_TOKEN"];
    Refusal::Forbidden { .. } => Met, ["RIGHT_MISSING"];
    Refusal::LimitedByTags => Met, ["LIMITED_BY_TAGS"];
    Refusal::EventsPruned { .. } => Elsewhere("events are pruned by a command; native_events.rs tests it"),
        ["EVENTS_PRUNED"];
    Refusal::Required { .. } | Refusal::InvalidField { .. } => Met, ["INVALID_FIELD"];
    Refusal::OutOfRange { .. } => Met, ["OUT_OF_RANGE"];
    Refusal::IdempotencyConflict => Met, ["IDEMPOTENCY_CONFLICT"];
    Refusal::NotFound { .. } => Met, ["NOT_FOUND"];
    Refusal::UnknownCurrency { .. } => Met, ["UNKNOWN_CURRENCY"];
    Refusal::DuplicateId(_) => Met, ["DUPLICATE_ID"];
    Refusal::DuplicateEmail => Met, ["DUPLICATE_EMAIL"];
    Refusal::DuplicateName => Elsewhere("operators are added by a command, and cli.rs tests it"), ["DUPLICATE_NAME"];
    Refusal::DuplicateOwner => Met, ["DUPLICATE_OWNER"];
    Refusal::NameTaken(_) => Elsewhere("only ledgers, instruments and products; midaz_errors.rs"), ["NAME_TAKEN"];
    Refusal::Permanent(_) => Elsewhere("only what accounts are filed under; midaz_errors.rs"), ["PERMANENT"];
    Refusal::ParentArchived | Refusal::ParentCurrencyDiffers => Elsewhere("accounts are nested in midaz_accounts.rs"),
        ["PARENT_ARCHIVED", "PARENT_CURRENCY_DIFFERS"];
    Refusal::OwnerKept => Elsewhere("only where an edit changes the owner; midaz_accounts.rs"), ["OWNER_KEPT"];
    Refusal::OwnerAccess | Refusal::OwnerNotPrimary | Refusal::OwnAccess
        => Elsewhere("only where one of the owners acts; helix_access.rs"),
        ["OWNER_ACCESS", "OWNER_NOT_PRIMARY", "OWN_ACCESS"];
    Refusal::LastOwner => Met, ["LAST_OWNER"];
    Refusal::HeirHidden => Met, ["HEIR_HIDDEN"];
    Refusal::DuplicateAlias => Met, ["DUPLICATE_ALIAS"];
    Refusal::DuplicateReference => Met, ["DUPLICATE_REFERENCE"];
    Refusal::VersionMismatch { .. } | Refusal::RequestOutdated => Met, ["VERSION_MISMATCH"];
    Refusal::Immutable { .. } => Met, ["IMMUTABLE_FIELD"];
    Refusal::MovementState { .. } | Refusal::ApprovalState(_) | Refusal::RequesterDisabled => Met, ["WRONG_STATE"];
    Refusal::AlreadyReversed => Met, ["ALREADY_REVERSED"];
    Refusal::NotReversible => Met, ["NOT_REVERSIBLE"];
    Refusal::SameAccount { .. } => Met, ["SAME_ACCOUNT"];
    Refusal::ModesDiffer => Met, ["MODES_DIFFER"];
    Refusal::NotASandbox => Met, ["NOT_A_SANDBOX"];
    Refusal::NeedsApproval => Met, ["NEEDS_APPROVAL"];
    Refusal::NotAnOperator => Elsewhere("API clients cannot be added yet; domain/access/principal.rs tests the rule"),
        ["OPERATOR_NEEDED"];
    Refusal::OwnRequest => Met, ["OWN_REQUEST"];
    Refusal::GroupDisabled => Met, ["GROUP_DISABLED"];
    Refusal::GroupWithoutCurrency { .. } => Met, ["GROUP_WITHOUT_CURRENCY"];
    Refusal::GroupModeDiffers => Met, ["GROUP_MODE_DIFFERS"];
    Refusal::TooMany { .. } => Elsewhere("only of bank products; native_bank_products.rs"), ["TOO_MANY"];
    Refusal::TransferStep(_) => Elsewhere("only with accounts elsewhere; external_transfers.rs"), [];
    Refusal::ExternalState(_) => Elsewhere("only of accounts elsewhere; external_accounts.rs"),
        ["EXTERNAL_ACCOUNT_STATE"];
    Refusal::AmountsWrong { .. } => Elsewhere("only of accounts elsewhere; external_accounts.rs"), ["AMOUNTS_WRONG"];
    Refusal::ContributionsOff => Elsewhere("only of bank products; contributions.rs"), ["CONTRIBUTIONS_OFF"];
    Refusal::AccountKind { .. } => Met, ["ACCOUNT_KIND"];
    Refusal::ProfileBlocked => Met, ["PROFILE_BLOCKED"];
    Refusal::ProfileOffboarding | Refusal::PortfolioState(_) =>
        Elsewhere("only what other APIs begin; upvest_leaving.rs"), ["PROFILE_OFFBOARDING", "PORTFOLIO_STATE"];
    Refusal::ProfileState(_) => Met,
        ["PROFILE_PENDING", "PROFILE_VERIFIED", "PROFILE_DENIED", "PROFILE_DECEASED", "PROFILE_ARCHIVED"];
    Refusal::AccountState(bursar::domain::accounts::Lifecycle::Active) =>
        Elsewhere("nothing is refused to an account for being active"),
        ["ACCOUNT_ACTIVE"];
    Refusal::AccountState(_) => Met,
        ["ACCOUNT_PENDING_APPROVAL", "ACCOUNT_INACTIVE", "ACCOUNT_DORMANT", "ACCOUNT_CLOSING", "ACCOUNT_ARCHIVED"];
    Refusal::AccountLocked => Met, ["ACCOUNT_LOCKED"];
    Refusal::AccountBlocked => Elsewhere("a status stops money; midaz_accounts.rs"), ["ACCOUNT_BLOCKED"];
    Refusal::LockKept => Met, ["LOCK_KEPT"];
    Refusal::CreditsOff => Met, ["CREDITS_OFF"];
    Refusal::DebitsOff => Met, ["DEBITS_OFF"];
    Refusal::PermissionWithheld { .. } => Met, ["PERMISSION_WITHHELD"];
    Refusal::QuoteMissing { .. } => Met, ["QUOTE_MISSING"];
    Refusal::QuoteStale { .. } => Met, ["QUOTE_STALE"];
    Refusal::InsufficientFunds { .. } => Met, ["INSUFFICIENT_FUNDS"];
    Refusal::BalanceOverflow => Met, ["BALANCE_OVERFLOW"];
    Refusal::BalanceLeft { .. } => Met, ["BALANCE_NOT_ZERO"];
    Refusal::NotEmpty(bursar::domain::refusal::Remainder::Balance) =>
        Elsewhere("only in outcomes that earlier versions stored; native/stored_rejection.rs"), [];
    Refusal::NotEmpty(bursar::domain::refusal::Remainder::Children) =>
        Elsewhere("only parents; midaz_accounts.rs"), ["CHILDREN_LEFT"];
    Refusal::NotEmpty(_) => Met,
        ["HOLDS_LEFT", "PENDING_LEFT", "ACCOUNTS_LEFT", "POSITIONS_OPEN", "ORDERS_WORKING"];
    Refusal::Busy { .. } => Elsewhere("needs a full queue; the crash tests fill it"), ["BUSY"];
    Refusal::ClockLeapt => Elsewhere("needs a clock that leaps; clock.rs has one"), ["CLOCK_LEAPT"];
    Refusal::StorageUnavailable => Elsewhere("needs a disk that fails; the crash tests have one"),
        ["STORAGE_UNAVAILABLE"];
    Refusal::InOperation { .. } => Elsewhere("has no reason of its own, but that of an operation of a batch"), [];
    Refusal::Internal => Elsewhere("a defect"), ["INTERNAL"];
}

placed! {
    Rejection as rejections:
    Rejection::MalformedRequest | Rejection::HeadTimeout =>
        Elsewhere("no HTTP client sends these; malformed_requests.rs does"), ["MALFORMED_REQUEST", "HEAD_TIMEOUT"];
    Rejection::HeadersTooLarge { .. } => Met, ["HEADERS_TOO_LARGE"];
    Rejection::UnknownRoute => Met, ["UNKNOWN_ROUTE"];
    Rejection::WrongMethod { .. } => Met, ["WRONG_METHOD"];
    Rejection::WrongContentEncoding => Met, ["WRONG_CONTENT_ENCODING"];
    Rejection::BodyTimeout => Met, ["BODY_TIMEOUT"];
    Rejection::BodyTooLarge { .. } => Met, ["BODY_TOO_LARGE"];
    Rejection::WrongContentType => Met, ["WRONG_CONTENT_TYPE"];
    Rejection::MalformedBody { .. } => Met, ["MALFORMED_BODY"];
    Rejection::InvalidField { .. } | Rejection::OutOfRange { .. } => Met, [];
    Rejection::InOperation { .. } | Rejection::Refused(_) | Rejection::OfDialect { .. } =>
        Elsewhere("have no reason of their own"), [];
}

/// The reasons in order of precedence as documented; another test compares the document with the code.
fn order() -> Vec<String> {
    let (_, table) = include_str!("../../docs/api.md").split_once("<!-- table: errors -->").unwrap();
    let rows = table.lines().skip_while(|line| line.trim().is_empty()).take_while(|line| line.starts_with('|'));
    rows.skip(2).map(|row| row.split('`').nth(1).unwrap().to_owned()).collect()
}

/// The reasons met by all ladders so far.
pub(super) struct Ladders {
    order: Vec<String>,
    met: Mutex<BTreeSet<String>>,
}

/// One ladder: each rung comes later in the order than the one before.
pub(super) struct Ladder<'a> {
    all: &'a Ladders,
    last: Option<(usize, String)>,
}

impl Ladders {
    pub(super) fn begin(&self) -> Ladder<'_> {
        Ladder { all: self, last: None }
    }
}

impl Ladder<'_> {
    #[track_caller]
    pub(super) fn rung(&mut self, reply: &Reply, reason: &str) {
        self.rung_text(&reply.text, reason);
    }

    #[track_caller]
    fn rung_text(&mut self, text: &str, reason: &str) {
        let place = self.all.order.iter().position(|known| known == reason).unwrap();
        self.aside_text(text, reason);
        if let Some((last, before)) = &self.last {
            assert!(*last < place, "{reason} came after {before}");
        }
        self.last = Some((place, reason.to_owned()));
    }

    /// Asserts a reason that is out of order, for the causes given above.
    #[track_caller]
    pub(super) fn aside(&self, reply: &Reply, reason: &str) {
        self.aside_text(&reply.text, reason);
    }

    #[track_caller]
    fn aside_text(&self, text: &str, reason: &str) {
        let error = serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(error["details"][0]["reason"], reason, "{text}");
        self.all.met.lock().unwrap().insert(reason.to_owned());
    }
}

pub(super) const NOBODY: &str = "0198c1f0-0000-7000-8000-000000000000";

/// Changes the database beside the server, for states that no call leads to.
pub(super) fn edit(server: &Server, sql: &str) {
    let connection = rusqlite::Connection::open(server.data_dir().join("bursar.db")).unwrap();
    connection.busy_timeout(super::harness::PATIENCE).unwrap();
    connection.execute_batch(sql).unwrap();
}

/// An id as SQL.
pub(super) fn sql_id(id: &str) -> String {
    format!("x'{}'", id.replace('-', ""))
}

pub(super) fn set_account(server: &Server, account: &str, columns: &str) {
    edit(server, &format!("UPDATE accounts SET {columns} WHERE uuid = {}", sql_id(account)));
}

pub(super) fn require_approval(server: &Server, group: &str, is_required: bool) {
    let is_required = i32::from(is_required);
    edit(
        server,
        &format!("UPDATE account_groups SET requires_approval = {is_required} WHERE uuid = {}", sql_id(group)),
    );
}

#[test]
fn reasons_come_in_the_order_of_their_ranks_whatever_else_is_wrong() {
    let ladders = Ladders { order: order(), met: Mutex::default() };
    let placed = [refusals(), rejections()].concat();
    let names: BTreeSet<&str> = placed.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ladders.order.iter().map(String::as_str).collect());
    the_edge(&ladders);
    logins(&ladders);
    let server = Server::start("");
    ladder_clients::opening(&ladders, &server);
    ladder_clients::profiles(&ladders, &server);
    ladder_clients::changes(&ladders, &server);
    ladder_money::movements(&ladders, &server);
    ladder_money::transfers(&ladders, &server);
    ladder_money::reversals(&ladders, &server);
    ladder_money::credits(&ladders, &server);
    ladder_clients::locks_and_archiving(&ladders, &server);
    ladder_clients::owners(&ladders, &server);
    let production = Server::production();
    let admin = production.bearer(&production.add_token("dev", &[]).1);
    let mut ladder = ladders.begin();
    let clock = |caller: &Caller<'_>, body: &str| caller.post_text("/sandbox/clock", body);
    ladder.rung(&clock(&production.viewer(), "{"), "RIGHT_MISSING");
    ladder.rung(&clock(&admin, "{"), "MALFORMED_BODY");
    ladder.rung(&clock(&admin, "{}"), "INVALID_FIELD");
    ladder.rung(&clock(&admin, r#"{"advance": 99999999999}"#), "OUT_OF_RANGE");
    ladder.rung(&clock(&admin, r#"{"advance": 60}"#), "NOT_A_SANDBOX");
    let met = ladders.met.into_inner().unwrap();
    for (name, way) in placed {
        match way {
            Met => assert!(met.contains(name), "{name} is on no ladder"),
            Elsewhere(why) => assert!(!met.contains(name) && !why.is_empty(), "{name} is on a ladder after all"),
        }
    }
}

/// From the network to the last cent: a withdrawal that breaks nearly every rule.
fn the_edge(ladders: &Ladders) {
    let server = Server::start(
        "[access]\nallow = [\"10.0.0.0/8\"]\ntrusted_proxies = [\"127.0.0.0/8\"]\n\
         [server]\nrequest_timeout_ms = 1000\nbody_limit_bytes = 2048\n",
    );
    fn inside(caller: Caller<'_>) -> Caller<'_> {
        caller.from("10.0.0.1")
    }
    let admin = server.admin().from("10.0.0.1");
    let profile = admin.new_profile_with(&json!({"password": PASSWORD}));
    let account = admin.new_account_of(&profile, "USD");
    admin.deposit(&account, "5");
    let email = admin.get(&format!("/profiles/{profile}")).ok().text_at("email");
    let end_user =
        admin.post("/trade/login", &json!({"email": email, "password": PASSWORD})).ok().text_at("accessToken");
    let (spent_id, spent) = server.add_token("dev", &["--days", "1"]);
    let (revoked_id, revoked) = server.add_token("dev", &[]);
    for id in [spent_id, revoked_id] {
        server.command(&["token", "revoke", &id]);
    }
    admin.post("/sandbox/clock", &json!({"advance": 2 * 86_400})).ok();
    let viewer = server.operator("viewer", &[]).from("10.0.0.1");
    let operator = server.operator("operator", &[]).from("10.0.0.1").key("ladder");
    operator.post("/profiles", &json!({"email": "ladder@example.com"})).ok();
    let group = admin.get(&format!("/accounts/{account}")).ok().text_at("groupId");
    require_approval(&server, &group, true);
    set_account(
        &server,
        &account,
        "lifecycle = 'pending_approval', lock = 'full', lock_holder = 'customer', lock_reason = 'TMP',
         allow_debits = 0",
    );

    let path = format!("/accounts/{account}/withdraw");
    let nobodys = format!("/accounts/{NOBODY}/withdraw");
    let huge = vec![b'x'; 4096];
    let wrong =
        |caller: &Caller<'_>, method: &str, path: &str| caller.send(method, path, Some("text/plain"), Some(&huge));
    let mut ladder = ladders.begin();
    let stranger = server.anyone().with("X-Padding", &"x".repeat(33 * 1024));
    ladder.rung(&wrong(&stranger.from("8.8.8.8"), "PATCH", "/nowhere"), "ADDRESS_NOT_ALLOWED");
    ladder.rung(&wrong(&stranger.from("10.0.0.1"), "PATCH", "/nowhere"), "HEADERS_TOO_LARGE");
    let stranger = inside(server.anyone());
    ladder.rung(&wrong(&stranger, "PATCH", "/nowhere"), "UNKNOWN_ROUTE");
    ladder.rung(&wrong(&stranger, "PATCH", &nobodys), "WRONG_METHOD");
    ladder.rung(&wrong(&stranger, "POST", &nobodys), "TOKEN_MISSING");
    ladder.rung(&wrong(&inside(server.bearer("bur_none")), "POST", &nobodys), "TOKEN_UNKNOWN");
    ladder.rung(&wrong(&inside(server.bearer(&spent)), "POST", &nobodys), "TOKEN_EXPIRED");
    ladder.rung(&wrong(&inside(server.bearer(&revoked)), "POST", &nobodys), "TOKEN_REVOKED");
    ladder.rung(&wrong(&inside(server.bearer(&end_user)), "POST", &nobodys), "END_USER_TOKEN");
    ladder.rung(&wrong(&viewer, "POST", &nobodys), "RIGHT_MISSING");
    ladder.rung(&wrong(&operator.with("Content-Encoding", "gzip"), "POST", &nobodys), "WRONG_CONTENT_ENCODING");
    let token = server.banner["token"].as_str().unwrap();
    let late = server.raw(
        format!(
            "POST {nobodys} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 10.0.0.1\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: text/plain\r\nContent-Length: 4096\r\n\r\nx"
        )
        .as_bytes(),
    );
    let (_, body) = late.split_once("\r\n\r\n").unwrap();
    let late = &body[body.find('{').unwrap()..=body.rfind('}').unwrap()];
    ladder.rung_text(late, "BODY_TIMEOUT");
    ladder.rung(&wrong(&operator, "POST", &nobodys), "BODY_TOO_LARGE");
    ladder.rung(&operator.send("POST", &nobodys, Some("text/plain"), Some(b"{")), "WRONG_CONTENT_TYPE");
    ladder.rung(&operator.post_text(&nobodys, "{"), "MALFORMED_BODY");
    ladder.rung(&operator.post_text(&nobodys, "{}"), "INVALID_FIELD");
    ladder.rung(&operator.post(&nobodys, &json!({"amount": "9".repeat(50)})), "OUT_OF_RANGE");
    let (little, much) = (json!({"amount": "0.001"}), json!({"amount": "1000"}));
    ladder.rung(&operator.post(&nobodys, &little), "IDEMPOTENCY_CONFLICT");
    let operator = operator.key_again("another");
    ladder.rung(&operator.post(&nobodys, &little), "NOT_FOUND");
    ladder.aside(&operator.post(&path, &little), "INVALID_FIELD");
    ladder.rung(&operator.post(&path, &much), "NEEDS_APPROVAL");
    require_approval(&server, &group, false);
    ladder.rung(&operator.post(&path, &much), "ACCOUNT_PENDING_APPROVAL");
    for state in ["inactive", "dormant"] {
        set_account(&server, &account, &format!("lifecycle = '{state}'"));
        ladder.rung(&operator.post(&path, &much), &format!("ACCOUNT_{}", state.to_uppercase()));
    }
    set_account(&server, &account, "lifecycle = 'active'");
    ladder.rung(&operator.post(&path, &much), "ACCOUNT_LOCKED");
    admin.step(&format!("/accounts/{account}/unlock")).ok();
    ladder.rung(&operator.post(&path, &much), "DEBITS_OFF");
    set_account(&server, &account, "allow_debits = 1");
    ladder.rung(&operator.post(&path, &much), "INSUFFICIENT_FUNDS");
    operator.post(&path, &json!({"amount": "5"})).ok();
}

fn logins(ladders: &Ladders) {
    let server = Server::start("");
    server.add_operator("ada", "operator", &[]);
    let wrong = || server.anyone().post("/user/login", &json!({"username": "ada", "password": "wrong password"}));
    for _ in 0..10 {
        wrong().refused("BAD_LOGIN");
    }
    let mut ladder = ladders.begin();
    ladder.aside(&server.anyone().post("/user/login", &json!({"username": "ada"})), "INVALID_FIELD");
    ladder.rung(&wrong(), "THROTTLED");
    server.advance(3600);
    ladder.rung(&wrong(), "BAD_LOGIN");
}

#[test]
fn a_missing_right_is_refused_before_the_body_is_read() {
    use bursar::dialects::kit::{Access, Dialect};
    use bursar::dialects::native::Native;
    let server = Server::start("");
    let [one, other] = ["reference:read", "sessions:issue"].map(|scope| server.add_token("dev", &["--scope", scope]).1);
    let before = server.trace();
    for route in Native.routes().iter() {
        let Access::Needs(right) = route.access else { continue };
        let path = route.path.replace("{id}", "nonsense").replace("{profileId}", "nonsense");
        let method = route.method.as_str();
        let token = if right.name() == "reference:read" { &other } else { &one };
        let body = (method != "GET").then_some(&b"{"[..]);
        server.bearer(token).send(method, &format!("{path}?page=x"), Some("text/plain"), body).refused("RIGHT_MISSING");
    }
    assert_eq!(server.trace(), before);
}
