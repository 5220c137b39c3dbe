//! The operations of a batch: each has its name, the id that its own route has in the path, and the body of that route.

use crate::dialects::kit::openapi::{Document, reference};
use serde_json::{Map, Value, json};

/// Operations that look alike.
struct Shape {
    name: &'static str,
    operations: &'static [&'static str],
    /// The member with the id that is in the path of the operation's own route.
    id: Option<&'static str>,
    /// The body of that route.
    body: Option<&'static str>,
}

const fn shape(
    name: &'static str,
    id: Option<&'static str>,
    body: Option<&'static str>,
    operations: &'static [&'static str],
) -> Shape {
    Shape { name, operations, id, body }
}

const ACCOUNT: Option<&str> = Some("accountId");

/// Every operation, once. A test compares it with what the server knows.
const SHAPES: [Shape; 12] = [
    shape("MoveOperation", ACCOUNT, Some("MoveRequest"), &["deposit", "withdraw"]),
    shape("AdjustOperation", ACCOUNT, Some("AdjustRequest"), &["balance"]),
    shape("TransferOperation", None, Some("TransferBody"), &["transfer"]),
    shape("RequestOperation", ACCOUNT, Some("MovementBody"), &["announceDeposit", "requestWithdrawal", "placeHold"]),
    shape("DepositOperation", Some("depositId"), None, &["settleDeposit", "returnDeposit"]),
    shape(
        "WithdrawalOperation",
        Some("withdrawalId"),
        None,
        &["approveWithdrawal", "payWithdrawal", "rejectWithdrawal", "cancelWithdrawal"],
    ),
    shape("CaptureOperation", Some("holdId"), Some("CaptureBody"), &["captureHold"]),
    shape("ReleaseOperation", Some("holdId"), None, &["releaseHold"]),
    shape("ReverseOperation", Some("entryId"), Some("ReverseBody"), &["reverseEntry"]),
    shape("LockOperation", ACCOUNT, Some("LockBody"), &["lock"]),
    shape("CloseOperation", ACCOUNT, Some("CloseBody"), &["close"]),
    shape("StateOperation", ACCOUNT, None, &["unlock", "approve", "activate", "inactive", "dormant", "archive"]),
];

/// Replaces the operation of a batch by the alternatives that it has.
pub(super) fn describe(document: &mut Document) {
    let description = document.schema("OperationBody")["description"].take();
    let (mut alternatives, mut mapping) = (Vec::new(), Map::new());
    for shape in &SHAPES {
        let body = shape.body.map_or_else(|| json!({}), |name| document.schema(name).clone());
        let mut properties = body["properties"].as_object().cloned().unwrap_or_default();
        let mut required: Vec<Value> = vec!["operation".into()];
        properties.insert("operation".into(), json!({ "type": "string", "enum": shape.operations }));
        if let Some(id) = shape.id {
            properties.insert(id.into(), json!({ "type": "string", "format": "uuid" }));
            required.push(id.into());
        }
        required.extend(body["required"].as_array().cloned().unwrap_or_default());
        let schema = json!({
            "type": "object",
            "description": format!("One of {}, with the members of its own route.", shape.operations.join(", ")),
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        });
        document.add("schemas", shape.name, schema);
        let reference = reference("schemas", shape.name);
        mapping.extend(shape.operations.iter().map(|name| ((*name).to_owned(), reference["$ref"].clone())));
        alternatives.push(reference);
    }
    let operation = json!({
        "description": description,
        "oneOf": alternatives,
        "discriminator": { "propertyName": "operation", "mapping": mapping },
    });
    document.add("schemas", "OperationBody", operation);
}
