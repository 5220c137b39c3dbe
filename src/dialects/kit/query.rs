//! Parses query strings and refuses unknown parameters. A handler declares its parameters by reading them: any
//! parameter that it has not read is unknown, and is refused instead of ignored.

use super::call::length_prefixed;
use super::nearest::nearest;
use super::rejection::Rejection;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// The decoded parameters of a query string, in the order sent.
#[derive(Debug, Default)]
pub struct QueryParams {
    sent: Vec<(String, String)>,
    known: RefCell<Vec<Known>>,
}

/// A parameter that the handler has read.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Known {
    One(String),
    /// May be repeated, also as `name[]`.
    Many(String),
    /// A prefix, followed by a name that the caller chooses.
    Prefix(String),
    /// Takes no value but the default, so that it is not worth naming.
    Unnamed(String),
}

impl Known {
    fn covers(&self, sent: &str) -> bool {
        match self {
            Known::One(name) | Known::Unnamed(name) => sent == name,
            Known::Many(name) => without_brackets(sent) == name,
            Known::Prefix(prefix) => sent.starts_with(prefix),
        }
    }

    /// The full name to compare with the one sent and to show to the caller.
    fn name_like(&self, sent: &str) -> String {
        match self {
            Known::One(name) | Known::Many(name) | Known::Unnamed(name) => name.clone(),
            Known::Prefix(prefix) => format!("{prefix}{}", sent.split_once('.').map_or("…", |(_, rest)| rest)),
        }
    }
}

/// Strips the `[]` that some clients append to the name of a repeatable parameter.
fn without_brackets(sent: &str) -> &str {
    sent.strip_suffix("[]").unwrap_or(sent)
}

/// The most parameters that a query string may have.
const PARAMS_MAX: usize = 1000;
/// The most characters of an unknown name that a message quotes.
const SHOWN_MAX: usize = 100;

impl QueryParams {
    pub fn parse(query: &str) -> Result<QueryParams, Rejection> {
        let sent: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().take(PARAMS_MAX + 1).collect();
        if sent.len() > PARAMS_MAX {
            return Err(Rejection::out_of_range("query", format!("at most {PARAMS_MAX} parameters")));
        }
        Ok(QueryParams { sent, known: RefCell::default() })
    }

    fn declare(&self, name: Known) {
        let mut known = self.known.borrow_mut();
        let is_unnamed = |known: &Known| matches!((known, &name), (Known::Unnamed(it), Known::One(name)) if it == name);
        if !known.iter().any(|known| *known == name || is_unnamed(known)) {
            known.push(name);
        }
    }

    /// Leaves a parameter out of what refusals say about the parameters of the call.
    pub(super) fn leave_unnamed(&self, name: &str) {
        self.declare(Known::Unnamed(name.to_owned()));
    }

    /// Refuses the first parameter that the handler has not read so far.
    pub(super) fn refuse_unknown(&self) -> Result<(), Rejection> {
        let known = self.known.borrow();
        let is_unknown = |name: &&String| !known.iter().any(|known| known.covers(name));
        let Some(sent) = self.sent.iter().map(|(name, _)| name).find(is_unknown) else { return Ok(()) };
        let named = known.iter().filter(|known| !matches!(known, Known::Unnamed(_)));
        let names: Vec<String> = named.map(|known| known.name_like(sent)).collect();
        let quoted = |name: &String| format!("`{name}`");
        let advice = match nearest(sent, names.iter().map(String::as_str)) {
            Some(name) => format!("did you mean `{name}`?"),
            None if names.is_empty() => "this call takes none".to_owned(),
            None => format!("this call takes {}", names.iter().map(quoted).collect::<Vec<_>>().join(", ")),
        };
        let shown: String = sent.chars().take(SHOWN_MAX).collect();
        Err(Rejection::invalid(shown, format!("unknown parameter; {advice}")))
    }

    /// Refuses the first parameter without a value, or with a blank one.
    pub fn refuse_empty(&self) -> Result<(), Rejection> {
        let empty = self.sent.iter().find(|(_, value)| value.trim().is_empty());
        empty.map_or(Ok(()), |(name, _)| Err(Rejection::invalid(name.as_str(), "has no value")))
    }

    /// All parameters except these, in a canonical form that does not depend on their order.
    pub(super) fn without(&self, names: &[&str]) -> Vec<u8> {
        let is_kept = |(name, _): &&(String, String)| !names.contains(&without_brackets(name));
        let kept = self.sent.iter().filter(is_kept);
        let mut sent: Vec<_> = kept.map(|(name, value)| (without_brackets(name), value)).collect();
        sent.sort_unstable();
        length_prefixed(sent.into_iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]))
    }

    /// The value of a parameter that may be given once. An empty value counts as `None`.
    pub fn one(&self, name: &str) -> Result<Option<&str>, Rejection> {
        Ok(self.given(name)?.filter(|value| !value.is_empty()))
    }

    /// The same, but an empty value is a value.
    pub fn given(&self, name: &str) -> Result<Option<&str>, Rejection> {
        self.declare(Known::One(name.to_owned()));
        self.once(name)
    }

    fn once(&self, name: &str) -> Result<Option<&str>, Rejection> {
        let mut values = self.sent.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let first = values.next();
        if values.next().is_some() {
            return Err(Rejection::invalid(name, "given more than once"));
        }
        Ok(first)
    }

    /// A `true` or `false` parameter; false if it is absent. Other spellings of its name or value, such as `dry_run=1`,
    /// are refused: the caller meant to set it, and ignoring it would run the call for real.
    pub fn switch(&self, name: &str) -> Result<bool, Rejection> {
        self.declare(Known::One(name.to_owned()));
        let plain = |text: &str| text.replace(['-', '_'], "").to_lowercase();
        let mut found = self.sent.iter().filter(|(key, _)| plain(key) == plain(name));
        match (found.next(), found.next()) {
            (None, _) => Ok(false),
            (Some(_), Some(_)) => Err(Rejection::invalid(name, "given more than once")),
            (Some((key, value)), None) => match value.as_str() {
                "true" if key == name => Ok(true),
                "false" if key == name => Ok(false),
                _ => Err(Rejection::invalid(key.as_str(), format!("send {name}=true or {name}=false"))),
            },
        }
    }

    /// All values of a repeatable parameter, sent as `name` or `name[]`.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.declare(Known::Many(name.to_owned()));
        self.sent.iter().filter(move |(key, _)| without_brackets(key) == name).map(|(_, value)| value.as_str())
    }

    /// The values of all parameters with this prefix, by the rest of the name. Each may be given once; empty values are
    /// left out.
    pub fn members(&self, prefix: &str) -> Result<BTreeMap<String, String>, Rejection> {
        let mut members = self.members_given(prefix)?;
        members.retain(|_, value| !value.is_empty());
        Ok(members)
    }

    /// The same, but an empty value is a value.
    pub fn members_given(&self, prefix: &str) -> Result<BTreeMap<String, String>, Rejection> {
        self.declare(Known::Prefix(prefix.to_owned()));
        let mut members = BTreeMap::new();
        for (name, _) in self.sent.iter().filter(|(name, _)| name.starts_with(prefix)) {
            let rest = &name[prefix.len()..];
            if rest.is_empty() {
                return Err(Rejection::invalid(name, "a name is missing after the dot"));
            }
            if let Some(value) = self.once(name)? {
                members.insert(rest.to_owned(), value.to_owned());
            }
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(query: &str) -> String {
        let params = QueryParams::parse(query).unwrap();
        params.one("page").unwrap();
        assert_eq!(params.all("id").count(), 0);
        params.members("metadata.").unwrap();
        params.refuse_unknown().unwrap_err().to_string()
    }

    #[test]
    fn unknown_parameters_are_refused_with_the_nearest_name() {
        assert_eq!(refused("pgae=1"), "pgae: unknown parameter; did you mean `page`?");
        assert_eq!(refused("metadata.a=1&page[]=1"), "page[]: unknown parameter; did you mean `page`?");
        assert_eq!(refused("metdata.vip=1"), "metdata.vip: unknown parameter; did you mean `metadata.vip`?");
        assert_eq!(refused("cursor="), "cursor: unknown parameter; this call takes `page`, `id`, `metadata.…`");
        let none = QueryParams::parse("x").unwrap().refuse_unknown().unwrap_err().to_string();
        assert_eq!(none, "x: unknown parameter; this call takes none");
        assert!(refused(&"x".repeat(30_000)).len() < 300);
    }

    #[test]
    fn repeatable_parameters_may_have_brackets() {
        let params = QueryParams::parse("id=a&id[]=b&id%5B%5D=c&metadata.=").unwrap();
        assert_eq!(params.all("id").collect::<Vec<_>>(), ["a", "b", "c"]);
        assert!(params.members("metadata.").is_err());
        params.refuse_unknown().unwrap();
    }
}
