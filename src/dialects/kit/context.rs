//! What a dialect knows about a request when it spells the answer.

use crate::domain::ids::RequestId;
use actix_web::web::Bytes;
use serde_json::Value;

/// The request that an answer belongs to, as far as it was understood before it was refused.
#[derive(Clone, Debug)]
pub struct ReplyContext {
    /// Its id, as in the log and the headers.
    pub request: RequestId,
    /// The operation of the route that it led to; none if there is no such route.
    pub operation: Option<&'static str>,
    pub(super) query: String,
    pub(super) body: Bytes,
}

impl ReplyContext {
    /// A request of which nothing but its id is known.
    pub fn new(request: RequestId) -> ReplyContext {
        ReplyContext { request, operation: None, query: String::new(), body: Bytes::new() }
    }

    /// Whether the caller sent a field of this name: a member of the body, or a parameter of the query string. A member
    /// that is further inside goes by a path such as `operations[3].amount`. What is in the address is not asked for.
    pub fn was_sent(&self, name: &str) -> bool {
        self.in_query(name) || self.in_body(name)
    }

    fn in_query(&self, name: &str) -> bool {
        form_urlencoded::parse(self.query.as_bytes()).any(|(key, _)| key.trim_end_matches("[]") == name)
    }

    /// Reads the body again: only refusals ask, and most of them never do.
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
    fn a_field_counts_as_sent_wherever_it_stands() {
        let body = br#"{"accountId":1,"empty":null,"operations":[{},{"amount":"5"}]}"#;
        let query = "page=2&id[]=7&with%20blank=".to_owned();
        let request = RequestId::from(Uuid::nil());
        let context = ReplyContext { operation: None, request, query, body: Bytes::from_static(body) };
        for name in ["accountId", "empty", "operations", "operations[1].amount", "page", "id", "with blank"] {
            assert!(context.was_sent(name), "{name}");
        }
        for name in ["amount", "operations[0].amount", "operations[2]", "accountid", "pag", ""] {
            assert!(!context.was_sent(name), "{name}");
        }
        assert!(!ReplyContext { body: Bytes::from_static(b"{\"a\":1"), ..context }.was_sent("a"));
    }
}
