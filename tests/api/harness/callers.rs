//! Callers, and how they send requests.

use super::envelopes::Reply;
use super::process::{PASSWORD, PATIENCE, Server, write_private};
use serde_json::Value;
use std::sync::{Arc, PoisonError};
use ureq::http::Request;

/// A caller: a server, a base URL, and the credentials and headers of each request.
#[derive(Clone)]
pub(crate) struct Caller<'a> {
    server: &'a Server,
    base: String,
    headers: Vec<(String, String)>,
}

impl Server {
    pub(crate) fn admin(&self) -> Caller<'_> {
        self.bearer(self.banner["token"].as_str().unwrap())
    }

    /// A caller without a token.
    pub(crate) fn anyone(&self) -> Caller<'_> {
        Caller { server: self, base: self.url().to_owned(), headers: Vec::new() }
    }

    /// The id and the secret of the development server's client of an API.
    pub(crate) fn api_client(&self, api: &str) -> (String, String) {
        let client = &self.banner["clients"][api];
        let value = |names: [&str; 2]| {
            let found = names.iter().find_map(|name| client[name].as_str());
            found.unwrap_or_else(|| panic!("no client of {api} in {}", self.banner)).to_owned()
        };
        (value(["client_id", "key"]), value(["client_secret", "secret"]))
    }

    /// A caller with this token.
    pub(crate) fn bearer(&self, token: &str) -> Caller<'_> {
        self.anyone().with("Authorization", &format!("Bearer {token}"))
    }

    /// An operator with this role, limited to clients with these tags; no tags mean all clients.
    pub(crate) fn operator(&self, role: &str, tags: &[&str]) -> Caller<'_> {
        let name = format!("{role}-{}", tags.join("-"));
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let token = tokens.entry(name.clone()).or_insert_with(|| {
            self.add_operator(&name, role, tags);
            self.add_token(&name, &[]).1
        });
        self.bearer(token)
    }

    /// A read-only operator.
    pub(crate) fn viewer(&self) -> Caller<'_> {
        self.operator("viewer", &[])
    }

    /// Adds an operator with the password `PASSWORD`.
    pub(crate) fn add_operator(&self, name: &str, role: &str, tags: &[&str]) {
        let file = self.home().join(format!("password-{name}"));
        write_private(&file, PASSWORD);
        let file = file.display().to_string();
        let mut args = vec!["operator", "add", name, "--role", role, "--password-file", &file];
        args.extend(tags.iter().flat_map(|tag| ["--tag", tag]));
        self.command(&args);
    }

    /// Issues a token; returns its id and the token.
    pub(crate) fn add_token(&self, operator: &str, limits: &[&str]) -> (String, String) {
        let made = self.command(&[&["token", "create", "--operator", operator, "--label", "test"], limits].concat());
        (made["id"].as_str().unwrap().to_owned(), made["token"].as_str().unwrap().to_owned())
    }
}

impl<'a> Caller<'a> {
    /// Adds a header.
    pub(crate) fn with(&self, name: &str, value: &str) -> Caller<'a> {
        let mut headers = self.headers.clone();
        headers.push((name.to_owned(), value.to_owned()));
        Caller { headers, ..self.clone() }
    }

    /// Adds an idempotency key.
    pub(crate) fn key(&self, key: &str) -> Caller<'a> {
        self.with("Idempotency-Key", key)
    }

    /// Replaces the idempotency key.
    pub(crate) fn key_again(&self, key: &str) -> Caller<'a> {
        let headers = self.headers.iter().filter(|(name, _)| name != "Idempotency-Key").cloned().collect();
        Caller { headers, ..self.clone() }.key(key)
    }

    /// Sends `X-Forwarded-For`, as a proxy would.
    pub(crate) fn from(&self, address: &str) -> Caller<'a> {
        self.with("X-Forwarded-For", address)
    }

    /// Calls the same server at another URL.
    pub(crate) fn at(&self, base: &str) -> Caller<'a> {
        Caller { base: base.to_owned(), ..self.clone() }
    }

    /// Sends any request; the body is sent as it is.
    #[track_caller]
    pub(crate) fn send(&self, method: &str, path: &str, content_type: Option<&str>, body: Option<&[u8]>) -> Reply {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(content_type) = content_type {
            request = request.header("Content-Type", content_type);
        }
        let answer = match body {
            Some(body) => self.server.agent.run(request.body(body).unwrap()),
            None => self.server.agent.run(request.body(()).unwrap()),
        };
        let mut answer = answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let text = answer.body_mut().with_config().limit(64 << 20).read_to_string().unwrap();
        let sent = String::from_utf8_lossy(body.unwrap_or_default()).chars().take(300).collect::<String>();
        Reply {
            call: format!("{method} {path} {sent}"),
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            text,
        }
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Reply {
        self.send("GET", path, None, None)
    }

    #[track_caller]
    pub(crate) fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, None, None)
    }

    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &Value) -> Reply {
        self.post_text(path, &body.to_string())
    }

    /// Posts JSON exactly as written.
    #[track_caller]
    pub(crate) fn post_text(&self, path: &str, body: &str) -> Reply {
        self.send("POST", path, Some("application/json"), Some(body.as_bytes()))
    }

    #[track_caller]
    pub(crate) fn put(&self, path: &str, body: &Value) -> Reply {
        self.send("PUT", path, Some("application/json"), Some(body.to_string().as_bytes()))
    }

    #[track_caller]
    pub(crate) fn patch(&self, path: &str, body: &Value) -> Reply {
        self.send("PATCH", path, Some("application/json"), Some(body.to_string().as_bytes()))
    }
}

/// The HTTP client shared by all callers of a server; it trusts this certificate.
pub(super) fn agent(certificate_pem: Option<&str>) -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .allow_non_standard_methods(true)
        .timeout_global(Some(PATIENCE))
        .max_idle_connections(128)
        .max_idle_connections_per_host(128);
    let Some(certificate) = certificate_pem else { return config.build().new_agent() };
    let root = ureq::tls::Certificate::from_pem(certificate.as_bytes()).unwrap();
    let tls = ureq::tls::TlsConfig::builder()
        .provider(ureq::tls::TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .root_certs(ureq::tls::RootCerts::new_with_certs(&[root]))
        .build();
    config.tls_config(tls).build().new_agent()
}
