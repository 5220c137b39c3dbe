//! Words that are not allowed in some layers.

use crate::names::{code_of, has_word};
use crate::{fail_on, files, has_extension, read};
use std::path::PathBuf;

/// The layers that must not contain a dialect's spelling.
const CORE: [&str; 3] = ["src/domain", "src/app", "src/store"];

/// Reads events of earlier versions, which use the spelling of the native API.
const EXCEPTIONS: [&str; 1] = ["src/domain/events/legacy.rs"];

/// Words of HTTP, in any case.
const WIRE_WORDS: [&str; 8] =
    ["http", "https", "cookie", "bearer", "url", "statuscode", "query_string", "content-type"];

fn sources(folders: &[&str]) -> Vec<PathBuf> {
    folders.iter().flat_map(|folder| files(folder)).filter(|file| has_extension(file, "rs")).collect()
}

/// The quoted strings in a line of code.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('"').skip(1).step_by(2)
}

/// Whether a text begins with a field name as APIs spell it.
fn is_wire_name(text: &str) -> bool {
    let name = text.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.contains(|c: char| c.is_ascii_uppercase())
}

#[test]
fn the_core_speaks_no_dialect() {
    let mut problems = Vec::new();
    let is_exception = |file: &PathBuf| EXCEPTIONS.iter().any(|it| file.to_string_lossy().starts_with(it));
    for file in sources(&CORE).into_iter().filter(|file| !is_exception(file)) {
        let code = code_of(&read(&file));
        for (number, line) in code.lines().enumerate() {
            let at = format!("{}:{}", file.display(), number + 1);
            problems.extend(quoted(line).filter(|text| is_wire_name(text)).map(|text| format!("{at}: {text:?}")));
            let lower = line.to_lowercase();
            problems
                .extend(WIRE_WORDS.iter().filter(|word| has_word(&lower, word)).map(|word| format!("{at}: {word}")));
        }
    }
    fail_on(&problems);
}

#[test]
fn no_event_is_parsed_where_it_is_stored() {
    let parsed = |file: &PathBuf| has_word(&code_of(&read(file)), "serde_json::from_str");
    let problems: Vec<_> = sources(&["src/store/events"])
        .iter()
        .filter(|file| parsed(file))
        .map(|file| file.display().to_string())
        .collect();
    fail_on(&problems);
}

#[test]
fn nothing_is_printed_by_a_macro_that_panics() {
    // They panic if stdout or stderr is closed or full; the log and `cli::output` do not.
    const MACROS: [&str; 5] = ["print", "println", "eprint", "eprintln", "dbg"];
    let mut problems = Vec::new();
    for file in sources(&["src"]) {
        let code = code_of(&read(&file));
        let printing = MACROS.iter().filter(|name| has_word(&code, &format!("{name}!")));
        problems.extend(printing.map(|name| format!("{}: {name}!", file.display())));
    }
    fail_on(&problems);
}

#[test]
fn no_line_is_wider_than_the_limit() {
    const COLUMNS_MAX: usize = 120;
    let mut problems = Vec::new();
    for file in sources(&["src", "tests", "benches"]) {
        for (number, line) in read(&file).lines().enumerate() {
            let columns = line.chars().count();
            if columns > COLUMNS_MAX {
                problems.push(format!("{}:{}: {columns} columns", file.display(), number + 1));
            }
        }
    }
    fail_on(&problems);
}

#[test]
fn wire_names_are_known_when_they_are_seen() {
    assert!(is_wire_name("accountId") && is_wire_name("customFields.a") && is_wire_name("profileId: unknown"));
    assert!(!is_wire_name("account_id") && !is_wire_name("Account") && !is_wire_name("USD") && !is_wire_name(""));
}
