//! Replies: checks of successes and refusals, and amounts read digit by digit.

use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use ureq::http::HeaderMap;

#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// The request, for failure messages.
    pub(super) call: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    /// The request, for failure messages.
    pub(crate) fn call(&self) -> &str {
        &self.call
    }

    /// Asserts success and returns the body.
    #[track_caller]
    pub(crate) fn ok(self) -> Reply {
        assert_eq!(self.status, 200, "{}: {}", self.call, self.text);
        assert_eq!(self.header("content-type"), Some("application/json"), "{}", self.call);
        self
    }

    /// Asserts that the call waits for a second operator, and returns the request.
    #[track_caller]
    pub(crate) fn waits(self) -> Reply {
        assert_eq!(self.status, 202, "{}: {}", self.call, self.text);
        assert_eq!(self.text_at("state"), "PENDING", "{}", self.call);
        self
    }

    /// Asserts this refusal in the native dialect's envelope, with the status and code that `docs/api.md` gives for it.
    #[track_caller]
    pub(crate) fn refused(self, reason: &str) -> Reply {
        let (status, code) = status_and_code(reason);
        assert_eq!(self.status, status, "{reason}: {}: {}", self.call, self.text);
        assert_eq!(self.header("content-type"), Some("application/json"), "{}", self.call);
        let body = self.json();
        assert_eq!(body["details"][0]["reason"], reason, "{}: {}", self.call, self.text);
        assert_eq!(body["code"], code, "{reason}: {}: {}", self.call, self.text);
        assert!(!body["message"].as_str().unwrap().is_empty());
        assert_eq!(body["details"][0]["@type"], "type.googleapis.com/google.rpc.ErrorInfo", "{body}");
        assert_eq!(body["details"][1]["requestId"], self.header("x-request-id").unwrap(), "{body}");
        self
    }

    /// Asserts that the refusal names this field.
    #[track_caller]
    pub(crate) fn naming(self, field: impl AsRef<str>) -> Reply {
        assert_eq!(self.field(), field.as_ref(), "{}: {}", self.call, self.text);
        self
    }

    /// The field named by a refusal.
    #[track_caller]
    pub(crate) fn field(&self) -> String {
        self.json()["details"][0]["metadata"]["field"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Whether the reply was replayed from an earlier request.
    pub(crate) fn is_replayed(&self) -> bool {
        self.header("idempotency-replayed") == Some("true")
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{}: {error}: {}", self.call, self.text))
    }

    /// The string at a path such as `deals/0/id`.
    #[track_caller]
    pub(crate) fn text_at(&self, path: &str) -> String {
        serde_json::from_str(&self.digits(path)).unwrap_or_else(|error| panic!("{path}: {error}: {}", self.text))
    }

    /// The value at a path exactly as written: money must never pass through a binary float, not even in tests.
    #[track_caller]
    pub(crate) fn digits(&self, path: &str) -> String {
        let mut raw: Box<RawValue> = serde_json::from_str(&self.text).unwrap();
        for part in path.split('/') {
            raw = match part.parse::<usize>() {
                Ok(index) => serde_json::from_str::<Vec<Box<RawValue>>>(raw.get()).unwrap().swap_remove(index),
                Err(_) => serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(raw.get())
                    .unwrap()
                    .remove(part)
                    .unwrap_or_else(|| panic!("no {path} in {}", self.text)),
            };
        }
        raw.get().to_owned()
    }
}

/// Looks up a reason in the error table of `docs/api.md`, which tests/tidy compares with the code.
#[track_caller]
fn status_and_code(reason: &str) -> (u16, u64) {
    static TABLE: LazyLock<BTreeMap<&str, (u16, u64)>> = LazyLock::new(|| {
        let (_, after) = include_str!("../../../docs/api.md").split_once("<!-- table: errors -->").unwrap();
        let rows = after.lines().skip_while(|line| line.is_empty()).take_while(|line| line.starts_with('|')).skip(2);
        rows.map(|row| {
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect();
            (cells[0], (cells[1].parse().unwrap(), cells[2].parse().unwrap()))
        })
        .collect()
    });
    *TABLE.get(reason).unwrap_or_else(|| panic!("docs/api.md has no reason {reason}"))
}
