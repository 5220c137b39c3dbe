//! Who may name whom.

use crate::{fail_on, files, has_extension, read};
use std::collections::BTreeMap;
use std::path::Path;

/// Which module may name which others; docs/architecture.md draws the same. `cli` is where everything comes together.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("config", &[]),
    ("store", &["domain"]),
    ("system", &["domain"]),
    ("app", &["domain", "store"]),
    ("jobs", &["app", "backup", "domain"]),
    ("backup", &["domain", "store"]),
    ("dialects", &["app", "domain"]),
    ("http", &["app", "config", "dialects", "domain"]),
    ("cli", &["app", "backup", "config", "dialects", "domain", "http", "jobs", "store", "system"]),
];

/// The one module that may name a library.
const AT_HOME: &[(&str, &[&str])] = &[
    ("rusqlite", &["store"]),
    ("refinery", &["store"]),
    ("refinery_core", &["cli", "store"]), // cli: the filter of its log lines
    ("r2d2", &["store"]),
    ("r2d2_sqlite", &["store"]),
    ("actix_web", &["cli", "dialects", "http"]),
    ("clap", &["cli"]),
    ("figment", &["config"]),
    ("object_store", &["backup"]),
    ("zstd", &["backup"]),
    ("age", &["backup", "config"]),
    ("indicatif", &["cli"]),
];

/// The module that a source file is, from the root of the crate.
fn module_of(file: &Path) -> Vec<String> {
    let inside = file.strip_prefix("src").unwrap().with_extension("");
    let mut parts: Vec<String> = inside.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}

/// The code of a file without its comments.
pub(crate) fn code_of(text: &str) -> String {
    let line = |line: &str| match line.find("//") {
        Some(at) if !line[..at].ends_with(':') => line[..at].to_owned(),
        _ => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn identifier(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// The paths from the root of the crate that a file names, as their first two parts.
fn named_paths(module: &[String], code: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut name = |rest: &str| {
        let first = identifier(rest);
        let second = rest[first.len()..].strip_prefix("::").map_or("", identifier);
        found.push((first.to_owned(), second.to_owned()));
    };
    let mut list = |rest: &str, prefix: &dyn Fn(&str) -> String| {
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let inside: String = group
                .chars()
                .take_while(|c| {
                    depth += i32::from(*c == '{') - i32::from(*c == '}');
                    depth >= 0
                })
                .collect();
            inside.split(',').for_each(|part| name(&prefix(part.trim())));
        } else {
            name(&prefix(rest));
        }
    };
    for (at, _) in code.match_indices("crate::") {
        if !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            list(&code[at + "crate::".len()..], &str::to_owned);
        }
    }
    for (at, _) in code.match_indices("super::") {
        if code[..at].ends_with("::") {
            continue; // counted with the first of its chain
        }
        let mut rest = &code[at..];
        let mut up = 0;
        while let Some(shorter) = rest.strip_prefix("super::") {
            (rest, up) = (shorter, up + 1);
        }
        let above = &module[..module.len().saturating_sub(up)];
        let prefix: String = above.iter().map(|part| format!("{part}::")).collect();
        list(rest, &|name| format!("{prefix}{name}"));
    }
    found
}

#[test]
fn modules_name_only_those_below_them() {
    let modules: BTreeMap<_, _> = MAY_NAME.iter().copied().collect();
    let mut problems = Vec::new();
    for file in files("src").iter().filter(|file| has_extension(file, "rs")) {
        let module = module_of(file);
        let text = code_of(&read(file));
        let here = module[0].as_str();
        if ["main", "lib"].contains(&here) {
            continue;
        }
        let Some(allowed) = modules.get(here) else {
            problems.push(format!("{}: say in MAY_NAME of tests/tidy/layers.rs what {here} may name", file.display()));
            continue;
        };
        for (first, second) in named_paths(&module, &text) {
            if modules.contains_key(first.as_str()) && first != here && !allowed.contains(&first.as_str()) {
                problems.push(format!("{}: {here} may not name {first}", file.display()));
            }
            let other_dialect = first == "dialects" && here == "dialects" && module.len() > 1 && second != module[1];
            if other_dialect && second != "kit" && second.starts_with(|c: char| c.is_lowercase()) {
                problems.push(format!("{}: one dialect may not name another ({second})", file.display()));
            }
        }
        for (library, homes) in AT_HOME {
            let names = text.match_indices(library).any(|(at, _)| {
                let ends = !text[at + library.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
                ends && !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_')
            });
            if names && !homes.contains(&here) {
                problems.push(format!("{}: only {} may name {library}", file.display(), homes.join(" and ")));
            }
        }
    }
    fail_on(&problems);
}

#[test]
fn the_reader_of_names_sees_every_spelling() {
    let module = ["app".to_owned(), "deals".to_owned()];
    let first = |code: &str| named_paths(&module, code).into_iter().map(|(first, _)| first).collect::<Vec<_>>();
    assert_eq!(first("use crate::store::X;"), ["store"]);
    assert_eq!(first("use crate::{store::{A, B}, domain};"), ["store", "B}", "domain"].map(identifier));
    assert_eq!(first("super::super::http::go()"), ["http"]);
    assert_eq!(first("super::work"), ["app"]);
    assert_eq!(code_of("a // crate::x\nb"), "a \nb");
}
