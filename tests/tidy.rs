//! Habits that nobody has to remember, because this test remembers them: who may name whom, which statements are dead, what
//! the schema is, what the documents claim, which licences come in.

// A helper of a test may stop it; the lint knows only functions that are tests themselves.
#![allow(clippy::unwrap_used, clippy::panic)]

use bursar::dialects::kit::Dialect;
use bursar::dialects::native::Native;
use bursar::domain::account::{Account, Direction, Lifecycle, Lock};
use bursar::domain::balance::Balances;
use bursar::domain::clock::Moment;
use bursar::domain::currency::CurrencyCode;
use bursar::domain::entry::EntryKind;
use bursar::domain::group::TradeStatus;
use bursar::domain::house::House;
use bursar::domain::ids::{AccountId, AccountSerial, BookId, GroupId, PortfolioId, ProfileId, RequestId};
use bursar::domain::money::{Amount, Decimals};
use bursar::domain::refusal::{Credentials, Noun, Refusal, Remainder};
use bursar::store::{DataDir, LATEST_SCHEMA, Store, StoreError, Tuning, read_file};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use uuid::Uuid;

// ---- The tree ------------------------------------------------------------------------------------------------------

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files below a folder, as paths from the root of the tree. What is built, and what belongs to git, is left out.
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

// ---- Layers --------------------------------------------------------------------------------------------------------

/// Which module may name which others; docs/architecture.md draws the same. `cli` is where everything comes together.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("config", &[]),
    ("store", &["domain"]),
    ("system", &["domain"]),
    ("app", &["domain", "store"]),
    ("jobs", &["app", "domain"]),
    ("backup", &["domain", "store"]),
    ("dialects", &["app", "domain"]),
    ("http", &["app", "config", "dialects", "domain"]),
    ("cli", &["app", "backup", "config", "dialects", "domain", "http", "jobs", "store", "system"]),
];

/// The one module that may name a library.
const AT_HOME: &[(&str, &[&str])] = &[
    ("rusqlite", &["store"]),
    ("refinery", &["store"]),
    ("r2d2", &["store"]),
    ("r2d2_sqlite", &["store"]),
    ("actix_web", &["dialects", "http"]),
    ("clap", &["cli"]),
    ("figment", &["config"]),
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
fn code_of(text: &str) -> String {
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
            problems.push(format!("{}: say in MAY_NAME of tests/tidy.rs what {here} may name", file.display()));
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
    // Put together here, so that this file does not find itself.
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

// ---- SQL -----------------------------------------------------------------------------------------------------------

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
    let store = Store::open(dir.lock().unwrap(), &Tuning::default()).unwrap();
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

// ---- Documents -----------------------------------------------------------------------------------------------------

/// The rows of the table that follows `<!-- table: name -->` in a document, without its head. Backticks are dropped.
fn table(document: &str, name: &str) -> Vec<Vec<String>> {
    let text = read(document);
    let marker = format!("<!-- table: {name} -->");
    let (_, after) = text.split_once(&marker).unwrap_or_else(|| panic!("{document} has no table {name}"));
    let rows = after.lines().skip_while(|line| line.trim().is_empty()).take_while(|line| line.starts_with('|'));
    let cells = |row: &str| row.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect();
    rows.skip(2).map(cells).collect()
}

#[test]
fn the_posting_recipes_are_those_of_the_code() {
    let expected: BTreeSet<(String, String)> = EntryKind::ALL
        .map(|kind| (kind.name().to_owned(), House::counterpart(kind).map_or("none", House::name).to_owned()))
        .into();
    let written: BTreeSet<(String, String)> =
        table("docs/ledger.md", "recipes").into_iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    assert_eq!(written, expected);
}

fn account() -> Account {
    Account {
        id: AccountId::from(Uuid::nil()),
        book: BookId(1),
        serial: AccountSerial(1),
        number: "2100000001".into(),
        profile: ProfileId::from(Uuid::nil()),
        group: GroupId::from(Uuid::nil()),
        portfolio: PortfolioId::from(Uuid::nil()),
        portfolio_serial: 1,
        currency: CurrencyCode::from_stored("EUR".into()),
        decimals: Decimals::new(2).unwrap(),
        is_demo: false,
        is_spread_betting: false,
        position_mode: None,
        margin_calculation_override: None,
        trade_status: TradeStatus::Full,
        max_leverage: 1,
        net_open_position_limit: Amount::ZERO,
        wants_daily_statement: false,
        lifecycle: Lifecycle::Active,
        lock: Lock::None,
        allows_credits: true,
        allows_debits: true,
        balances: Balances::default(),
        version: 1,
        created_at: Moment::from_unix_ms(0),
        updated_at: Moment::from_unix_ms(0),
        closed_at: None,
    }
}

/// What passes and what is refused, as the documents write it.
fn admission(account: &Account) -> (String, String) {
    let one = |direction| match account.admit_funds(direction) {
        Ok(()) => "passes".to_owned(),
        Err(refusal) => refusal.reason().to_owned(),
    };
    (one(Direction::Credit), one(Direction::Debit))
}

#[test]
fn what_lets_money_through_is_what_the_code_lets_through() {
    let written = |name: &str| -> BTreeMap<String, (String, String)> {
        let row = |row: Vec<String>| (row[0].clone(), (row[1].clone(), row[2].clone()));
        table("docs/ledger.md", name).into_iter().map(row).collect()
    };
    let lifecycles = Lifecycle::ALL.map(|it| (it.name().into(), admission(&Account { lifecycle: it, ..account() })));
    assert_eq!(written("lifecycles"), BTreeMap::from(lifecycles));
    let locks = Lock::ALL.map(|it| (it.name().into(), admission(&Account { lock: it, ..account() })));
    assert_eq!(written("locks"), BTreeMap::from(locks));
    let flags = [
        ("allows_credits is off".into(), admission(&Account { allows_credits: false, ..account() })),
        ("allows_debits is off".into(), admission(&Account { allows_debits: false, ..account() })),
    ];
    assert_eq!(written("flags"), BTreeMap::from(flags));
    // The order of the reasons, where several apply.
    let shut = Account { lifecycle: Lifecycle::Dormant, lock: Lock::Full, allows_debits: false, ..account() };
    assert_eq!(admission(&shut).1, "ACCOUNT_DORMANT");
    assert_eq!(admission(&Account { lifecycle: Lifecycle::Active, ..shut }).1, "ACCOUNT_LOCKED");
}

/// One of each refusal, in order of precedence. The test below fails when one is missing.
fn refusals() -> Vec<Refusal> {
    let field = || "x".to_owned();
    let mut all = vec![
        Refusal::AddressNotAllowed,
        Refusal::ShuttingDown,
        Refusal::Throttled { retry_after_s: 1 },
        Refusal::UnknownRoute,
        Refusal::WrongMethod { allowed: vec!["GET"] },
    ];
    use Credentials::{BadLogin, Expired, Missing, Revoked, Unknown};
    all.extend([Missing, Unknown, Expired, Revoked, BadLogin].map(Refusal::Unauthenticated));
    all.extend([
        Refusal::EndUserToken,
        Refusal::Forbidden { right: "x" },
        Refusal::BodyTimeout,
        Refusal::BodyTooLarge { limit_bytes: 1 },
        Refusal::WrongContentType,
        Refusal::MalformedBody { reason: field() },
        Refusal::invalid("x", "y"),
        Refusal::out_of_range("x", "y"),
        Refusal::IdempotencyConflict,
        Refusal::NotFound(Noun::Account),
        Refusal::UnknownCurrency { field: field() },
        Refusal::DuplicateId(Noun::Account),
        Refusal::DuplicateEmail,
        Refusal::DuplicateName,
        Refusal::VersionMismatch { expected: 1, actual: 2 },
        Refusal::Immutable { field: field() },
        Refusal::GroupDisabled,
        Refusal::GroupWithoutCurrency { currency: field() },
        Refusal::GroupModeDiffers,
    ]);
    all.extend(Lifecycle::ALL.map(Refusal::AccountState));
    all.extend([
        Refusal::AccountLocked,
        Refusal::CreditsOff,
        Refusal::DebitsOff,
        Refusal::InsufficientFunds { available: field(), currency: field() },
        Refusal::BalanceOverflow,
    ]);
    all.extend([Remainder::Balance, Remainder::Holds, Remainder::Pending].map(Refusal::NotEmpty));
    all.extend([Refusal::Busy { retry_after_s: 1 }, Refusal::StorageUnavailable, Refusal::Internal]);
    all
}

#[test]
fn the_table_of_errors_is_what_the_native_dialect_answers() {
    let code = code_of(&read("src/domain/refusal.rs"));
    let known: Vec<&str> = code
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Refusal::")?.split_once("=> \"")?.1.split_once('"'))
        .map(|(reason, _)| reason)
        .filter(|reason| reason.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'))
        .collect();
    let listed: Vec<&str> = refusals().iter().map(Refusal::reason).collect();
    assert_eq!(listed, known, "refusals() in this test, and the reasons in src/domain/refusal.rs");

    let expected: Vec<(String, String, String)> = refusals()
        .iter()
        .map(|refusal| {
            let (status, _, body) = Native::refuse(refusal, RequestId::from(Uuid::nil()));
            let body: serde_json::Value = serde_json::from_str(&body).unwrap();
            (refusal.reason().to_owned(), status.as_u16().to_string(), body["code"].to_string())
        })
        .collect();
    let row = |row: Vec<String>| (row[0].clone(), row[1].clone(), row[2].clone());
    assert_eq!(table("docs/api.md", "errors").into_iter().map(row).collect::<Vec<_>>(), expected);
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut problems = Vec::new();
    for file in files("").iter().filter(|file| has_extension(file, "md")) {
        let text = read(file);
        for after in text.split("](").skip(1) {
            let target = after.split([')', '#']).next().unwrap_or_default();
            let is_file = !target.is_empty() && !target.contains("://");
            if is_file && !root().join(file.parent().unwrap()).join(target).exists() {
                problems.push(format!("{}: {target} does not exist", file.display()));
            }
        }
    }
    fail_on(&problems);
}

/// The commands of `bursar` in the code blocks of a document, without what stands after the last flag.
fn commands(document: &str) -> Vec<Vec<String>> {
    let text = read(document).replace("\\\n", " ");
    let blocks = text.split("```").skip(1).step_by(2);
    let lines = blocks.filter_map(|block| block.strip_prefix("sh\n")).flat_map(str::lines);
    let words = lines.filter_map(|line| {
        let line = line.trim_start_matches("sudo -u bursar ").split([';', '|', '#', '>', '<']).next()?.trim();
        line.strip_prefix("cargo run --release -- ").or_else(|| line.strip_prefix("bursar "))
    });
    words.map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

#[test]
fn the_commands_in_the_documents_exist() {
    let mut problems = Vec::new();
    for document in ["README.md", "docs/operations.md", "docs/adding.md", "docs/api.md"] {
        for words in commands(document) {
            // Subcommands come first; an argument in capitals or with a dot or slash is the caller's.
            let is_name =
                |word: &&String| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') && !word.starts_with('-');
            let path: Vec<&String> = words.iter().take_while(is_name).take(2).collect();
            let output = Command::new(env!("CARGO_BIN_EXE_bursar")).args(&path).arg("--help").output().unwrap();
            let help = String::from_utf8_lossy(&output.stdout);
            if !output.status.success() || help.is_empty() {
                problems.push(format!("{document}: bursar {}", words.join(" ")));
            }
            let flags = words.iter().filter(|word| word.starts_with("--"));
            for flag in flags.filter(|flag| !help.contains(flag.as_str())) {
                problems.push(format!("{document}: {flag} in bursar {}", words.join(" ")));
            }
        }
    }
    fail_on(&problems);
}

// ---- Dependencies --------------------------------------------------------------------------------------------------

/// Whether a licence expression can be satisfied with what is allowed. AND binds tighter than OR; an old-style slash is OR.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    fn any(words: &mut std::iter::Peekable<std::vec::IntoIter<String>>, allowed: &BTreeSet<String>) -> bool {
        let mut is_good = all(words, allowed);
        while words.next_if(|word| word == "OR").is_some() {
            is_good |= all(words, allowed);
        }
        is_good
    }
    fn all(words: &mut std::iter::Peekable<std::vec::IntoIter<String>>, allowed: &BTreeSet<String>) -> bool {
        let mut is_good = one(words, allowed);
        while words.next_if(|word| word == "AND").is_some() {
            is_good &= one(words, allowed);
        }
        is_good
    }
    fn one(words: &mut std::iter::Peekable<std::vec::IntoIter<String>>, allowed: &BTreeSet<String>) -> bool {
        let Some(word) = words.next() else { return false };
        if word == "(" {
            let is_good = any(words, allowed);
            return words.next().is_some_and(|word| word == ")") && is_good;
        }
        let exception = words.next_if(|word| word == "WITH").and_then(|_| words.next());
        allowed.contains(&exception.map_or(word.clone(), |exception| format!("{word} WITH {exception}")))
    }
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<String> = spaced.split_whitespace().map(str::to_owned).collect();
    let mut words = words.into_iter().peekable();
    any(&mut words, allowed) && words.next().is_none()
}

#[test]
fn licence_expressions_are_read_as_they_are_meant() {
    let allowed = ["MIT", "ISC"].map(str::to_owned).into();
    for good in ["MIT", "GPL-3.0 OR MIT", "MIT/Apache-2.0", "(GPL-3.0 OR ISC) AND MIT", "GPL-3.0 AND X OR MIT"] {
        assert!(is_allowed(good, &allowed), "{good}");
    }
    for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "MIT AND (GPL-3.0 OR X)", "MIT WITH Some-exception", "(MIT"] {
        assert!(!is_allowed(bad, &allowed), "{bad}");
    }
}

/// The policy is that of deny.toml, for those who have no cargo-deny at hand: licences, bans, sources.
#[test]
fn dependencies_keep_the_policy() {
    let policy: toml::Value = toml::from_str(&read("deny.toml")).unwrap();
    let texts = |value: &toml::Value, key: &str| -> BTreeSet<String> {
        value[key].as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect()
    };
    let allowed = texts(&policy["licenses"], "allow");
    let banned: BTreeSet<&str> =
        policy["bans"]["deny"].as_array().unwrap().iter().map(|it| it["crate"].as_str().unwrap()).collect();
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--edges", "normal,build,dev", "--prefix", "none"])
        .args(["--format", "{p}|{l}"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut problems = Vec::new();
    let listing = String::from_utf8(output.stdout).unwrap();
    let packages: BTreeSet<&str> = listing.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    assert!(packages.len() > 100, "too few packages to be true:\n{listing}");
    for package in packages {
        let (name, licence) = package.split_once('|').unwrap();
        if !is_allowed(licence.trim_end_matches(" (*)"), &allowed) {
            problems.push(format!("{name}: the licence {licence:?} is not allowed by deny.toml"));
        }
        if banned.contains(name.split(' ').next().unwrap()) {
            problems.push(format!("{name} is banned by deny.toml"));
        }
    }
    let lock: toml::Value = toml::from_str(&read("Cargo.lock")).unwrap();
    for package in lock["package"].as_array().unwrap() {
        let source = package.get("source").and_then(toml::Value::as_str);
        if source.is_some_and(|source| !source.starts_with("registry+")) {
            problems.push(format!("{} does not come from the registry", package["name"]));
        }
    }
    fail_on(&problems);
}
