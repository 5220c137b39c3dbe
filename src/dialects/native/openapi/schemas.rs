//! Schemas that have a name but no type here: exact numbers, currencies, enums.

use crate::dialects::native::fields;
use crate::domain::accounts::{Lifecycle, Lock, LockHolder, LockReason, LockScope, OwnerAccess};
use crate::domain::clients::ProfileStatus;
use crate::domain::events::EventType;
use crate::domain::ledger::{Basis, EntryKind, House, MovementState};
use crate::domain::money::AMOUNT_TEXT_MAX;
use serde_json::{Value, json};

/// All of them, by name.
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
                "description": "An exact amount of money, with all decimals of its currency: `10000.00`. It is a JSON number \
                    because the contract of this API, which clients were written for, has one here. Read its digits as a \
                    decimal (`BigDecimal`, `decimal.Decimal`, `json.Number`), not as a binary float: a double keeps 15 of \
                    up to 19 digits.",
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
                "description": "An exact decimal number that is not money: a price, a rate, a quantity, a percentage. Read \
                    its digits as a decimal, as with `Money`.",
                "x-go-type": "json.Number",
                "x-go-type-import": { "path": "encoding/json" },
            }),
        ),
        (
            "Amount",
            decimal_text(
                "An exact amount of money, rounded half away from zero to the decimals of its currency. Send it as a text: a \
                 JSON number is read digit by digit, too, but a client's number type may have lost some by then. No exponent.",
                "^-?[0-9]+(\\.[0-9]+)?$",
            ),
        ),
        ("Rate", decimal_text("An exact exchange rate above zero, as a text or a number.", "^[0-9]+(\\.[0-9]+)?$")),
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

/// Every enum: its name, what it is, and its values, which are those of the domain.
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
        ("ClientStatus", "Where a client stands with the broker.", upper(&ProfileStatus::ALL.map(ProfileStatus::name))),
        ("AccountLifecycle", "Where an account is in its life.", upper(&Lifecycle::ALL.map(Lifecycle::name))),
        ("AccountLock", "What a lock lets through; NONE is no lock.", upper(&locks)),
        ("NewLock", "What a lock lets through.", upper(&scopes)),
        ("LockType", "Whose a lock is; UNL is no lock.", plain([["UNL"].as_slice(), &holders].concat())),
        ("NewLockType", "Whose a lock is.", plain(holders.to_vec())),
        ("LockReason", "Why an account is locked.", plain(LockReason::ALL.map(LockReason::name).to_vec())),
        ("MovementState", "Where a movement is in its life.", upper(&MovementState::ALL.map(MovementState::name))),
        ("OwnerAccess", "What an owner may do with an account.", upper(&OwnerAccess::ALL.map(OwnerAccess::name))),
        ("EntryKind", "What an entry of the ledger is.", upper(&EntryKind::ALL.map(EntryKind::name))),
        ("Basis", "Which of the two times of an entry counts.", plain(Basis::ALL.map(Basis::name).to_vec())),
        ("EventType", "What happened.", plain(EventType::ALL.iter().map(|kind| kind.name()).collect())),
        ("HouseAccountName", "An account of the house.", plain(House::ALL.map(House::name).to_vec())),
        ("DealDirection", "Whether money came in or went out.", plain(vec!["DEAL_DIRECTION_IN", "DEAL_DIRECTION_OUT"])),
    ];
    for (name, values) in fields::enums() {
        let what = match name {
            "TradeStatus" => {
                "What an account may do on the trading platform. A request may send the number in this list."
            }
            "PositioningMode" => "How positions in one symbol are kept. A request may send the number in this list.",
            "MarginCalculationType" => "How margin is summed up. A request may send the number in this list.",
            _ => "What a deal is.",
        };
        if name == "DealAction" {
            let adjustments = values.iter().filter(|action| fields::parse_adjustment("action", action).is_ok());
            let what = "What an adjustment is; UNSPECIFIED is CORRECTION. The number in `DealAction` is read, too.";
            all.push(("AdjustmentAction", what, adjustments.cloned().collect()));
        }
        all.push((name, what, values));
    }
    all
}
