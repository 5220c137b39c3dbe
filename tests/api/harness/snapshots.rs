//! Compares whole bodies with the snapshots in `tests/api/snapshots/`.
//!
//! A changed body fails its test. `INSTA_UPDATE=always cargo test --test api NAME` rewrites the files; `git diff` then
//! shows what callers will see.

use super::envelopes::Reply;
use bursar::domain::clock::Moment;
use insta::Settings;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use uuid::Uuid;

impl Reply {
    /// Asserts success and that the body matches this snapshot.
    #[track_caller]
    pub(crate) fn shows(self, name: &str) -> Reply {
        assert_shown(name, &self.text);
        self
    }
}

/// Asserts that JSON matches this snapshot, digit by digit. Ids, times and account numbers differ from run to run and
/// are replaced.
#[track_caller]
pub(crate) fn assert_shown(name: &str, json: &str) {
    let mut settings = Settings::new();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, laid_out(json, 0, &mut Vec::new())));
}

/// Formats JSON with one member per line, sorted by name. Numbers keep their digits: money must not pass through a
/// binary float.
fn laid_out(json: &str, depth: usize, ids: &mut Vec<Uuid>) -> String {
    let line = format!("\n{:1$}", "", 2 * depth);
    let block = |open: &str, lines: Vec<String>, close: &str| match lines.as_slice() {
        [] => format!("{open}{close}"),
        lines => format!("{open}{line}  {}{line}{close}", lines.join(&format!(",{line}  "))),
    };
    match json.as_bytes()[0] {
        b'{' => {
            let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(json).unwrap();
            let member = |(name, value): (String, Box<RawValue>)| match name.as_str() {
                "number" | "accountNumber" => format!("\"{name}\": <number>"),
                _ => format!("\"{name}\": {}", laid_out(value.get(), depth + 1, ids)),
            };
            block("{", members.into_iter().map(member).collect(), "}")
        }
        b'[' => {
            let items: Vec<Box<RawValue>> = serde_json::from_str(json).unwrap();
            let is_flat = items.iter().all(|item| !item.get().starts_with(['{', '[']));
            let items: Vec<_> = items.iter().map(|item| laid_out(item.get(), depth + 1, ids)).collect();
            if is_flat { format!("[{}]", items.join(", ")) } else { block("[", items, "]") }
        }
        b'"' => without_chance(json, ids),
        _ => json.to_owned(),
    }
}

/// Replaces what differs from run to run. Equal ids get equal numbers.
fn without_chance(text: &str, ids: &mut Vec<Uuid>) -> String {
    let inside = text.trim_matches('"');
    if let Ok(id) = Uuid::parse_str(inside) {
        let known = ids.iter().position(|it| *it == id).unwrap_or_else(|| {
            ids.push(id);
            ids.len() - 1
        });
        return format!("<id {}>", known + 1);
    }
    if Moment::parse(inside).is_some() { "<moment>".into() } else { text.into() }
}

#[test]
fn every_snapshot_is_used() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api");
    let files = |folder: &str| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_source = |path: &std::path::PathBuf| path.extension().is_some_and(|it| it == "rs");
    let sources: String = files(root).filter(is_source).map(|path| std::fs::read_to_string(path).unwrap()).collect();
    for file in files(&format!("{root}/snapshots")) {
        let name = file.file_name().unwrap().to_str().unwrap();
        let stem = name.strip_suffix(".snap").unwrap_or_else(|| panic!("{name} is not accepted"));
        // Snapshots of events are named after the event types.
        let is_used = stem.starts_with("event_") || sources.contains(&format!("\"{stem}\""));
        assert!(is_used, "no test uses {name}");
    }
}
