//! Licences, bans and sources of dependencies.

use crate::{fail_on, read, root};
use std::collections::BTreeSet;
use std::process::Command;

/// Whether the allowed licences satisfy an expression. AND binds more tightly than OR; an old-style slash means OR.
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

/// Checks the policy of deny.toml (licences, bans, sources) without cargo-deny.
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
    assert!(packages.len() > 100, "suspiciously few packages:\n{listing}");
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
