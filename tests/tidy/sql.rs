//! Statements, migrations and the resulting schema.

use crate::{fail_on, files, names::code_of, read, root};
use bursar::store::{DataDir, Found, InstallationKey, LATEST_SCHEMA, Store, StoreError, Tuning, read_file};
use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn every_statement_is_used() {
    let code: String = files("src/store").iter().map(|file| code_of(&read(file))).collect();
    let unused = files("sql").into_iter().filter_map(|file| {
        let noun = file.strip_prefix("sql").unwrap().with_extension("");
        let named = format!("\"{}\"", noun.display());
        let is_statement =
            noun.parent().is_some_and(|folder| !folder.as_os_str().is_empty() && folder != Path::new("migrations"));
        (is_statement && !code.contains(&named)).then(|| format!("{} is used nowhere", file.display()))
    });
    fail_on(&unused.collect::<Vec<_>>());
}

#[test]
fn every_migration_says_why_and_has_its_number() {
    let mut numbers = BTreeSet::new();
    for file in files("sql/migrations") {
        let name = file.file_name().unwrap().to_str().unwrap();
        let number = name.strip_prefix('V').and_then(|rest| rest.split_once("__")).map(|(number, _)| number);
        let number: i64 =
            number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{name}: V<number>__<what>.sql"));
        assert!(numbers.insert(number), "{name}: the number is taken");
        let text = read(&file);
        let why = text.lines().next().and_then(|line| line.strip_prefix("-- Why: ")).unwrap_or_default();
        assert!(why.len() > 10, "{name}: the first line is `-- Why: ` and the reason");
    }
    assert_eq!(numbers.iter().copied().collect::<Vec<_>>(), (1..=LATEST_SCHEMA).collect::<Vec<_>>());
}

/// The statements of a freshly migrated database.
fn schema() -> Vec<String> {
    let home = tempfile::tempdir().unwrap();
    let dir = DataDir::new(home.path());
    let store =
        Store::open(dir.lock().unwrap(), &Tuning::default(), &InstallationKey::passing().unwrap(), Found::Own).unwrap();
    store.close();
    read_file::<_, StoreError>(&dir.database_file(), |tx| tx.schema()).unwrap()
}

#[test]
fn the_schema_is_the_pinned_one() {
    const UPDATE: &str = "UPDATE_SCHEMA";
    let head = format!(
        "-- The schema after all migrations, for reading. Written by a test from a migrated database; after adding a\n\
         -- migration: {UPDATE}=1 cargo test --test tidy\n"
    );
    let body: String = schema().iter().map(|statement| format!("\n{statement};\n")).collect();
    let expected = head + &body;
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(root().join("sql/schema.sql"), &expected).unwrap();
    }
    assert!(read("sql/schema.sql") == expected, "sql/schema.sql is out of date: {UPDATE}=1 cargo test --test tidy");
}

#[test]
fn every_table_is_strict_and_every_column_is_explained() {
    let mut problems = Vec::new();
    for statement in schema().iter().filter(|statement| statement.starts_with("CREATE TABLE")) {
        let table = statement.split_whitespace().nth(2).unwrap();
        if !statement.rsplit(')').next().unwrap().contains("STRICT") {
            problems.push(format!("{table} is not STRICT"));
        }
        for line in statement.lines().skip(1).map(str::trim) {
            let is_column = line.starts_with(|c: char| c.is_ascii_lowercase());
            if is_column && line.split_once("-- ").is_none_or(|(_, comment)| comment.len() < 3) {
                problems.push(format!("{table}: a comment is missing: {line}"));
            }
        }
    }
    fail_on(&problems);
}
