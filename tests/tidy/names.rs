//! Finds the crate paths that a source file names. It reads text rather than the compiler's result, which is enough for
//! code formatted by `rustfmt`.

use std::path::Path;

/// The module path of a source file.
pub(crate) fn module_of(file: &Path) -> Vec<String> {
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

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The paths at the start of a text: one, or those of a group in braces.
fn paths(text: &str) -> Vec<Vec<String>> {
    let text = text.trim_start();
    if let Some(group) = text.strip_prefix('{') {
        let (mut depth, mut from, mut found) = (0, 0, Vec::new());
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                ',' | '}' if depth == 0 => {
                    found.extend(paths(&group[from..at]));
                    from = at + 1;
                    if c == '}' {
                        break;
                    }
                }
                '}' => depth -= 1,
                _ => {}
            }
        }
        return found;
    }
    let (name, rest) = text.split_at(text.find(|c| !is_part(c)).unwrap_or(text.len()));
    if name.is_empty() {
        return Vec::new();
    }
    let tails =
        rest.strip_prefix("::").map(paths).filter(|tails| !tails.is_empty()).unwrap_or_else(|| vec![Vec::new()]);
    tails.into_iter().map(|tail| [vec![name.to_owned()], tail].concat()).collect()
}

/// The crate paths that a module names.
pub(crate) fn named_paths(module: &[String], code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (at, word) in code.match_indices("crate::") {
        if !code[..at].ends_with(|c: char| is_part(c) || c == '$') {
            found.extend(paths(&code[at + word.len()..]));
        }
    }
    for (at, _) in code.match_indices("super::") {
        if code[..at].ends_with("::") {
            continue; // counted with the first path of its chain
        }
        let (mut rest, mut up) = (&code[at..], 0);
        while let Some(shorter) = rest.strip_prefix("super::") {
            (rest, up) = (shorter, up + 1);
        }
        let above = &module[..module.len().saturating_sub(up)];
        found.extend(paths(rest).into_iter().map(|path| [above, &path].concat()));
    }
    found
}

/// The names that a module re-exports from its own modules, each as a path.
pub(crate) fn passed_on(code: &str) -> Vec<Vec<String>> {
    code.match_indices("pub use ").flat_map(|(at, word)| paths(&code[at + word.len()..])).collect()
}

/// Whether a text contains this whole word.
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(is_part) && !text[at + word.len()..].starts_with(is_part))
}

#[test]
fn the_reader_of_names_sees_every_spelling() {
    let module = ["app".to_owned(), "deals".to_owned()];
    let named = |code: &str| named_paths(&module, code).iter().map(|path| path.join("::")).collect::<Vec<_>>();
    assert_eq!(named("use crate::store::X;"), ["store::X"]);
    assert_eq!(
        named("use crate::{store::{A, b::{C, D}}, domain};"),
        ["store::A", "store::b::C", "store::b::D", "domain"]
    );
    assert_eq!(named("super::super::http::go()"), ["http::go"]);
    assert_eq!(named("super::work"), ["app::work"]);
    assert_eq!(named("pub(in crate::app) fn f(x: &crate::domain::Y<u8>)"), ["app", "domain::Y"]);
    assert_eq!(passed_on("pub use a::{B, c::D};\npub use e::F;").len(), 3);
    assert_eq!(code_of("a // crate::x\nb"), "a \nb");
    assert!(has_word("a b_c", "a") && !has_word("a b_c", "b"));
}
