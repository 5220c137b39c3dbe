//! Named schemas without a Rust type of their own: exact numbers, currencies and enums.

use crate::app::access::TokenKind;
use crate::dialects::native::fields;
use crate::domain::access::Right;
use crate::domain::accounts::{Lifecycle, Lock, LockHolder, LockReason, LockScope, OwnerAccess, Permission};
use crate::domain::approvals::{ApprovalKind, ApprovalState, Cause};
use crate::domain::clients::{ProfileKind, ProfileStatus};
use crate::domain::events::EventType;
use crate::domain::ledger::{Basis, EntryKind, House, MovementState};
use crate::domain::money::AMOUNT_TEXT_MAX;
use serde_json::{Value, json};

pub(super) fn all() -> Vec<(&'static str, Value)> {
    let mut all = numbers();
    all.extend(enums().into_iter().map(|(name, what, values)| {
        let schema = json!({ "type": "string", "description": what, "enum": values });
        (name, schema)
    }));
    all
}

fn numbers() -> Vec<(&'static str, Value)> {
    let decimal_text = |what: &str, pattern: &str| {
        json!({
            "type": "string",
            "format": "decimal",
            "description": what,
            "pattern": pattern,
            "maxLength": AMOUNT_TEXT_MAX,
        })
    };
    vec![
        (
            "Money",
            json!({
                "type": "number",
                "format": "decimal",
                "description": "An exact amount of money with all decimals of its currency, such as `10000.00`. It is \
                    a JSON number because existing clients of this API expect one. Read it as a decimal (`BigDecimal`, \
                    `decimal.Decimal`, `json.Number`), not as a binary float: an amount has up to 19 digits, and a \
                    double keeps 15.",
                "examples": [10000.25],
                "x-go-type": "json.Number",
                "x-go-type-import": { "path": "encoding/json" },
            }),
        ),
        (
            "Decimal",
            json!({
                "type": "number",
                "format": "decimal",
                "description": "An exact decimal number that is not money, such as a price, a rate, a quantity or a \
                    percentage. Read it as a decimal, as with `Money`.",
                "x-go-type": "json.Number",
                "x-go-type-import": { "path": "encoding/json" },
            }),
        ),
        (
            "Amount",
            decimal_text(
                "An exact amount of money, rounded half away from zero to the decimals of its currency, without an \
                 exponent. Send it as a string: a JSON number is also read exactly, but few clients can write one \
                 exactly.",
                "^-?[0-9]+(\\.[0-9]+)?$",
            ),
        ),
        ("Rate", decimal_text("An exact exchange rate above zero, as a string or a number.", "^[0-9]+(\\.[0-9]+)?$")),
        (
            "CurrencyCode",
            json!({
                "type": "string",
                "description": "An ISO 4217 or crypto code.",
                "pattern": "^[A-Z0-9]{3,12}$",
                "examples": ["EUR"],
            }),
        ),
    ]
}

/// Every enum with its description and its values, which come from the domain.
fn enums() -> Vec<(&'static str, &'static str, Vec<String>)> {
    let upper = |names: &[&str]| names.iter().map(|name| name.to_uppercase()).collect::<Vec<_>>();
    let plain = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let scopes = LockScope::ALL.map(LockScope::name);
    let locks = [[Lock::Open.name()].as_slice(), &scopes].concat();
    let holders = LockHolder::ALL.map(|holder| match holder {
        LockHolder::Customer => "CST",
        LockHolder::System => "SYS",
    });
    let mut all = vec![
        ("ClientStatus", "The status of a client.", upper(&ProfileStatus::ALL.map(ProfileStatus::name))),
        ("ClientKind", "What a client is.", upper(&ProfileKind::ALL.map(ProfileKind::name))),
        ("AccountLifecycle", "The lifecycle state of an account.", upper(&Lifecycle::ALL.map(Lifecycle::name))),
        ("AccountLock", "The direction that a lock still allows; FULL allows none, NONE means no lock.", upper(&locks)),
        ("NewLock", "The direction that the lock still allows; FULL allows none.", upper(&scopes)),
        (
            "LockType",
            "Who can remove the lock: CST any operator, SYS administrators; UNL means no lock.",
            plain([["UNL"].as_slice(), &holders].concat()),
        ),
        ("NewLockType", "Who can remove the lock: CST any operator, SYS administrators.", plain(holders.to_vec())),
        ("LockReason", "Why an account is locked.", plain(LockReason::ALL.map(LockReason::name).to_vec())),
        ("AccountPermission", "What an account may be used for.", upper(&Permission::ALL.map(Permission::name))),
        ("TokenKind", "How a token was made.", upper(&TokenKind::ALL.map(TokenKind::name))),
        ("TokenScope", "A right.", plain(Right::ALL.map(Right::name).to_vec())),
        ("MovementState", "The state of a movement.", upper(&MovementState::ALL.map(MovementState::name))),
        ("ApprovalKind", "What is asked for.", upper(&ApprovalKind::ALL.map(ApprovalKind::name))),
        ("ApprovalState", "What became of a request.", upper(&ApprovalState::ALL.map(ApprovalState::name))),
        ("ApprovalCause", "Why it takes a second operator.", upper(&Cause::ALL.map(Cause::name))),
        ("OwnerAccess", "An owner's access to the account.", upper(&OwnerAccess::ALL.map(OwnerAccess::name))),
        ("EntryKind", "The kind of a ledger entry.", upper(&EntryKind::ALL.map(EntryKind::name))),
        (
            "Basis",
            "Whether the recorded or the effective time of an entry counts.",
            plain(Basis::ALL.map(Basis::name).to_vec()),
        ),
        ("EventType", "The type of an event.", plain(EventType::ALL.iter().map(|kind| kind.name()).collect())),
        ("HouseAccountName", "An account of the house.", plain(House::ALL.map(House::name).to_vec())),
        ("DealDirection", "Whether money came in or went out.", plain(vec!["DEAL_DIRECTION_IN", "DEAL_DIRECTION_OUT"])),
    ];
    for (name, values) in fields::enums() {
        let what = match name {
            "TradeStatus" => {
                "What an account may do on the trading platform. Requests may send the index in this list."
            }
            "PositioningMode" => {
                "Whether positions in a symbol are netted or hedged. Requests may send the index in this list."
            }
            "MarginCalculationType" => "How margin is aggregated. Requests may send the index in this list.",
            _ => "The kind of a deal.",
        };
        if name == "DealAction" {
            let adjustments = values.iter().filter(|action| fields::parse_adjustment(action).is_ok());
            let what =
                "The kind of an adjustment; UNSPECIFIED means CORRECTION. Requests may send the index in `DealAction`.";
            all.push(("AdjustmentAction", what, adjustments.cloned().collect()));
        }
        all.push((name, what, values));
    }
    all
}
