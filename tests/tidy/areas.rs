//! Dependencies between the areas of a layer.

use crate::documents::table;
use crate::names::{code_of, module_of, named_paths, passed_on};
use crate::{fail_on, files, has_extension, read};
use std::collections::{BTreeMap, BTreeSet};

/// The areas of each layer: an area may use those before it, and all layers below. docs/architecture.md has the same
/// table.
const FLOORS: [(&str, &[&str]); 3] = [
    (
        "domain",
        &[
            "reference",
            "access",
            "clients",
            "organizations",
            "accounts",
            "trading",
            "ledger",
            "bank",
            "approvals",
            "events",
        ],
    ),
    (
        "app",
        &[
            "events",
            "reference",
            "access",
            "approvals",
            "clients",
            "organizations",
            "accounts",
            "ledger",
            "bank",
            "trading",
            "sandbox",
            "maintenance",
        ],
    ),
    (
        "store",
        &[
            "database",
            "reference",
            "access",
            "clients",
            "organizations",
            "trading",
            "accounts",
            "ledger",
            "bank",
            "approvals",
            "events",
            "proof",
            "maintenance",
        ],
    ),
];

/// Modules at the root of a layer that all of its areas may use.
const FOR_ALL: &[&str] = &["domain/refusal", "domain/status"];

/// Permitted exceptions: file, areas, reason.
const EXCEPTIONS: &[(&str, &[&str], &str)] = &[
    (
        "domain/refusal",
        &["reference", "access", "clients", "organizations", "accounts", "ledger", "bank", "approvals"],
        "a refusal tells the state that it is about",
    ),
    ("app/batch", &["approvals", "accounts", "ledger"], "a batch consists of their commands"),
    ("app/decisions", &["approvals", "clients", "accounts", "ledger"], "what is approved is done by their commands"),
    ("app/clients/profile_states", &["accounts"], "what happens to a client happens to its accounts"),
    ("app/accounts/account_states", &["ledger"], "closing an account moves its money"),
    ("app/accounts/leaving", &["ledger"], "closing an account returns announced money"),
    ("store/idempotency", &["database"], "it is a statement like those of an area"),
];

/// The area of a path within a layer; `None` for modules shared by all areas.
fn area<'a>(areas: &[&'a str], passed_on: &BTreeMap<String, String>, path: &[String]) -> Option<&'a str> {
    let first = path.first()?;
    let first = passed_on.get(first).unwrap_or(first);
    areas.iter().find(|area| *area == first).copied()
}

#[test]
fn areas_use_only_those_before_them() {
    let mut problems = Vec::new();
    let mut unused: BTreeSet<(&str, &str)> =
        EXCEPTIONS.iter().flat_map(|(file, areas, _)| areas.iter().map(|area| (*file, *area))).collect();
    for (floor, areas) in FLOORS {
        let root = code_of(&read(format!("src/{floor}/mod.rs")));
        let passed_on: BTreeMap<String, String> = passed_on(&root)
            .into_iter()
            .filter(|path| path.len() > 1)
            .map(|path| (path[path.len() - 1].clone(), path[0].clone()))
            .collect();
        for file in files(&format!("src/{floor}")).iter().filter(|file| has_extension(file, "rs")) {
            let module = module_of(file);
            if module.len() == 1 {
                continue; // The root names its areas to declare them.
            }
            let name = module.join("/");
            let is_folder = file.iter().count() > 3;
            let here = areas.iter().position(|area| *area == module[1]);
            if here.is_none() && is_folder && !FOR_ALL.contains(&format!("{floor}/{}", module[1]).as_str()) {
                problems.push(format!("{}: say in tests/tidy/areas.rs what {} may use", file.display(), module[1]));
            }
            for path in named_paths(&module, &code_of(&read(file))).iter().filter(|path| path[0] == floor) {
                let Some(there) = area(areas, &passed_on, &path[1..]) else { continue };
                let is_before = here.is_some_and(|here| areas[..=here].contains(&there));
                let mut exceptions = EXCEPTIONS.iter().filter(|(file, ..)| name.starts_with(file));
                let exception = exceptions.find(|(_, areas, _)| areas.contains(&there));
                if let Some((file, ..)) = exception {
                    unused.remove(&(*file, there));
                }
                if !is_before && exception.is_none() {
                    let of = here.map_or("what is for all", |here| areas[here]);
                    problems.push(format!("{}: {of} may not use {there}", file.display()));
                }
            }
        }
    }
    problems.extend(unused.iter().map(|(file, area)| format!("{file} does not use {area}: drop the exception")));
    problems.sort();
    problems.dedup();
    fail_on(&problems);
}

#[test]
fn the_table_of_areas_is_in_the_map() {
    let written: Vec<_> = table("docs/architecture.md", "areas").into_iter().map(|row| row.join(": ")).collect();
    assert_eq!(written, FLOORS.map(|(floor, areas)| format!("{floor}: {}", areas.join(", "))));
}
