//! The JSON Schema of the file, made from the key table: editors complete and check with it.

use serde_json::{Map, Value, json};

use super::{Config, Key, sections};

/// The schema (draft 2020-12) with types, ranges, defaults and reasons.
pub fn schema() -> Value {
    let defaults = Config::default().to_json();
    let mut root = table("Configuration of bursar");
    root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    for (section, about, keys) in sections() {
        // Indexing makes the tables on the way: `apis` has a table for each dialect.
        let mut place = &mut root;
        for part in section.split('.') {
            if place["properties"].get(part).is_none() {
                place["properties"][part] = table(about);
            }
            place = &mut place["properties"][part];
        }
        place["properties"] = Value::Object(keys.iter().map(|key| property(key, &defaults)).collect::<Map<_, _>>());
    }
    root["properties"]["apis"]["description"] = json!("The dialects and where each is mounted.");
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
