//! Request signatures of Upvest. They are made here by hand with other libraries than the server checks them with.

use super::harness::{Caller, Reply, Server, write_private};
use super::upvest::{ask_token, base, new_user};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer as _;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::pkcs8::{EncodePublicKey, LineEnding};
use serde_json::json;
use sha2::{Digest, Sha512};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A private key of each kind.
enum Key {
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    P521(p521::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
}

impl Key {
    fn p256() -> Key {
        Key::P256(p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap())
    }

    fn all() -> [Key; 4] {
        let mut scalar = [5; 66];
        scalar[..2].fill(0);
        [
            Key::p256(),
            Key::P384(p384::ecdsa::SigningKey::from_slice(&[6; 48]).unwrap()),
            Key::P521(p521::ecdsa::SigningKey::from_slice(&scalar).unwrap()),
            Key::Ed25519(ed25519_dalek::SigningKey::from_bytes(&[8; 32])),
        ]
    }

    fn public_pem(&self) -> String {
        let public = |key: &dyn Fn() -> p256::pkcs8::spki::Result<String>| key().unwrap();
        match self {
            Key::P256(key) => public(&|| key.verifying_key().to_public_key_pem(LineEnding::LF)),
            Key::P384(key) => public(&|| key.verifying_key().to_public_key_pem(LineEnding::LF)),
            Key::P521(key) => {
                let point = *p521::ecdsa::VerifyingKey::from(key).as_affine();
                let key = p521::PublicKey::from_affine(point).unwrap();
                public(&|| key.to_public_key_pem(LineEnding::LF))
            }
            Key::Ed25519(key) => {
                // The fixed beginning of such keys (RFC 8410), and the 32 bytes.
                let der =
                    [&[0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0][..], key.verifying_key().as_bytes()]
                        .concat();
                format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der))
            }
        }
    }

    /// Signs with SHA-512; ECDSA in DER or raw.
    fn sign(&self, text: &str, is_raw: bool) -> Vec<u8> {
        let hash = Sha512::digest(text.as_bytes());
        match self {
            Key::P256(key) => {
                let made: p256::ecdsa::Signature = key.sign_prehash(&hash).unwrap();
                if is_raw { made.to_bytes().to_vec() } else { made.to_der().as_bytes().to_vec() }
            }
            Key::P384(key) => {
                let made: p384::ecdsa::Signature = key.sign_prehash(&hash).unwrap();
                if is_raw { made.to_bytes().to_vec() } else { made.to_der().as_bytes().to_vec() }
            }
            Key::P521(key) => {
                let made: p521::ecdsa::Signature = key.sign_prehash(&hash).unwrap();
                if is_raw { made.to_bytes().to_vec() } else { made.to_der().as_bytes().to_vec() }
            }
            Key::Ed25519(key) => key.sign(text.as_bytes()).to_bytes().to_vec(),
        }
    }
}

/// Signatures are judged by the machine's clock.
#[allow(clippy::disallowed_methods)]
fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

fn fresh_nonce() -> String {
    static LAST: AtomicU64 = AtomicU64::new(0);
    format!("n{}", LAST.fetch_add(1, Ordering::Relaxed))
}

/// A client with a key.
struct Signing<'a> {
    server: &'a Server,
    id: String,
    secret: String,
    key_id: String,
    key: Key,
    token: String,
}

/// A request and how it is signed; what is not set is as it should be.
#[derive(Clone)]
struct Signed<'a> {
    method: &'a str,
    /// With the query.
    path: &'a str,
    body: &'a str,
    key: Option<&'a str>,
    /// Seconds from now.
    created: i64,
    expires: i64,
    nonce: String,
    /// The path that is signed.
    signed_path: String,
    left_out: &'a str,
    /// More headers, which are sent and covered.
    more: Vec<(&'a str, String)>,
    digest: Option<String>,
    is_raw: bool,
    key_id: Option<String>,
    params: Option<&'a str>,
}

impl<'a> Signed<'a> {
    fn new(method: &'a str, path: &'a str, body: &'a str) -> Signed<'a> {
        let signed_path = path.split('?').next().unwrap().to_owned();
        Signed {
            method,
            path,
            body,
            key: None,
            created: 0,
            expires: 10,
            nonce: fresh_nonce(),
            signed_path,
            left_out: "",
            more: Vec::new(),
            digest: None,
            is_raw: false,
            key_id: None,
            params: None,
        }
    }
}

impl<'a> Signing<'a> {
    fn new(server: &'a Server, key: Key) -> Signing<'a> {
        write_private(&server.home().join("key.pem"), &key.public_pem());
        let file = server.home().join("key.pem").display().to_string();
        let made = server.command(&["client", "create", "--api", "upvest", "--label", "App", "--public-key", &file]);
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        let (id, secret, key_id) = (text("client_id"), text("client_secret"), text("key_id"));
        let mut client = Signing { server, id, secret, key_id, key, token: String::new() };
        client.token = client.ask_token(&client.token_request()).ok().text_at("access_token");
        client
    }

    fn token_request(&self) -> String {
        let scope = "users%3Aadmin+accounts%3Aadmin";
        let Signing { id, secret, .. } = self;
        format!("grant_type=client_credentials&client_id={id}&client_secret={secret}&scope={scope}")
    }

    fn ask_token(&self, form: &str) -> Reply {
        self.send_as(&Signed::new("POST", "/auth/token", form), &[], "application/x-www-form-urlencoded")
    }

    /// Sends a signed request with the token.
    fn send(&self, request: &Signed<'_>) -> Reply {
        let headers = [("authorization", format!("Bearer {}", self.token)), ("upvest-client-id", self.id.clone())];
        self.send_as(request, &headers, "application/json")
    }

    fn send_as(&self, request: &Signed<'_>, headers: &[(&str, String)], kind: &str) -> Reply {
        let digest = format!("sha-512=:{}:", STANDARD.encode(Sha512::digest(request.body.as_bytes())));
        let digest = request.digest.clone().unwrap_or(digest);
        let mut covered = vec![("@method", request.method.to_owned()), ("@path", request.signed_path.clone())];
        if let Some((_, query)) = request.path.split_once('?') {
            covered.push(("@query", format!("?{query}")));
        }
        let mut sent: Vec<(&str, String)> = headers.iter().chain(&request.more).cloned().collect();
        if !request.body.is_empty() {
            sent.push(("content-digest", digest));
        }
        covered.extend(sent.clone());
        covered.retain(|(name, _)| *name != request.left_out);
        let names: Vec<String> = covered.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        let key_id = request.key_id.as_ref().unwrap_or(&self.key_id);
        let (created, expires) = (now() + request.created, now() + request.expires);
        let params = format!(
            "({});keyid=\"{key_id}\";nonce=\"{}\";created={created};expires={expires}{}",
            names.join(" "),
            request.nonce,
            request.params.unwrap_or_default(),
        );
        let lines: String = covered.iter().map(|(name, value)| format!("\"{name}\": {value}\n")).collect();
        let signature =
            STANDARD.encode(self.key.sign(&format!("{lines}\"@signature-params\": {params}"), request.is_raw));
        let mut caller: Caller<'_> = self.server.anyone().at(&base(self.server));
        for (name, value) in &sent {
            caller = caller.with(name, value);
        }
        caller = caller
            .with("signature-input", &format!("sig1={params}"))
            .with("signature", &format!("sig1=:{signature}:"))
            .with("upvest-signature-version", "15");
        if let Some(key) = request.key {
            caller = caller.with("idempotency-key", key);
        }
        let body = (!request.body.is_empty()).then_some(request.body.as_bytes());
        caller.send(request.method, request.path, body.map(|_| kind), body)
    }
}

#[test]
fn requests_signed_with_each_kind_of_key_are_done() {
    let server = Server::start("");
    for key in Key::all() {
        let is_ecdsa = !matches!(key, Key::Ed25519(_));
        let client = Signing::new(&server, key);
        let user = new_user().to_string();
        for is_raw in [false, is_ecdsa] {
            let list = Signed { is_raw, ..Signed::new("GET", "/users?limit=1&order=DESC", "") };
            client.send(&list).ok();
            let create = Signed { is_raw, key: Some("k"), ..Signed::new("POST", "/users", &user) };
            client.send(&create).ok();
            let replay = Signed { nonce: fresh_nonce(), ..create.clone() };
            assert!(client.send(&replay).ok().is_replayed(), "a retry has a nonce of its own");
        }
    }
    server.trace();
}

#[test]
fn what_clients_vary_is_accepted() {
    let server = Server::start("");
    let client = Signing::new(&server, Key::p256());
    let users = || Signed::new("GET", "/users", "");
    // Proxies sign the path before the mount is added, and clients after it.
    client.send(&Signed { signed_path: "/upvest/users".into(), ..users() }).ok();
    let more = vec![("accept", "*/*".to_owned()), ("date", "Sat, 28 Nov 2026 00:00:00 GMT".to_owned())];
    client.send(&Signed { more, ..users() }).ok();
    client.send(&Signed { params: Some(";alg=\"ecdsa\";tag=\"x\""), ..users() }).ok();
    client.send(&Signed { created: 50, expires: 600, ..users() }).ok();
    client.send(&Signed { created: -300, expires: 5, ..users() }).ok();
    let user = client.send(&Signed { key: Some("k"), ..Signed::new("POST", "/users", &new_user().to_string()) });
    let path = format!("/users/{}", user.ok().text_at("id"));
    let more = vec![("content-length", "0".to_owned()), ("idempotency-key", "d".to_owned())];
    client.send(&Signed { more, ..Signed::new("DELETE", &path, "") }).accepted();
}

#[test]
fn what_is_wrong_with_a_signature_is_unauthorised_and_leaves_no_trace() {
    let server = Server::start("");
    let client = Signing::new(&server, Key::p256());
    let other = Signing::new(&server, Key::Ed25519(ed25519_dalek::SigningKey::from_bytes(&[9; 32])));
    let body = new_user().to_string();
    let create = || Signed { key: Some("k"), ..Signed::new("POST", "/users", &body) };
    let before = server.trace();
    let wrong_digest = format!("sha-512=:{}:", STANDARD.encode(Sha512::digest(b"another body")));
    let other_hash = format!("sha-256=:{}:", STANDARD.encode([1; 32]));
    for (what, request) in [
        ("expired", Signed { created: -20, expires: -1, ..create() }),
        ("in the future", Signed { created: 70, expires: 80, ..create() }),
        ("valid for too long", Signed { expires: 601, ..create() }),
        ("ends before it begins", Signed { created: 30, expires: 20, ..create() }),
        ("without the method", Signed { left_out: "@method", ..create() }),
        ("without the path", Signed { left_out: "@path", ..create() }),
        ("without the body", Signed { left_out: "content-digest", ..create() }),
        ("without the token", Signed { left_out: "authorization", ..create() }),
        ("without the client", Signed { left_out: "upvest-client-id", ..create() }),
        ("another body", Signed { digest: Some(wrong_digest), ..create() }),
        ("another hash", Signed { digest: Some(other_hash), ..create() }),
        ("another path", Signed { signed_path: "/accounts".into(), ..create() }),
        ("another key", Signed { key_id: Some(other.key_id.clone()), ..create() }),
        ("no such key", Signed { key_id: Some("key".into()), ..create() }),
    ] {
        let reply = client.send(&request);
        assert_eq!(reply.status, 401, "{what}: {}", reply.text);
        reply.problem(401, "unauthorised");
        assert!(reply.json()["detail"].as_str().unwrap().contains("signature is incorrect"), "{what}");
    }
    let query = Signed { left_out: "@query", ..Signed::new("GET", "/users?limit=1", "") };
    client.send(&query).problem(401, "unauthorised");
    // Nothing at all, one header alone, another version, and a signature that was changed.
    let bare = server.bearer(&client.token).at(&base(&server)).with("upvest-client-id", &client.id);
    bare.get("/users").problem(401, "unauthorised");
    bare.key("k").post("/users", &new_user()).problem(401, "unauthorised");
    for (name, value) in [
        ("signature", "sig1=:AAAA:"),
        ("signature-input", "sig1=(\"@method\" \"@path\");keyid=\"x\""),
        ("signature-input", "nonsense("),
        ("upvest-signature-version", "6"),
    ] {
        bare.with(name, value).get("/users").problem(401, "unauthorised");
    }
    // A token is issued to those who sign for it.
    ask_token(&server, &client.id, &client.secret, "users:read").problem(401, "unauthorised");
    assert_eq!(server.trace(), before);
}

#[test]
fn a_signed_request_is_taken_once_even_after_a_restart() {
    let mut server = Server::start("");
    let body = new_user().to_string();
    let (parts, headers) = {
        let client = Signing::new(&server, Key::p256());
        let read = Signed::new("GET", "/users", "");
        client.send(&read).ok();
        client.send(&read).problem(401, "unauthorised");
        // A refused write is taken once as well.
        let refused = Signed { key: Some("k"), ..Signed::new("POST", "/users", "{}") };
        client.send(&refused).problem(400, "bad_request");
        client.send(&refused).problem(401, "unauthorised");
        let write = Signed { expires: 300, key: Some("k"), ..Signed::new("POST", "/users", &body) };
        client.send(&write).ok();
        client.send(&write).problem(401, "unauthorised");
        ((client.id, client.secret, client.key_id, client.key, client.token), write.nonce)
    };
    server.restart();
    let (id, secret, key_id, key, token) = parts;
    let client = Signing { server: &server, id, secret, key_id, key, token };
    let before = server.trace();
    let again = Signed { expires: 300, nonce: headers, key: Some("k"), ..Signed::new("POST", "/users", &body) };
    client.send(&again).problem(401, "unauthorised");
    assert_eq!(server.trace(), before);
    client.send(&Signed { nonce: fresh_nonce() + "b", ..again }).ok();
}

#[test]
fn an_old_key_stays_good_for_the_overlap() {
    let server = Server::start("");
    let mut client = Signing::new(&server, Key::p256());
    let new = ed25519_dalek::SigningKey::from_bytes(&[11; 32]);
    write_private(&server.home().join("key.pem"), &Key::Ed25519(new.clone()).public_pem());
    let file = server.home().join("key.pem").display().to_string();
    let rotated = server.command(&["client", "rotate", &client.id, "--public-key", &file]);
    client.send(&Signed::new("GET", "/users", "")).ok();
    let (old, old_id) = (std::mem::replace(&mut client.key, Key::Ed25519(new)), client.key_id.clone());
    client.key_id = rotated["key_id"].as_str().unwrap().to_owned();
    client.send(&Signed::new("GET", "/users", "")).ok();
    let third = p256::ecdsa::SigningKey::from_slice(&[12; 32]).unwrap();
    write_private(&server.home().join("key.pem"), &Key::P256(third).public_pem());
    server.command(&["client", "rotate", &client.id, "--public-key", &file, "--overlap-hours", "0"]);
    client.send(&Signed::new("GET", "/users", "")).problem(401, "unauthorised");
    (client.key, client.key_id) = (old, old_id);
    client.send(&Signed::new("GET", "/users", "")).problem(401, "unauthorised");
}

#[test]
fn clients_without_a_key_may_be_refused() {
    let server = Server::start("[apis.upvest]\nrequire_signatures = true\n");
    let (id, secret) = server.api_client("upvest");
    ask_token(&server, &id, &secret, "users:read").problem(401, "unauthorised");
    let client = Signing::new(&server, Key::p256());
    client.send(&Signed::new("GET", "/users", "")).ok();
    // Elsewhere what they send as a signature is ignored.
    let lax = Server::start("");
    let (id, secret) = lax.api_client("upvest");
    let token = ask_token(&lax, &id, &secret, "users:read").ok().text_at("access_token");
    let caller = lax.bearer(&token).at(&base(&lax)).with("upvest-client-id", &id);
    caller.with("signature", "<value>").with("signature-input", "<value>").get("/users").ok();
    assert_eq!(caller.get("/users").ok().json()["data"], json!([]));
}
