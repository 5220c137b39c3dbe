//! Which modules may name which.

use crate::names::{code_of, has_word, module_of, named_paths};
use crate::{fail_on, files, has_extension, read};
use std::collections::BTreeMap;

/// The permitted dependencies, as drawn in docs/architecture.md. `cli` wires everything together.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("config", &[]),
    ("store", &["domain"]),
    ("system", &["domain"]),
    ("app", &["domain", "store"]),
    ("jobs", &["app", "backup", "domain"]),
    ("backup", &["domain", "store"]),
    ("dialects", &["app", "config", "domain"]),
    ("http", &["app", "config", "dialects", "domain", "system"]),
    ("cli", &["app", "backup", "config", "dialects", "domain", "http", "jobs", "store", "system"]),
];

/// The only modules that may name a library.
const AT_HOME: &[(&str, &[&str])] = &[
    ("rusqlite", &["store"]),
    ("refinery", &["store"]),
    ("refinery_core", &["cli", "store"]), // cli: the filter for its log lines
    ("r2d2", &["store"]),
    ("r2d2_sqlite", &["store"]),
    ("actix_web", &["cli", "dialects", "http"]),
    ("clap", &["cli"]),
    ("figment", &["config"]),
    ("object_store", &["backup"]),
    ("reqwest", &["jobs"]),
    ("zstd", &["backup"]),
    ("age", &["backup", "config"]),
    ("indicatif", &["cli"]),
];

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
        for path in named_paths(&module, &text) {
            let (first, second) = (path[0].as_str(), path.get(1).map_or("", String::as_str));
            if modules.contains_key(first) && first != here && !allowed.contains(&first) {
                problems.push(format!("{}: {here} may not name {first}", file.display()));
            }
            let other_dialect = first == "dialects" && here == "dialects" && module.len() > 1 && second != module[1];
            if other_dialect && second != "kit" && second.starts_with(|c: char| c.is_lowercase()) {
                problems.push(format!("{}: one dialect may not name another ({second})", file.display()));
            }
        }
        for (library, homes) in AT_HOME {
            if has_word(&text, library) && !homes.contains(&here) {
                problems.push(format!("{}: only {} may name {library}", file.display(), homes.join(" and ")));
            }
        }
    }
    fail_on(&problems);
}
