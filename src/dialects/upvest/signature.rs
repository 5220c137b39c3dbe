//! Request signatures: HTTP Message Signatures, draft 15 (published as RFC 9421), as Upvest's clients make them. They
//! are checked for clients with a registered key. The signed text is built from the client's own, letter by letter.

use crate::app::App;
use crate::dialects::kit::{Head, Rejection};
use crate::domain::access::{Nonce, Principal, PublicKey};
use crate::domain::clock::Moment;
use crate::domain::ids::ClientKeyId;
use crate::domain::refusal::{Credentials, Refusal};
use actix_web::HttpRequest;
use actix_web::http::header;
use aws_lc_rs::digest::{SHA512, digest};
use sfv::{BareItem, Dictionary, InnerList, ListEntry, Parser};
use std::collections::HashSet;
use std::mem::take;
use std::sync::{Mutex, PoisonError};
use uuid::Uuid;

/// How far the clock of a client may be ahead.
const AHEAD_S: i64 = 60;
/// The longest time from `created` to `expires`.
const VALIDITY_MAX_S: i64 = 600;
/// For how long a nonce is remembered at least: longer than any signature lasts.
const MEMORY_MS: i64 = (VALIDITY_MAX_S + AHEAD_S) * 1000 + 1000;
/// The most nonces of one half of the memory.
const REMEMBERED_MAX: usize = 100_000;
/// The longest nonce, in bytes.
const NONCE_MAX: usize = 255;

/// Checks the signatures of requests, and remembers their nonces.
pub(super) struct Signatures {
    /// Whether clients without a registered key are refused.
    is_required: bool,
    seen: Mutex<Seen>,
}

/// The nonces of the last minutes, in two halves of which the older one is dropped: at most 200,000. Those of writes
/// are in the database as well.
#[derive(Default)]
struct Seen {
    began_ms: i64,
    newer: HashSet<[u8; 16]>,
    older: HashSet<[u8; 16]>,
}

impl Seen {
    /// False if it was seen before.
    fn note(&mut self, hash: [u8; 16], now_ms: i64) -> bool {
        let is_over = !(self.began_ms..self.began_ms + MEMORY_MS).contains(&now_ms);
        if is_over || self.newer.len() >= REMEMBERED_MAX {
            self.older = take(&mut self.newer);
            self.began_ms = now_ms;
        }
        !self.older.contains(&hash) && self.newer.insert(hash)
    }
}

/// What a signature says about itself.
struct Stated<'t> {
    key: ClientKeyId,
    nonce: String,
    created: Moment,
    expires: Moment,
    components: Vec<String>,
    /// What follows the label in `signature-input`, as it was sent.
    literal: &'t str,
}

impl Signatures {
    pub(super) fn new(is_required: bool) -> Signatures {
        Signatures { is_required, seen: Mutex::default() }
    }

    /// Checks the signature of a call with this body. Returns its nonce, which must not be used again; none if the
    /// client has no key.
    ///
    /// Refusals: the client has no key and must have one; the signature is missing, malformed, out of date, by another
    /// key or of another call; it covers too little; its nonce was used before.
    pub(super) fn check(
        &self,
        app: &App,
        head: Head<'_>,
        body: &[u8],
        client: &Principal,
    ) -> Result<Option<Nonce>, Rejection> {
        let refuse = |reason: &str| {
            tracing::debug!(client = client.name, request = %head.origin.request, reason, "a signature was refused");
            Err(Refusal::Unauthenticated(Credentials::BadSignature).into())
        };
        let keys = client.client.as_ref().filter(|client| !client.keys.is_empty());
        let Some(keys) = keys else {
            return if self.is_required { refuse("the client has no key") } else { Ok(None) };
        };
        let now = app.machine_now();
        let (nonce, expires_at) = match verify(head.request, body, now, |id| keys.key(id, now)) {
            Ok(verified) => verified,
            Err(reason) => return refuse(reason),
        };
        let nonce = app.nonce(client, &nonce, expires_at);
        let is_new = self.seen.lock().unwrap_or_else(PoisonError::into_inner).note(nonce.hash, now.unix_ms());
        if is_new { Ok(Some(nonce)) } else { refuse("the nonce was used before") }
    }
}

/// The nonce and the end of the request's signature, if it is good; otherwise what is wrong.
fn verify<'k>(
    request: &HttpRequest,
    body: &[u8],
    now: Moment,
    key_of: impl Fn(ClientKeyId) -> Option<&'k PublicKey>,
) -> Result<(String, Moment), &'static str> {
    if header_value(request, "upvest-signature-version").is_some_and(|version| version != "15") {
        return Err("another signature version");
    }
    let input = header_value(request, "signature-input").ok_or("no signature-input")?;
    let (label, stated) = read_input(&input)?;
    let signature = read_signature(&header_value(request, "signature").ok_or("no signature")?, &label)?;
    if stated.expires <= now || stated.expires <= stated.created {
        return Err("expired");
    }
    if stated.created > now.plus_s(AHEAD_S) {
        return Err("created in the future");
    }
    if stated.expires > stated.created.plus_s(VALIDITY_MAX_S) {
        return Err("valid for too long");
    }
    let covers = |name: &str| stated.components.iter().any(|component| component == name);
    let must_cover = [
        ("@method", true),
        ("@path", true),
        ("@query", request.uri().query().is_some_and(|query| !query.is_empty())),
        ("content-digest", !body.is_empty()),
        ("authorization", request.headers().contains_key(header::AUTHORIZATION)),
        ("upvest-client-id", request.headers().contains_key("upvest-client-id")),
    ];
    if must_cover.iter().any(|(name, is_needed)| *is_needed && !covers(name)) {
        return Err("covers too little");
    }
    if covers("content-digest") && !is_digest_right(request, body) {
        return Err("the digest is of another body");
    }
    let key = key_of(stated.key).ok_or("unknown or expired key")?;
    let whole = request.uri().path();
    let inner = format!("/{}", request.match_info().unprocessed().trim_start_matches('/'));
    let paths = if inner == whole { vec![whole] } else { vec![whole, &inner] };
    for path in paths {
        if key.verifies(base(request, path, body, &stated)?.as_bytes(), &signature) {
            return Ok((stated.nonce, stated.expires));
        }
    }
    Err("signed by another key, or of another request")
}

/// Reads `signature-input`, which has one signature.
fn read_input(text: &str) -> Result<(String, Stated<'_>), &'static str> {
    let dictionary = Parser::new(text).parse::<Dictionary>().map_err(|_| "signature-input is malformed")?;
    let mut members = dictionary.into_iter();
    let (Some((label, ListEntry::InnerList(InnerList { items, params }))), None) = (members.next(), members.next())
    else {
        return Err("signature-input is not one list");
    };
    let (_, literal) = text.split_once('=').ok_or("signature-input is malformed")?;
    let param = |name: &str| params.iter().find(|(key, _)| key.as_str() == name).map(|(_, value)| value);
    let string = |name: &str| param(name).and_then(BareItem::as_string).map(|value| value.as_str().to_owned());
    let seconds = |name: &str| param(name).and_then(BareItem::as_integer).map(i64::from).map(moment_of);
    let key = string("keyid").and_then(|id| Uuid::parse_str(&id).ok()).ok_or("no keyid")?;
    let nonce = string("nonce").filter(|nonce| (1..=NONCE_MAX).contains(&nonce.len())).ok_or("no nonce")?;
    let mut components: Vec<String> = Vec::new();
    for item in items {
        let name = item.bare_item.as_string().filter(|_| item.params.is_empty()).ok_or("a component is unknown")?;
        if components.iter().any(|known| known == name.as_str()) {
            return Err("a component is covered twice");
        }
        components.push(name.as_str().to_owned());
    }
    let stated = Stated {
        key: ClientKeyId::from(key),
        nonce,
        created: seconds("created").ok_or("no time of creation")?,
        expires: seconds("expires").ok_or("no end")?,
        components,
        literal: literal.trim_matches([' ', '\t']),
    };
    Ok((label.as_str().to_owned(), stated))
}

/// A moment by its Unix time; one that is out of range is in the far past or future.
fn moment_of(seconds: i64) -> Moment {
    const FAR_S: i64 = 253_402_300_799;
    Moment::from_unix_ms(seconds.clamp(-FAR_S, FAR_S) * 1000)
}

fn read_signature(text: &str, label: &str) -> Result<Vec<u8>, &'static str> {
    let dictionary = Parser::new(text).parse::<Dictionary>().map_err(|_| "signature is malformed")?;
    let found = dictionary.into_iter().find(|(key, _)| key.as_str() == label);
    match found {
        Some((_, ListEntry::Item(item))) => {
            item.bare_item.as_byte_sequence().map(<[u8]>::to_vec).ok_or("the signature is not of bytes")
        }
        _ => Err("no signature of this label"),
    }
}

/// Whether `content-digest` has the SHA-512 of the body.
fn is_digest_right(request: &HttpRequest, body: &[u8]) -> bool {
    let Some(text) = header_value(request, "content-digest") else { return false };
    let Ok(digests) = Parser::new(&text).parse::<Dictionary>() else { return false };
    digests.iter().any(|(name, entry)| match entry {
        ListEntry::Item(item) if name.as_str() == "sha-512" => {
            item.bare_item.as_byte_sequence() == Some(digest(&SHA512, body).as_ref())
        }
        _ => false,
    })
}

/// The text that was signed.
fn base(request: &HttpRequest, path: &str, body: &[u8], stated: &Stated<'_>) -> Result<String, &'static str> {
    let mut text = String::new();
    for name in &stated.components {
        let value = component(request, path, body, name).ok_or("a component is unknown or missing")?;
        text.extend(["\"", name, "\": ", &value, "\n"]);
    }
    text.extend(["\"@signature-params\": ", stated.literal]);
    Ok(text)
}

fn component(request: &HttpRequest, path: &str, body: &[u8], name: &str) -> Option<String> {
    let query = request.uri().query();
    match name {
        "@method" => Some(request.method().to_string()),
        "@path" => Some(path.to_owned()),
        "@query" => Some(format!("?{}", query.unwrap_or_default())),
        "@request-target" => Some(query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"))),
        "@authority" => header_value(request, "host").map(|host| host.to_lowercase()),
        derived if derived.starts_with('@') => None,
        // A client's library may leave it to another layer, which can leave it out.
        "content-length" => header_value(request, name).or_else(|| Some(body.len().to_string())),
        name => header_value(request, name),
    }
}

/// The value of a header; of several, all in their order. None if there is none or it is not text.
fn header_value(request: &HttpRequest, name: &str) -> Option<String> {
    let values: Result<Vec<&str>, _> =
        request.headers().get_all(name).map(|value| value.to_str().map(str::trim)).collect();
    values.ok().filter(|values| !values.is_empty()).map(|values| values.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonces_are_remembered_as_long_as_signatures_last_and_memory_is_bounded() {
        let mut seen = Seen::default();
        let hash = |n: usize| u128::try_from(n).unwrap_or(0).to_be_bytes();
        let start = 1_000_000_000_000;
        assert!(seen.note(hash(0), start) && !seen.note(hash(0), start));
        assert!(seen.note(hash(1), start + MEMORY_MS - 1));
        for at in [start + MEMORY_MS, start + 2 * MEMORY_MS - 2] {
            assert!(!seen.note(hash(1), at), "{at}");
        }
        for n in 2..3 * REMEMBERED_MAX {
            seen.note(hash(n), start + 2 * MEMORY_MS);
        }
        assert!(seen.newer.len() + seen.older.len() <= 2 * REMEMBERED_MAX);
    }

    #[test]
    fn the_parameters_are_kept_as_they_were_sent() {
        let text =
            r#"sig1=("@method"  "@path" );expires=2;created=1 ;keyid="0198c1f0-0000-7000-8000-000000000000";nonce="n""#;
        assert!(read_input(text).is_err(), "blanks before a semicolon are not allowed");
        let text = text.replace("1 ;", "1;");
        let (label, stated) = read_input(&text).ok().unwrap();
        assert_eq!((label.as_str(), stated.literal), ("sig1", text.strip_prefix("sig1=").unwrap()));
        assert_eq!(stated.components, ["@method", "@path"]);
        for (from, to) in [
            ("keyid", "key"),
            ("nonce=\"n\"", "nonce=\"\""),
            ("created=1", "created=\"1\""),
            (";expires=2", ""),
            ("\"@path\"", "\"@method\""),
            ("\"@path\"", "\"x\";sf"),
            ("sig1=", "sig2=(\"@path\"), sig1="),
        ] {
            assert!(read_input(&text.replacen(from, to, 1)).is_err(), "{from} {to}");
        }
    }
}
