//! Builds the JSON of a record.

/// An object with texts as members, in the order in which they are added.
pub(super) struct Event(Vec<u8>);

impl Default for Event {
    fn default() -> Self {
        let mut event = Event(Vec::with_capacity(384));
        event.0.push(b'{');
        event
    }
}

impl Event {
    pub(super) fn new(kind: &str) -> Event {
        Event::default().text("kind", kind)
    }

    pub(super) fn text(mut self, name: &str, value: &str) -> Event {
        self.member(name, value);
        self
    }

    /// Leaves out what is not there.
    pub(super) fn maybe(self, name: &str, value: Option<impl AsRef<str>>) -> Event {
        match value {
            Some(value) => self.text(name, value.as_ref()),
            None => self,
        }
    }

    pub(super) fn list<'a>(mut self, name: &str, values: impl Iterator<Item = &'a str>) -> Event {
        self.name(name);
        self.0.push(b'[');
        for value in values {
            if self.0.last() != Some(&b'[') {
                self.0.push(b',');
            }
            self.quoted(value);
        }
        self.0.push(b']');
        self
    }

    /// Adds JSON as it is.
    pub(super) fn json(mut self, name: &str, json: &str) -> Event {
        self.name(name);
        self.0.extend_from_slice(json.as_bytes());
        self
    }

    /// Adds an object of those that are there; nothing if none is.
    pub(super) fn object(mut self, name: &str, members: &[(impl AsRef<str>, Option<String>)]) -> Event {
        if members.iter().any(|(_, value)| value.is_some()) {
            self.name(name);
            self.0.push(b'{');
            for (name, value) in members {
                if let Some(value) = value {
                    self.member(name.as_ref(), value);
                }
            }
            self.0.push(b'}');
        }
        self
    }

    pub(super) fn finish(mut self) -> String {
        self.0.push(b'}');
        String::from_utf8(self.0).unwrap_or_default()
    }

    fn name(&mut self, name: &str) {
        if self.0.last() != Some(&b'{') {
            self.0.push(b',');
        }
        self.quoted(name);
        self.0.push(b':');
    }

    fn member(&mut self, name: &str, value: &str) {
        self.name(name);
        self.quoted(value);
    }

    fn quoted(&mut self, text: &str) {
        // Fails only if the writer does, and memory does not.
        let _ = serde_json::to_writer(&mut self.0, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_json() {
        let event = Event::new("balance")
            .text("comment", "a \"b\"\n")
            .maybe("symbol", None::<String>)
            .json("sequence", "17")
            .object("booked", &[("profit", None), ("swap", Some("-1.5".into()))])
            .object("empty", &[("x", None)])
            .list("tags", ["a", "b"].into_iter())
            .finish();
        let expected =
            r#"{"kind":"balance","comment":"a \"b\"\n","sequence":17,"booked":{"swap":"-1.5"},"tags":["a","b"]}"#;
        assert_eq!(event, expected);
    }
}
