//! What the tests of Upvest share: clients of its API, its envelope.

use super::harness::{Reply, Server};

/// Where the API is mounted.
pub(crate) fn base(server: &Server) -> String {
    format!("{}/upvest", server.url())
}

/// Asks for a token.
#[track_caller]
pub(crate) fn ask_token(server: &Server, id: &str, secret: &str, scope: &str) -> Reply {
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("grant_type", "client_credentials"),
            ("client_id", id),
            ("client_secret", secret),
            ("scope", scope),
        ])
        .finish();
    post_form(server, &form)
}

#[track_caller]
pub(crate) fn post_form(server: &Server, form: &str) -> Reply {
    let kind = Some("application/x-www-form-urlencoded");
    server.anyone().at(&base(server)).send("POST", "/auth/token", kind, Some(form.as_bytes()))
}

impl Reply {
    /// Asserts this problem.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, slug: &str) {
        assert_eq!(self.status, status, "{}: {}", self.call(), self.text);
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.call());
        let body = self.json();
        assert_eq!(body["type"], format!("https://docs.upvest.co/errors/{slug}"), "{}: {}", self.call(), self.text);
        assert_eq!((&body["status"], body.as_object().unwrap().len()), (&status.into(), 6), "{body}");
        assert_eq!(body["request_id"], self.header("upvest-request-id").unwrap(), "{body}");
        assert!(!body["title"].as_str().unwrap().is_empty() && !body["detail"].as_str().unwrap().is_empty());
    }
}
