//! Project rules checked as tests: layers, unused statements, the schema, the claims of the documents, and licences.

// Test helpers may panic; the lint only recognises functions that are tests themselves.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};

#[path = "tidy/actions.rs"]
mod actions;
#[path = "tidy/areas.rs"]
mod areas;
#[path = "tidy/dependencies.rs"]
mod dependencies;
#[path = "tidy/documents.rs"]
mod documents;
#[path = "tidy/layers.rs"]
mod layers;
#[path = "tidy/names.rs"]
mod names;
#[path = "tidy/sql.rs"]
mod sql;
#[path = "tidy/words.rs"]
mod words;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files below a folder, as paths from the root of the tree, without build output and git's files.
fn files(folder: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let (path, name) = (entry.path(), entry.file_name());
            let left_out = ["target", ".git", "bursar-dev"].iter().any(|out| name == *out);
            match entry.file_type().unwrap() {
                _ if left_out => {}
                kind if kind.is_dir() => walk(&path, found),
                _ => found.push(path.strip_prefix(root()).unwrap().to_owned()),
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(folder), &mut found);
    found.sort();
    found
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|it| it == extension)
}

fn fail_on(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn no_file_is_too_long_to_be_read() {
    const LINES_MAX: usize = 600;
    let sources = files("src").into_iter().chain(files("tests")).filter(|file| has_extension(file, "rs"));
    let long = sources.filter_map(|file| {
        let lines = read(&file).lines().count();
        (lines > LINES_MAX).then(|| format!("{}: {lines} lines; split it where a part has a name", file.display()))
    });
    fail_on(&long.collect::<Vec<_>>());
}

#[test]
fn nothing_unfinished_and_nothing_of_a_workplace_is_left() {
    // Assembled here so that this file does not match itself.
    let words = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("to", "do!("),
        concat!("unimpl", "emented!("),
        concat!("/wo", "rk/"),
        concat!("../sha", "red"),
        concat!("/tmp/", "bash"),
        concat!("crates", ".io"),
    ];
    let mut problems = Vec::new();
    for file in files("").iter().filter(|file| *file != Path::new("Cargo.lock")) {
        let Ok(text) = std::fs::read_to_string(root().join(file)) else { continue };
        for (number, line) in text.lines().enumerate() {
            for word in words.iter().filter(|word| line.contains(**word)) {
                problems.push(format!("{}:{}: {word}", file.display(), number + 1));
            }
        }
    }
    fail_on(&problems);
}
