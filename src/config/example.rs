//! The example file, generated from the key table.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Config, sections};

/// The example file: every key with its default and its description.
pub fn example() -> String {
    let defaults = Config::default().to_json();
    let mut text = String::from(
        "# Configuration of bursar: every key with its default. Leave out what you do not change.\n\
         # The environment (BURSAR_SERVER__LISTEN for listen in [server]) overrides this file; flags override both.\n\
         # `bursar config check` finds mistakes; `bursar config show --sources` shows where each value comes from.\n",
    );
    for (section, about, keys) in sections() {
        let _ = write!(text, "\n# {about}\n[{section}]\n");
        for key in keys {
            let _ = write!(text, "# {}\n{} = {}\n", key.why, key.split().1, toml_text(key.find(&defaults)));
        }
    }
    text
}

/// A value as TOML; an unset one is an empty string.
pub(super) fn toml_text(value: &Value) -> String {
    match value {
        Value::Null => "\"\"".into(),
        Value::Array(items) => format!("[{}]", items.iter().map(toml_text).collect::<Vec<_>>().join(", ")),
        Value::String(text) => toml::Value::String(text.clone()).to_string(),
        other => other.to_string(),
    }
}
