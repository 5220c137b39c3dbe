//! Reads bodies: JSON whatever the content type says, with the comments of the public request collections, and without
//! members that the request does not have.

use super::error::rule;
use crate::dialects::kit::{Call, Rejection, read_json_noting};
use serde::de::DeserializeOwned;
use serde_ignored::Path;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The most unknown members that a refusal names.
const UNEXPECTED_MAX: usize = 20;

/// Parses the body. Unknown members are refused, with their values.
pub(super) fn read<T: DeserializeOwned>(call: &Call) -> Result<T, Rejection> {
    let sent = without_comments(call.raw_body()?);
    let mut unknown = Vec::new();
    let note = |path: Path<'_>| {
        if unknown.len() < UNEXPECTED_MAX {
            unknown.push(keys(&path));
        }
    };
    let body = read_json_noting(&sent, note)?;
    if unknown.is_empty() { Ok(body) } else { Err(unexpected(&sent, &unknown)) }
}

/// The rejection of a member that the request does not have here.
pub(super) fn unexpected_member(call: &Call, name: &str) -> Result<Rejection, Rejection> {
    Ok(unexpected(&without_comments(call.raw_body()?), &[vec![name.to_owned()]]))
}

fn unexpected(sent: &[u8], paths: &[Vec<String>]) -> Rejection {
    let sent = std::str::from_utf8(sent).unwrap_or_default();
    let members = paths.iter().map(|path| (path.join("."), value_at(sent, path))).collect();
    Rejection::OfDialect { rule: rule::UNEXPECTED, message: "Unknown fields in the request.".into(), members }
}

/// The names on the way to a member, from the outermost.
fn keys(path: &Path<'_>) -> Vec<String> {
    match path {
        Path::Root => Vec::new(),
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => keys(parent),
        Path::Seq { parent, index } => [keys(parent), vec![index.to_string()]].concat(),
        Path::Map { parent, key } => [keys(parent), vec![key.clone()]].concat(),
    }
}

fn members_of(object: &str) -> BTreeMap<String, &RawValue> {
    serde_json::from_str(object).unwrap_or_default()
}

fn value_at(sent: &str, path: &[String]) -> Value {
    match path.split_first() {
        None => shown(sent),
        Some((first, rest)) => members_of(sent).get(first).map_or(Value::Null, |member| value_at(member.get(), rest)),
    }
}

/// A value as it was sent. A number that would lose digits is a text.
fn shown(sent: &str) -> Value {
    match sent.as_bytes().first() {
        Some(b'{') => members_of(sent).into_iter().map(|(name, member)| (name, shown(member.get()))).collect(),
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(sent).unwrap_or_default();
            items.into_iter().map(|item| shown(item.get())).collect()
        }
        Some(b'-' | b'0'..=b'9') => {
            let is_exact = |number: &Value| serde_json::to_string(number).is_ok_and(|text| text == sent);
            let number = serde_json::from_str(sent).ok().filter(is_exact);
            number.unwrap_or_else(|| sent.into())
        }
        _ => serde_json::from_str(sent).unwrap_or_default(),
    }
}

/// Replaces comments by blanks: the collections have `// optional` at the end of lines, which their runner strips.
fn without_comments(body: &[u8]) -> Vec<u8> {
    let mut plain = body.to_vec();
    let (mut in_text, mut is_escaped, mut in_comment) = (false, false, false);
    for at in 0..plain.len() {
        let byte = plain[at];
        if in_comment {
            in_comment = byte != b'\n';
        } else if in_text {
            (in_text, is_escaped) = (is_escaped || byte != b'"', !is_escaped && byte == b'\\');
        } else if byte == b'/' && plain.get(at + 1) == Some(&b'/') {
            in_comment = true;
        } else {
            in_text = byte == b'"';
        }
        if in_comment {
            plain[at] = b' ';
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_blanks_but_not_in_strings() {
        let plain = |body: &str| String::from_utf8(without_comments(body.as_bytes())).unwrap();
        assert_eq!(plain("{\"a\": 1, //x\n\"c\": 3}"), "{\"a\": 1,    \n\"c\": 3}");
        for kept in [r#"{"a":"http://x"}"#, r#"{"a":"\"//"}"#, r#"{"a":"\\"}"#, "{/}", "", "/"] {
            assert_eq!(plain(kept), kept);
        }
        assert_eq!(plain(r#"{"a":"\\"}// x"#).trim_end(), r#"{"a":"\\"}"#);
    }
}
