//! The JSON Schema of the file, generated from the key table, for completion and checks in editors.

use serde_json::{Map, Value, json};

use super::{Config, Key, sections};

/// The schema (draft 2020-12) with types, ranges, defaults and descriptions.
pub fn schema() -> Value {
    let defaults = Config::default().to_json();
    let mut root = table("Configuration of bursar");
    root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    for (section, about, keys) in sections() {
        // Indexing creates the tables along the path: `apis` has a table for each dialect.
        let mut node = &mut root;
        for part in section.split('.') {
            if node["properties"].get(part).is_none() {
                node["properties"][part] = table(about);
            }
            node = &mut node["properties"][part];
        }
        node["properties"] = Value::Object(keys.iter().map(|key| property(key, &defaults)).collect::<Map<_, _>>());
    }
    root["properties"]["apis"]["description"] = json!("The dialects, and where each is mounted.");
    root
}

fn table(about: &str) -> Value {
    json!({"type": "object", "description": about, "additionalProperties": false, "properties": {}})
}

fn property(key: &Key, defaults: &Value) -> (String, Value) {
    let mut property = (key.schema)();
    property["description"] = json!(key.why);
    property["default"] = match key.find(defaults) {
        Value::Null => json!(""),
        value => value.clone(),
    };
    if let Some(range) = &key.range {
        property["minimum"] = json!(range.start());
        property["maximum"] = json!(range.end());
    }
    (key.split().1.into(), property)
}
