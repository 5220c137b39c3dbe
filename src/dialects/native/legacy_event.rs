//! Renders events that earlier versions stored as JSON, with names and enums spelled as in the rest of the API.

use super::fields;
use crate::app::events::LegacyContent;
use crate::domain::accounts::{LockHolder, PositionMode};
use crate::domain::ids::AccountId;
use crate::domain::reference::{MarginCalculation, TradeStatus};
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::BTreeMap;

/// The member of a line of `balances` that decides who may see it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    account_id: Option<AccountId>,
}

/// The data of a stored event, without the parts hidden from its reader.
pub(super) fn data(legacy: LegacyContent) -> serde_json::Result<Box<RawValue>> {
    let mut members: BTreeMap<&str, Box<RawValue>> = serde_json::from_str(&legacy.text)?;
    if let Some(lines) = members.get("balances").filter(|_| legacy.hides_house) {
        let mut kept: Vec<&RawValue> = serde_json::from_str(lines.get())?;
        let is_of_client =
            |line: &&RawValue| serde_json::from_str::<Line>(line.get()).is_ok_and(|line| line.account_id.is_some());
        kept.retain(is_of_client);
        let kept = to_raw_value(&kept)?;
        members.insert("balances", kept);
    }
    if legacy.hides_receiver {
        members.remove("toAccountId");
    }
    let members = members.into_iter().map(|(name, value)| Ok((renamed(name), respelled(name, value)?)));
    to_raw_value(&members.collect::<serde_json::Result<BTreeMap<_, _>>>()?)
}

/// The current name of a member.
fn renamed(name: &str) -> &str {
    match name {
        "tradeStatus" => "status",
        "marginCalculationOverride" => "marginCalcTypeOverride",
        "lockHolder" => "lockType",
        "allowsCredits" => "allowCredits",
        "allowsDebits" => "allowDebits",
        "entryId" => "dealId",
        "asked_for" => "askedFor",
        "reached_at" => "reachedAt",
        "last_entry" => "lastEntry",
        "last_event" => "lastEvent",
        "next_entry" => "nextEntry",
        "next_event" => "nextEvent",
        same => same,
    }
}

/// The value of a member in its current spelling. Numbers, times and ids have not changed.
fn respelled(name: &str, value: Box<RawValue>) -> serde_json::Result<Box<RawValue>> {
    let text = || serde_json::from_str::<Option<String>>(value.get());
    let spelled = match name {
        "tradeStatus" => text()?.as_deref().and_then(TradeStatus::parse).map(fields::trade_status),
        "positionMode" => Some(fields::position_mode(text()?.as_deref().and_then(PositionMode::parse))),
        "marginCalculationOverride" => {
            Some(fields::margin_calculation(text()?.as_deref().and_then(MarginCalculation::parse)))
        }
        "lockHolder" => Some(fields::lock_type(text()?.as_deref().and_then(LockHolder::parse)).to_owned()),
        "lifecycle" | "lock" | "state" | "status" | "kind" | "access" => text()?.map(|name| name.to_uppercase()),
        _ => None,
    };
    spelled.map_or(Ok(value), |spelled| to_raw_value(&spelled))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, hides_house: bool, hides_receiver: bool) -> serde_json::Value {
        let legacy = LegacyContent { text: text.to_owned(), hides_house, hides_receiver };
        serde_json::from_str(data(legacy).unwrap().get()).unwrap()
    }

    #[test]
    fn names_and_enums_are_those_of_today_and_digits_stay() {
        let account = r#"{"tradeStatus":"close_only","positionMode":null,"marginCalculationOverride":"max",
            "lockHolder":"system","lock":"full","lifecycle":"pending_approval","allowsCredits":true,
            "allowsDebits":false,"minimumBalance":-7.00}"#;
        let expected = serde_json::json!({
            "status": "TRADE_STATUS_CLOSE_ONLY", "positionMode": "POSITIONING_MODE_UNSPECIFIED",
            "marginCalcTypeOverride": "MARGIN_CALC_TYPE_MAX", "lockType": "SYS", "lock": "FULL",
            "lifecycle": "PENDING_APPROVAL", "allowCredits": true, "allowDebits": false, "minimumBalance": -7.0,
        });
        assert_eq!(shown(account, false, false), expected);
        let legacy =
            LegacyContent { text: r#"{"balance":10.10}"#.to_owned(), hides_house: false, hides_receiver: false };
        assert_eq!(data(legacy).unwrap().get(), r#"{"balance":10.10}"#);
        let movement = r#"{"kind":"transfer","state":"posted","entryId":null,"toAccountId":"x"}"#;
        assert_eq!(
            shown(movement, false, true),
            serde_json::json!({"kind": "TRANSFER", "state": "POSTED", "dealId": null})
        );
        let restore = r#"{"timeline":2,"asked_for":null,"reached_at":"x","next_event":7}"#;
        let expected = serde_json::json!({"timeline": 2, "askedFor": null, "reachedAt": "x", "nextEvent": 7});
        assert_eq!(shown(restore, false, false), expected);
        assert_eq!(shown(r#"{"access":null,"lockHolder":null}"#, false, false)["lockType"], "UNL");
    }
}
