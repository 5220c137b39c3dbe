//! Describes members and parameters by name: a name has the same type and limits in every body, path and query string.

use crate::app::accounts::NUMBER_MAX;
use crate::app::events::{RECEIVER_MAX, TITLE_MAX, TYPE_MAX};
use crate::app::sandbox::YEARS_MAX_S;
use crate::dialects::kit::openapi::{Member, Place, reference};
use crate::dialects::kit::{PAGE_MAX, REJECTIONS};
use crate::dialects::native::lists::LISTS;
use crate::dialects::native::{audit_log, deals, events, positions, sessions, statements, trades, webhooks};
use crate::domain::access::{ObjectKind, PASSWORD_MAX, PASSWORD_MIN};
use crate::domain::accounts::{LEGAL_NAME_MAX, OWNERS_MAX, SUB_CATEGORY_MAX};
use crate::domain::bank::EXTERNAL_TEXT_MAX;
use crate::domain::clients::{
    CATEGORY_MAX, CUSTOM_FIELDS_MAX, CUSTOM_NAME_MAX, CUSTOM_VALUE_MAX, METADATA_KEY_MAX, METADATA_KEYS_MAX,
    METADATA_TEXT_MAX, NAME_MAX, REFERENCE_MAX, TAG_MAX,
};
use crate::domain::money::Decimals;
use crate::domain::reference::LEVERAGE_MAX;
use crate::domain::refusal::REFUSALS;
use crate::domain::search::SEARCH_MAX;
use crate::domain::status::{STATUS_CODE_MAX, STATUS_DESCRIPTION_MAX};
use crate::domain::text::{COMMENT_MAX, EMAIL_MAX, FIELD_MAX, META_DATA_MAX};
use crate::domain::trading::{EVENT_BYTES_MAX, EVENT_ID_MAX};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The JSON Schema keywords of a member; `None` if the annotation is sufficient.
pub(super) fn form(member: &Member<'_>) -> Option<Value> {
    if member.is("number") {
        return Some(reference("schemas", number(member)));
    }
    if let Some(name) = named(member) {
        return Some(reference("schemas", name));
    }
    if member.is("string") {
        text(member)
    } else if member.is("integer") {
        integer(member)
    } else if member.is("object") {
        map(member)
    } else {
        None
    }
}

/// The schema of an exact number. The API has no binary floats, so every `double` in an annotation is one of these.
fn number(member: &Member<'_>) -> &'static str {
    match (member.place, member.name) {
        (Place::Request, _) => "Amount",
        // Of all accounts, in the profit currency.
        _ if member.owner.starts_with("Exposure") => "Decimal",
        (_, "volume" | "rate" | "marginLevel" | "marginCallLevel" | "stopOutLevel") => "Decimal",
        (_, "qty" | "qtyClosed" | "qtyOriginal" | "qtyFilled" | "slippage" | "openValue") => "Decimal",
        (_, "units" | "unitsClosed" | "unitsOriginal" | "unitsFilled") => "Decimal",
        (_, name) if name.contains("Rate") || name.contains("Price") || name == "fxToUsd" => "Decimal",
        _ => "Money",
    }
}

/// The named schema of a member: an enum, a currency or an amount.
fn named(member: &Member<'_>) -> Option<&'static str> {
    let is_request = member.place == Place::Request;
    Some(match (member.owner, member.name) {
        ("PlatformEvent" | "BookedFigures" | "SnapshotPosition", _) => return None,
        ("Profile" | "/profiles", "status") => "ClientStatus",
        ("Account" | "AccountGroup" | "AccountRequest" | "Permission", "status") => "TradeStatus",
        ("/accounts" | "/account-groups", "status") => "TradeStatus",
        ("Profile" | "ProfileRequest", "state") => return None,
        ("Profile" | "ProfileRequest", "kind") => "ClientKind",
        ("Approval" | "/approvals", "state") => "ApprovalState",
        ("Approval" | "/approvals", "kind") => "ApprovalKind",
        ("OwnerChange", "change") => return None,
        ("Approval", "cause") => "ApprovalCause",
        ("/accounts/{id}/orders" | "/platform/alerts", "state") => return None,
        ("Delivery" | "/webhooks/{id}/deliveries", "state") => return None,
        (_, "state") => "MovementState",
        (_, "positionMode") => "PositioningMode",
        (_, "marginCalcTypeOverride" | "marginCalculationType") => "MarginCalculationType",
        (_, "lifecycle") => "AccountLifecycle",
        ("LockBody", "lock") => "NewLock",
        (_, "lock") => "AccountLock",
        ("LockBody", "type") => "NewLockType",
        (_, "lockType") => "LockType",
        ("LockBody", "reason") | (_, "lockReason") => "LockReason",
        ("Account" | "AccountRequest", "permissions") => "AccountPermission",
        (_, "access") => "OwnerAccess",
        ("AdjustRequest", "action") => "AdjustmentAction",
        ("AuditRecord" | "/audit-log", "action") => return None,
        (_, "action") => "DealAction",
        (_, "direction") => "DealDirection",
        ("StatementLine", "kind") => "EntryKind",
        ("OwnToken", "kind") => "TokenKind",
        ("OwnToken", "scopes") => "TokenScope",
        (_, "basis") => "Basis",
        ("Event", "type") => "EventType",
        ("HouseAccount", "name") | ("CheckpointBook", "house") => "HouseAccountName",
        (_, "currency" | "currencies") | ("Currency", "code") | ("ReferenceRate", "from" | "to") => "CurrencyCode",
        (_, "amount" | "toAmount" | "targetAmount") if is_request => "Amount",
        ("VerificationBody", _) => "Amount",
        (_, "rate") if is_request => "Rate",
        _ => return None,
    })
}

fn text(member: &Member<'_>) -> Option<Value> {
    let (owner, name) = (member.owner, member.name);
    let at_most = |max: usize| json!({ "maxLength": max });
    let one_of = |names: &[&str]| json!({ "enum": names });
    Some(match (owner, name) {
        ("/accounts/{id}/orders", "state") => one_of(&["working", "all"]),
        ("/platform/alerts", "state") => one_of(&["open", "resolved", "all"]),
        ("Delivery" | "/webhooks/{id}/deliveries", "state") => one_of(&["PENDING", "DELIVERED", "FAILED"]),
        ("Webhook" | "WebhookBody", "url") => json!({ "format": "uri", "maxLength": RECEIVER_MAX }),
        ("Webhook", "secret") => json!({ "pattern": "^whsec_[A-Za-z0-9+/]+=*$" }),
        ("WebhookBody", "description") => at_most(TITLE_MAX),
        ("WebhookBody", "types") => at_most(TYPE_MAX),
        ("ReplayBody" | "Replayed" | "/webhooks/{id}/deliveries", "after") => whole_number(),
        (_, "eventSeq" | "deliveredSeq") => whole_number(),
        ("Position" | "Order" | "Execution", "side") => one_of(&trades::SIDES),
        ("Position", "status") => one_of(&positions::POSITION_STATES),
        ("Order", "status") => one_of(&trades::ORDER_STATES),
        ("Order", "type") => one_of(&trades::ORDER_TYPES),
        ("Order", "timeInForce") => one_of(&trades::TIMES_IN_FORCE),
        ("Order", "expirationDate") => moment(member.place),
        ("Position" | "Order" | "Execution", "accountId" | "groupId" | "symbolId") => uuid(),
        // Ids of platforms, or empty.
        ("Position" | "Order" | "Execution", name) if name.ends_with("Id") => return None,
        ("TradeFields", _) | ("AccountGroup", "externalGatewayId" | "symbolProfileId" | "fundingProfileId") => {
            return None;
        }
        ("PlatformEvent", "at" | "expiresAt") => moment(member.place),
        ("PlatformEvent", "comment") => return Some(json!({ "maxLength": EVENT_BYTES_MAX })),
        ("PlatformEvent" | "BookedFigures" | "SnapshotPosition", _) | ("PlatformAccountBody", "number") => {
            at_most(EVENT_ID_MAX)
        }
        ("Alert", "lastSeen") => moment(member.place),
        ("Permission", "id" | "marginTemplateId" | "commissionTemplateId") => return None,
        ("Permission", "volumeTemplateId" | "protectionTemplateId") => return None,
        (_, "search") => json!({ "minLength": 1, "maxLength": SEARCH_MAX }),
        // Open: there will be more of them.
        ("ErrorDetail", "reason") => {
            let rows = REFUSALS.iter().chain(REJECTIONS).map(|row| (row.rank, row.reason)).collect::<BTreeMap<_, _>>();
            json!({ "pattern": "^[A-Z_]+$", "x-extensible-enum": rows.into_values().collect::<Vec<_>>() })
        }
        ("SessionReply", "expiresAt") | ("AuditRecord", "id" | "firstEvent" | "lastEvent") => whole_number(),
        ("AuditedChange", "objectKind") => return None,
        ("LogCheckpoint", "size") | ("EntryProof", "entry" | "index") | (_, "oldSize") => whole_number(),
        ("AuditRecord", "nameHash") => json!({ "pattern": "^[0-9a-f]{32}$" }),
        ("AuditRecord", "objectKind") => {
            let names = ObjectKind::ALL.map(|kind| kind.name().to_uppercase());
            json!({ "x-extensible-enum": names })
        }
        (_, "reverses" | "reversedBy" | "sub" | "jti" | "id") | ("IntrospectReply", "accounts") => uuid(),
        ("/events", "Last-Event-ID" | "after") => whole_number(),
        (_, name) if name.ends_with("Id") => uuid(),
        (_, "at" | "from" | "to" | "since" | "now" | "set") => moment(member.place),
        (_, name) if name.ends_with("At") => moment(member.place),
        ("ContributionBody", "frequency") => one_of(&["MONTHLY", "BI_WEEKLY", "NONE"]),
        // Empty: no end.
        ("ContributionBody", "endOn") => json!({ "pattern": "^([0-9]{4}-[0-9]{2}-[0-9]{2})?$" }),
        (_, "deceasedOn" | "startOn" | "endOn" | "nextOn") => json!({ "format": "date" }),
        ("ExternalAccountBody", "kind") => one_of(&["CHECKING", "SAVINGS"]),
        ("ExternalAccountBody", "routingNumber") => json!({ "pattern": "^[0-9]{9}$" }),
        ("ExternalAccountBody", "number") => json!({ "pattern": "^[0-9A-Za-z]{1,17}$" }),
        ("ExternalAccountBody" | "ExternalAccountChange", _) => at_most(EXTERNAL_TEXT_MAX),
        ("/external-accounts", "status") => one_of(&["UNVERIFIED", "VERIFY_LOCKED", "VERIFIED", "ARCHIVED"]),
        (_, "maxLeverage") if member.place == Place::Request => {
            let mut leverage = whole_number();
            leverage["description"] = format!("1 to {LEVERAGE_MAX}, as a string or a number.").into();
            leverage
        }
        (_, "version" | "accountVersion" | "maxLeverage" | "page" | "perPage" | "total") => whole_number(),
        (_, "seq" | "nextAfter" | "lastSeq" | "oldest") => whole_number(),
        ("OperationResult", "status") => one_of(&["ok", "refused"]),
        ("AccountGroup", "marginRecalcScope") => one_of(&["MARGIN_RECALC_SCOPE_UNSPECIFIED"]),
        (_, "format") => one_of(&["json", "csv"]),
        (_, "If-Match") => json!({ "pattern": "^(\\*|\"?[0-9]+\"?)$", "examples": ["\"3\""] }),
        (_, "email") if member.place == Place::Answer => json!({ "format": "email" }),
        (_, "email") => json!({ "format": "email", "maxLength": EMAIL_MAX }),
        ("Profile", "password") => json!({ "const": "" }),
        ("ProfileRequest", "password") | (_, "newPassword") => {
            json!({ "format": "password", "minLength": PASSWORD_MIN, "maxLength": PASSWORD_MAX, "writeOnly": true })
        }
        (_, "password" | "currentPassword") => {
            json!({ "format": "password", "minLength": 1, "maxLength": PASSWORD_MAX, "writeOnly": true })
        }
        _ if member.place != Place::Request => return None,
        (_, "comment" | "reason") => at_most(COMMENT_MAX),
        (_, "reference") => at_most(REFERENCE_MAX),
        (_, "category") => at_most(CATEGORY_MAX),
        ("AccountRequest", "name" | "alias") => at_most(NAME_MAX),
        ("AccountRequest", "statusCode") => at_most(STATUS_CODE_MAX),
        ("AccountRequest", "statusDescription") => at_most(STATUS_DESCRIPTION_MAX),
        ("AccountRequest", "accountNumber") => at_most(NUMBER_MAX),
        ("AccountDetailsBody", "subCategory") => at_most(SUB_CATEGORY_MAX),
        ("AccountDetailsBody", _) => at_most(LEGAL_NAME_MAX),
        (_, "username") => json!({ "minLength": 1, "maxLength": FIELD_MAX }),
        ("IntrospectRequest", "token") => json!({ "minLength": 1, "maxLength": sessions::TOKEN_MAX }),
        (_, "metaData") => at_most(META_DATA_MAX),
        (_, "tags") => json!({ "minLength": 1, "maxLength": TAG_MAX }),
        ("ProfileRequest", _) => at_most(FIELD_MAX),
        _ => return None,
    })
}

fn integer(member: &Member<'_>) -> Option<Value> {
    let limit = |default: u32, max: u32| json!({ "minimum": 1, "maximum": max, "default": default });
    Some(match (member.owner, member.name) {
        ("/events/checkpoint", "limit") => limit(events::LIMIT_MAX, events::LIMIT_MAX),
        ("/events", "limit") => limit(events::LIMIT_DEFAULT, events::LIMIT_MAX),
        ("/accounts/{id}/deals" | "/accounts/{id}/executions" | "/accounts/{id}/history/positions", "limit") => {
            limit(deals::LIMIT_DEFAULT, deals::LIMIT_MAX)
        }
        ("/webhooks/{id}/deliveries", "limit") => limit(webhooks::LIMIT_DEFAULT, webhooks::LIMIT_MAX),
        ("Attempt", "status") => json!({ "minimum": 100, "maximum": 599 }),
        ("Attempt", "durationMs") => json!({ "minimum": 0 }),
        ("Delivery", "tries") => json!({ "minimum": 1 }),
        ("/audit-log", "limit") => limit(audit_log::LIMIT_DEFAULT, audit_log::LIMIT_MAX),
        ("/accounts/{id}/statement", "limit") => limit(statements::LIMIT_DEFAULT, statements::LIMIT_MAX),
        (_, "page") => json!({ "minimum": 1, "maximum": PAGE_MAX, "default": 1 }),
        (_, "perPage") => json!({ "minimum": 1, "maximum": LISTS.size_max, "default": LISTS.size_default }),
        (_, "number" | "book") => json!({ "minimum": 1 }),
        (_, "priority") => json!({ "minimum": 1, "maximum": OWNERS_MAX }),
        (_, "decimals") => json!({ "minimum": 0, "maximum": Decimals::MAX }),
        (_, "advance") => json!({ "minimum": 0, "maximum": YEARS_MAX_S }),
        _ => return None,
    })
}

/// Objects whose member names are chosen by the caller.
fn map(member: &Member<'_>) -> Option<Value> {
    let is_request = member.place == Place::Request;
    let kinds = |mut kinds: Vec<&'static str>| {
        // In a request, null removes a member.
        kinds.extend(is_request.then_some("null"));
        kinds
    };
    match member.name {
        "customFields" => Some(json!({
            "maxProperties": CUSTOM_FIELDS_MAX,
            "propertyNames": { "minLength": 1, "maxLength": CUSTOM_NAME_MAX },
            "additionalProperties": { "type": kinds(vec!["string"]), "maxLength": CUSTOM_VALUE_MAX },
        })),
        "metadata" => Some(json!({
            "maxProperties": METADATA_KEYS_MAX,
            "propertyNames": { "minLength": 1, "maxLength": METADATA_KEY_MAX },
            "additionalProperties": {
                "type": kinds(vec!["string", "number", "boolean"]),
                "maxLength": METADATA_TEXT_MAX,
            },
        })),
        "data" => Some(json!({ "additionalProperties": true })),
        _ => None,
    }
}

fn uuid() -> Value {
    json!({ "format": "uuid" })
}

/// A 64-bit integer as a string.
fn whole_number() -> Value {
    json!({ "type": "string", "format": "uint64", "pattern": "^[0-9]+$" })
}

/// A time. The server writes UTC with milliseconds, and reads any RFC 3339 time.
fn moment(place: Place) -> Value {
    match place {
        Place::Answer => {
            json!({ "format": "date-time", "pattern": "\\.[0-9]{3}Z$", "examples": ["2026-03-02T08:15:00.120Z"] })
        }
        _ => json!({ "format": "date-time", "examples": ["2026-03-02T08:15:00Z"] }),
    }
}
