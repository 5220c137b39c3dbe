use super::*;
use serde_json::{Value, json};

/// Whole events that have nothing that is optional.
fn events() -> Vec<Value> {
    let event = |more: Value| {
        let mut event = json!({"platform": "mt5", "eventId": "1", "account": "2", "at": "2026-03-02T08:15:00Z"});
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    };
    let deal = json!({
        "kind": "execution", "executionId": "1", "symbol": "S", "side": "BUY", "quantity": "1", "price": "1",
    });
    let close_by = json!({
        "kind": "execution", "executionId": "1", "symbol": "S", "entry": "out-by", "positionRef": "1",
        "oppositeRef": "2",
    });
    let mut events: Vec<_> = [
        deal,
        close_by,
        json!({"kind": "execution", "executionId": "1", "symbol": "S", "quantity": "0"}),
        json!({"kind": "correction", "executionId": "1", "corrects": "2", "action": "cancel"}),
        json!({"kind": "order", "orderId": "1", "symbol": "S", "state": "new"}),
        json!({"kind": "swap", "amount": "1"}),
        json!({"kind": "funding", "amount": "1"}),
        json!({"kind": "dividend", "amount": "1"}),
        json!({"kind": "balance", "operation": "deposit", "amount": "1"}),
        json!({"kind": "snapshot"}),
    ]
    .map(event)
    .into();
    events.push(
        json!({"platform": "mt5", "kind": "quote", "at": "2026-03-02T08:15:00Z", "symbol": "S", "bid": 1, "ask": 1}),
    );
    events
        .push(json!({"platform": "mt5", "kind": "split", "at": "2026-03-02T08:15:00Z", "eventId": "1", "symbol": "S",
                       "ratio": "2"}));
    events
}

fn read(event: &Value) -> Result<PlatformEvent, String> {
    let text = event.to_string();
    let incoming = read_event(text.as_bytes(), &Zones::default(), &mut BTreeSet::new());
    incoming.event.map_err(|unreadable| unreadable.message)
}

#[test]
fn each_missing_member_is_named_alone_and_with_others() {
    for event in events() {
        assert!(read(&event).is_ok(), "{event}: {:?}", read(&event));
        let names: Vec<_> = event.as_object().unwrap().keys().cloned().collect();
        let decides = |name: &str| name == "kind" || name == "entry" || event["quantity"] == "0" && name == "quantity";
        let without = |gone: &[&String]| {
            let mut event = event.clone();
            gone.iter().for_each(|name| drop(event.as_object_mut().unwrap().remove(*name)));
            read(&event).unwrap_err()
        };
        for one in names.iter().filter(|name| !decides(name)) {
            assert_eq!(without(&[one]), format!("{one}: required"), "{event}");
            for two in names.iter().filter(|name| !decides(name) && *name > one) {
                let message = without(&[one, two]);
                let named: BTreeSet<&str> = message.strip_suffix(": required").unwrap().split(", ").collect();
                assert_eq!(named, BTreeSet::from([one.as_str(), two]), "{event}");
            }
        }
    }
    assert_eq!(read(&json!({})).unwrap_err(), "platform, kind, at: required");
    let wrong = json!({"platform": "mt5", "kind": "quote", "at": "2026-03-02T08:15:00Z", "symbol": "S", "bid": "x"});
    assert_eq!(read(&wrong).unwrap_err(), "bid: not a decimal number such as 12.34");
}
