//! What a dialect knows about a request when it renders a rejection.

use super::rate::Remainder;
use crate::domain::ids::RequestId;
use actix_web::web::Bytes;
use serde_json::Value;

/// The request behind a reply, as far as it was parsed before it was refused.
#[derive(Clone, Debug)]
pub struct ReplyContext {
    pub request: RequestId,
    /// The operation of the matched route; `None` if no route matched.
    pub operation: Option<&'static str>,
    pub(super) remainder: Option<Remainder>,
    pub(super) query: String,
    pub(super) body: Bytes,
}

impl ReplyContext {
    /// A request of which only the id is known.
    pub fn new(request: RequestId) -> ReplyContext {
        ReplyContext { request, operation: None, remainder: None, query: String::new(), body: Bytes::new() }
    }

    /// Whether the caller sent a field of this name in the body or the query string. Nested members are named by path,
    /// such as `operations[3].amount`. Path parameters do not count.
    pub fn was_sent(&self, name: &str) -> bool {
        self.in_query(name) || self.in_body(name)
    }

    /// Whether the query string has a parameter of this name.
    pub fn in_query(&self, name: &str) -> bool {
        form_urlencoded::parse(self.query.as_bytes()).any(|(key, _)| key == name || key.trim_end_matches("[]") == name)
    }

    /// Parses the body again. Only refusals that name a field need this.
    fn in_body(&self, name: &str) -> bool {
        let pointer = format!("/{}", name.replace(['.', '['], "/").replace(']', ""));
        serde_json::from_slice::<Value>(&self.body).is_ok_and(|body| body.pointer(&pointer).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_field_counts_as_sent_in_body_or_query() {
        let body = br#"{"accountId":1,"empty":null,"operations":[{},{"amount":"5"}]}"#;
        let query = "page=2&id[]=7&with%20blank=".to_owned();
        let request = RequestId::from(Uuid::nil());
        let context = ReplyContext { operation: None, remainder: None, request, query, body: Bytes::from_static(body) };
        for name in ["accountId", "empty", "operations", "operations[1].amount", "page", "id", "with blank"] {
            assert!(context.was_sent(name), "{name}");
        }
        for name in ["amount", "operations[0].amount", "operations[2]", "accountid", "pag", ""] {
            assert!(!context.was_sent(name), "{name}");
        }
        assert!(!ReplyContext { body: Bytes::from_static(b"{\"a\":1"), ..context }.was_sent("a"));
    }
}
