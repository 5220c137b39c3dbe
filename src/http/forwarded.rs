//! The address of a caller behind trusted proxies, from the header that they add: `X-Forwarded-For`, or `Forwarded`
//! (RFC 7239, Forwarded HTTP Extension).
//!
//! Each proxy appends the address that it was called from, so only the right end of the list can be believed: it is
//! read from there, and only as far as trusted proxies wrote it. An entry that cannot be read is nobody's address. It
//! never falls back to the address of the proxy, which may have more rights than the caller.

use crate::config::ForwardedHeader;
use actix_web::http::header::HeaderMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The caller's address: the last entry that is not a trusted proxy, or the first one if all are. Without the header it
/// is the proxy's own address: the proxy itself called, such as for its health check. `None` if the entry that decides
/// cannot be read.
pub(super) fn caller(
    proxy: IpAddr,
    headers: &HeaderMap,
    header: ForwardedHeader,
    is_trusted: impl Fn(IpAddr) -> bool,
) -> Option<IpAddr> {
    let lines = headers.get_all(name(header)).rev().map(|line| line.as_bytes());
    match header {
        ForwardedHeader::XForwardedFor => {
            walk(proxy, lines.flat_map(|line| line.rsplit(|byte| *byte == b',').map(address)), is_trusted)
        }
        ForwardedHeader::Forwarded => {
            walk(proxy, lines.flat_map(|line| forwarded_for(line).into_iter().rev()), is_trusted)
        }
    }
}

/// Whether a proxy, trusted or not, passed the request on.
pub(super) fn is_forwarded(headers: &HeaderMap) -> bool {
    [ForwardedHeader::XForwardedFor, ForwardedHeader::Forwarded]
        .into_iter()
        .any(|header| headers.contains_key(name(header)))
}

const fn name(header: ForwardedHeader) -> &'static str {
    match header {
        ForwardedHeader::XForwardedFor => "x-forwarded-for",
        ForwardedHeader::Forwarded => "forwarded",
    }
}

/// Reads entries from the right. `None` is an entry that cannot be read.
fn walk(
    proxy: IpAddr,
    entries: impl Iterator<Item = Option<IpAddr>>,
    is_trusted: impl Fn(IpAddr) -> bool,
) -> Option<IpAddr> {
    let mut caller = proxy;
    for entry in entries {
        caller = entry?;
        if !is_trusted(caller) {
            break;
        }
    }
    Some(caller)
}

/// Reads `ip`, `ip:port`, `[v6]` or `[v6]:port`, with blanks around it.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(entry).ok()?.trim_matches([' ', '\t']);
    if let Some(bracketed) = text.strip_prefix('[') {
        return in_brackets(bracketed);
    }
    text.parse::<IpAddr>().ok().map(|address| address.to_canonical()).or_else(|| with_port(text))
}

/// `text` follows the opening bracket.
fn in_brackets(text: &str) -> Option<IpAddr> {
    let (inside, rest) = text.split_once(']')?;
    let is_port_or_nothing = rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port);
    is_port_or_nothing.then(|| inside.parse::<Ipv6Addr>().ok()).flatten().map(|v6| IpAddr::V6(v6).to_canonical())
}

fn with_port(text: &str) -> Option<IpAddr> {
    let (address, port) = text.split_once(':')?;
    is_port(port).then(|| address.parse::<Ipv4Addr>().ok()).flatten().map(IpAddr::V4)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

/// The `for` parameters of one `Forwarded` line. An element without one, or a line that is malformed anywhere, counts
/// as an entry that cannot be read: a quotation mark that a caller leaves open must not hide what a proxy appended.
fn forwarded_for(line: &[u8]) -> Vec<Option<IpAddr>> {
    elements(line).unwrap_or_else(|| vec![None])
}

/// Parses a line; `None` if it does not follow the grammar.
fn elements(line: &[u8]) -> Option<Vec<Option<IpAddr>>> {
    let mut rest = str::from_utf8(line).ok()?;
    let mut found = Vec::new();
    loop {
        let mut node = None;
        loop {
            let (pair, after) = parameter(rest)?;
            if let Some((name, value)) = pair
                && name.eq_ignore_ascii_case("for")
                && node.replace(value).is_some()
            {
                return None;
            }
            rest = after;
            match rest.strip_prefix(';') {
                Some(more) => rest = more,
                None => break,
            }
        }
        found.push(node.and_then(|value| node_address(&value)));
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => return rest.is_empty().then_some(found),
        }
    }
}

/// An IPv6 address must be in brackets here: without them its last group could be a port.
fn node_address(value: &str) -> Option<IpAddr> {
    address(value.as_bytes()).filter(|_| value.starts_with('[') || value.matches(':').count() <= 1)
}

/// Reads `name=value`, or nothing between two separators, and returns what follows.
fn parameter(text: &str) -> Option<(Option<(&str, String)>, &str)> {
    const BLANKS: [char; 2] = [' ', '\t'];
    let text = text.trim_start_matches(BLANKS);
    if text.is_empty() || text.starts_with([',', ';']) {
        return Some((None, text));
    }
    let (name, value) = text.split_once('=').filter(|(name, _)| is_token(name))?;
    let (value, rest) = match value.strip_prefix('"') {
        Some(quoted) => unquoted(quoted)?,
        None => {
            let end = value.find([',', ';', ' ', '\t']).unwrap_or(value.len());
            let (value, rest) = value.split_at(end);
            // An address with a port needs quotes by the grammar, but is unambiguous without them.
            (Some(value).filter(|value| !value.is_empty() && !value.contains('"'))?.to_owned(), rest)
        }
    };
    let rest = rest.trim_start_matches(BLANKS);
    (rest.is_empty() || rest.starts_with([',', ';'])).then_some((Some((name, value)), rest))
}

fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// The content of a quoted string whose opening mark has been read, and what follows the closing one.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut content = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((content, &text[at + 1..])),
            '\\' => content.push(characters.next()?.1),
            _ => content.push(character),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    const PROXY: &str = "10.0.0.1";

    /// The caller behind proxies in 10.0.0.0/8, as text; `-` for nobody.
    fn found(header: ForwardedHeader, lines: &[&[u8]]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(HeaderName::from_static(name(header)), HeaderValue::from_bytes(line).unwrap());
        }
        let is_proxy = |address: IpAddr| matches!(address, IpAddr::V4(v4) if v4.octets()[0] == 10);
        let caller = caller(PROXY.parse().unwrap(), &headers, header, is_proxy);
        caller.map_or("-".into(), |address| address.to_string())
    }

    #[test]
    fn x_forwarded_for_is_read_from_the_right() {
        let table: &[(&[&[u8]], &str)] = &[
            (&[], PROXY),
            (&[b"203.0.113.9"], "203.0.113.9"),
            (&[b" 203.0.113.9\t"], "203.0.113.9"),
            (&[b"203.0.113.9:51234"], "203.0.113.9"),
            (&[b"2001:db8::1"], "2001:db8::1"),
            (&[b"[2001:db8::1]"], "2001:db8::1"),
            (&[b"[2001:db8::1]:443"], "2001:db8::1"),
            (&[b"::ffff:203.0.113.9"], "203.0.113.9"),
            (&[b"[::ffff:203.0.113.9]:443"], "203.0.113.9"),
            (&[b"1.1.1.1, 2.2.2.2"], "2.2.2.2"),
            (&[b"1.1.1.1, 2.2.2.2, 10.0.0.7, 10.0.0.8"], "2.2.2.2"),
            (&[b"10.0.0.7, 10.0.0.8"], "10.0.0.7"),
            (&[b"1.1.1.1", b"2.2.2.2"], "2.2.2.2"),
            (&[b"1.1.1.1", b"2.2.2.2", b"10.0.0.7"], "2.2.2.2"),
            (&[b"1.1.1.1, 2.2.2.2", b"10.0.0.7, 10.0.0.8:80"], "2.2.2.2"),
            (&[b"unknown, 2.2.2.2"], "2.2.2.2"),
            (&[b"\xff, 2.2.2.2"], "2.2.2.2"),
            (&[b"\xff", b"2.2.2.2"], "2.2.2.2"),
        ];
        for (lines, caller) in table {
            assert_eq!(found(ForwardedHeader::XForwardedFor, lines), *caller, "{lines:?}");
        }
    }

    #[test]
    fn an_entry_that_cannot_be_read_is_nobody() {
        for entry in [
            &b""[..],
            b" ",
            b"unknown",
            b"_hidden",
            b"-",
            b"\xff",
            b"203.0.113",
            b"203.0.113.9.1",
            b"203.0.113.9:",
            b"203.0.113.9:x",
            b"203.0.113.9:65536",
            b"203.0.113.9:+80",
            b"203.0.113.9:80:80",
            b"203.0.113.09",
            b"[203.0.113.9]",
            b"[2001:db8::1",
            b"2001:db8::1]",
            b"[2001:db8::1]443",
            b"[2001:db8::1]:",
            b"[[2001:db8::1]]",
            b"fe80::1%eth0",
            b"\"203.0.113.9\"",
            b"for=203.0.113.9",
            b"203.0.113.9 203.0.113.10",
            b"localhost",
        ] {
            let after = [b"203.0.113.5, ", entry].concat();
            let before_a_proxy = [entry, b", 10.0.0.7"].concat();
            for line in [entry, &after, &before_a_proxy] {
                assert_eq!(found(ForwardedHeader::XForwardedFor, &[line]), "-", "{}", line.escape_ascii());
            }
            assert_eq!(found(ForwardedHeader::XForwardedFor, &[b"203.0.113.5", entry]), "-");
        }
        for line in [&b"203.0.113.5,"[..], b"203.0.113.5,,10.0.0.7", b","] {
            assert_eq!(found(ForwardedHeader::XForwardedFor, &[line]), "-");
        }
    }

    #[test]
    fn forwarded_is_read_from_the_right_too() {
        let table: &[(&[&[u8]], &str)] = &[
            (&[], PROXY),
            (&[b"for=192.0.2.43"], "192.0.2.43"),
            (&[b"For=\"192.0.2.43:47011\""], "192.0.2.43"),
            (&[b"FOR=\"[2001:db8:cafe::17]:4711\""], "2001:db8:cafe::17"),
            (&[b"for=\"[::ffff:192.0.2.43]\""], "192.0.2.43"),
            (&[b"for=\"\\1\\92.0.2.43\""], "192.0.2.43"),
            (&[b"by=203.0.113.43;for=192.0.2.60;proto=http"], "192.0.2.60"),
            (&[b"for=1.1.1.1, for=2.2.2.2;by=10.0.0.7 , for=10.0.0.8"], "2.2.2.2"),
            (&[b"for=1.1.1.1", b"for=2.2.2.2", b"for=10.0.0.8"], "2.2.2.2"),
            (&[b"for=\"a,for=9.9.9.9;\", for=2.2.2.2"], "2.2.2.2"),
            (&[b"nonsense", b"for=2.2.2.2"], "2.2.2.2"),
            (&[b"for=unknown, for=2.2.2.2"], "2.2.2.2"),
            (&[b"for=2.2.2.2;host=\"x\\\", for=9.9.9.9\""], "2.2.2.2"),
        ];
        for (lines, caller) in table {
            assert_eq!(found(ForwardedHeader::Forwarded, lines), *caller, "{lines:?}");
        }
        for line in [
            &b""[..],
            b"for=unknown",
            b"for=_hidden",
            b"for=\"_hidden:80\"",
            b"for=",
            b"for=\"\"",
            b"for=2001:db8::1",
            b"for=\"2001:db8::1\"",
            b"2.2.2.2",
            b"proto=https",
            b"for=1.1.1.1;for=2.2.2.2",
            b"for=1.1.1.1,",
            b"for=1.1.1.1, ,for=10.0.0.7",
            b"for=\"1.1.1.1",
            b"for=1.1.1.1;x=\", for=2.2.2.2",
            b"for=1.1.1.1;x=\", for=\"[2001:db8::66]\"",
            b"for=1.1.1.1 for=2.2.2.2",
            b"for =1.1.1.1",
            b"f\xffr=1.1.1.1",
        ] {
            assert_eq!(found(ForwardedHeader::Forwarded, &[line]), "-", "{}", line.escape_ascii());
        }
    }

    proptest! {
        /// Whatever a caller sends, the entry that the trusted proxy appends decides.
        #[test]
        fn what_a_caller_sends_never_counts(
            sent in proptest::collection::vec(prop_oneof![32..127u8, 128..=255u8], 0..60),
            last in any::<[u8; 4]>().prop_filter("not a proxy", |octets| octets[0] != 10),
        ) {
            let last = IpAddr::from(last).to_string();
            let appended = [&sent[..], b", ", last.as_bytes()].concat();
            prop_assert_eq!(&found(ForwardedHeader::XForwardedFor, &[&appended]), &last);
            prop_assert_eq!(&found(ForwardedHeader::XForwardedFor, &[&sent, last.as_bytes()]), &last);
            let element = format!("for={last};proto=https");
            prop_assert_eq!(&found(ForwardedHeader::Forwarded, &[&sent, element.as_bytes()]), &last);
            let quoted = format!(", for=\"{last}:80\";host=\"bursar.example\"");
            let joined = found(ForwardedHeader::Forwarded, &[&[&sent[..], quoted.as_bytes()].concat()]);
            prop_assert!(joined == last || joined == "-", "{joined}");
        }

        #[test]
        fn an_address_reads_back_however_it_is_written(
            v4 in any::<[u8; 4]>(), v6 in any::<[u16; 8]>(), port in any::<u16>(),
        ) {
            let (v4, v6) = (IpAddr::from(v4), IpAddr::from(v6));
            for text in [v4.to_string(), format!("{v4}:{port}")] {
                prop_assert_eq!(address(text.as_bytes()), Some(v4));
            }
            for text in [v6.to_string(), format!("[{v6}]"), format!("[{v6}]:{port}")] {
                prop_assert_eq!(address(text.as_bytes()), Some(v6.to_canonical()));
            }
        }
    }
}
