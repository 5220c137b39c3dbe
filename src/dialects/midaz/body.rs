//! Reads bodies: JSON whatever the content type says, with the comments of the public request collections, and without
//! members that the request does not have.

use super::error::rule;
use crate::dialects::kit::{Call, Rejection, read_json_noting};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Parses the body. Unknown members are refused, with their values.
pub(super) fn read<T: DeserializeOwned>(call: &Call) -> Result<T, Rejection> {
    let sent = without_comments(call.raw_body()?);
    let mut unknown = BTreeSet::new();
    let body = read_json_noting(&sent, &mut unknown)?;
    if unknown.is_empty() { Ok(body) } else { Err(unexpected(&sent, &unknown)) }
}

fn unexpected(sent: &[u8], unknown: &BTreeSet<String>) -> Rejection {
    let sent: Value = serde_json::from_slice(sent).unwrap_or_default();
    let value = |path: &String| {
        let path = path.replace(".?", "");
        let value = sent.pointer(&format!("/{}", path.replace('.', "/"))).cloned().unwrap_or_default();
        (path, value)
    };
    unexpected_members(unknown.iter().map(value).collect())
}

/// The rejection of members that the request does not have.
pub(super) fn unexpected_members(members: Map<String, Value>) -> Rejection {
    Rejection::OfDialect { rule: rule::UNEXPECTED, message: "Unknown fields in the request.".into(), members }
}

/// A member of the body, as it was sent.
pub(super) fn sent_member(call: &Call, name: &str) -> Result<Map<String, Value>, Rejection> {
    let sent: Value = serde_json::from_slice(&without_comments(call.raw_body()?)).unwrap_or_default();
    Ok(Map::from_iter([(name.to_owned(), sent[name].clone())]))
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
