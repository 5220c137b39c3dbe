//! Query strings. They remember which names were asked for: what nobody asked for is a parameter that the call does not
//! have, and is refused instead of ignored. So a route declares its parameters by reading them.

use super::call::joined;
use super::nearest::nearest;
use super::rejection::Rejection;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// The parameters of a query string, decoded, in order.
#[derive(Debug, Default)]
pub struct QueryParams {
    sent: Vec<(String, String)>,
    known: RefCell<Vec<Known>>,
}

/// A name that was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Known {
    One(String),
    /// May be given several times, also as `name[]`.
    Many(String),
    /// The beginning of names that the caller chooses.
    Beginning(String),
}

impl Known {
    fn covers(&self, sent: &str) -> bool {
        match self {
            Known::One(name) => sent == name,
            Known::Many(name) => single(sent) == name,
            Known::Beginning(prefix) => sent.starts_with(prefix),
        }
    }

    /// The name, so that it can be compared with the one that was sent.
    fn name_like(&self, sent: &str) -> String {
        match self {
            Known::One(name) | Known::Many(name) => name.clone(),
            Known::Beginning(prefix) => format!("{prefix}{}", sent.split_once('.').map_or("…", |(_, rest)| rest)),
        }
    }
}

/// The name of a parameter without the `[]` that some clients append where it may be given several times.
fn single(sent: &str) -> &str {
    sent.strip_suffix("[]").unwrap_or(sent)
}

/// Parameters that a query string may have.
const PARAMS_MAX: usize = 1000;
/// Characters of an unknown name that are shown.
const SHOWN_MAX: usize = 100;

impl QueryParams {
    /// Reads a query string.
    pub fn parse(query: &str) -> Result<QueryParams, Rejection> {
        let sent: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().take(PARAMS_MAX + 1).collect();
        if sent.len() > PARAMS_MAX {
            return Err(Rejection::out_of_range("query", format!("at most {PARAMS_MAX} parameters")));
        }
        Ok(QueryParams { sent, known: RefCell::default() })
    }

    fn know(&self, name: Known) {
        let mut known = self.known.borrow_mut();
        if !known.contains(&name) {
            known.push(name);
        }
    }

    /// Refuses the first parameter that nobody has asked for so far.
    pub(super) fn refuse_unknown(&self) -> Result<(), Rejection> {
        let known = self.known.borrow();
        let is_unknown = |name: &&String| !known.iter().any(|known| known.covers(name));
        let Some(sent) = self.sent.iter().map(|(name, _)| name).find(is_unknown) else { return Ok(()) };
        let names: Vec<String> = known.iter().map(|known| known.name_like(sent)).collect();
        let quoted = |name: &String| format!("`{name}`");
        let advice = match nearest(sent, names.iter().map(String::as_str)) {
            Some(name) => format!("did you mean `{name}`?"),
            None if names.is_empty() => "this call takes none".to_owned(),
            None => format!("this call takes {}", names.iter().map(quoted).collect::<Vec<_>>().join(", ")),
        };
        let shown: String = sent.chars().take(SHOWN_MAX).collect();
        Err(Rejection::invalid(shown, format!("unknown parameter; {advice}")))
    }

    /// What was sent, but for these parameters, in the same form for the same values in any order.
    pub(super) fn without(&self, names: &[&str]) -> Vec<u8> {
        let is_meant = |(name, value): &&(String, String)| !value.is_empty() && !names.contains(&single(name));
        let mut sent: Vec<_> = self.sent.iter().filter(is_meant).map(|(name, value)| (single(name), value)).collect();
        sent.sort_unstable();
        joined(sent.into_iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]))
    }

    /// The value of a parameter that may be given once. An empty value counts as none.
    pub fn one(&self, name: &str) -> Result<Option<&str>, Rejection> {
        self.know(Known::One(name.to_owned()));
        self.once(name)
    }

    fn once(&self, name: &str) -> Result<Option<&str>, Rejection> {
        let mut values = self.sent.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let first = values.next();
        if values.next().is_some() {
            return Err(Rejection::invalid(name, "given more than once"));
        }
        Ok(first.filter(|value| !value.is_empty()))
    }

    /// A parameter that says whether the call is meant: true or false, and false if it is not there. Any other spelling of
    /// it or its value is refused, because whoever wrote it did not mean what a call without it does.
    pub fn switch(&self, name: &str) -> Result<bool, Rejection> {
        self.know(Known::One(name.to_owned()));
        let plain = |text: &str| text.replace(['-', '_'], "").to_lowercase();
        let mut found = self.sent.iter().filter(|(key, _)| plain(key) == plain(name));
        match (found.next(), found.next()) {
            (None, _) => Ok(false),
            (Some(_), Some(_)) => Err(Rejection::invalid(name, "given more than once")),
            (Some((key, value)), None) => match value.as_str() {
                "true" if key == name => Ok(true),
                "false" if key == name => Ok(false),
                _ => Err(Rejection::invalid(name, format!("{name}=true or {name}=false"))),
            },
        }
    }

    /// All values of a parameter that may be given several times, as `name` or as `name[]`.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.know(Known::Many(name.to_owned()));
        self.sent.iter().filter(move |(key, _)| single(key) == name).map(|(_, value)| value.as_str())
    }

    /// The values of all parameters whose name begins like this, by the rest of the name. Each may be given once, and an
    /// empty value counts as none.
    pub fn members(&self, prefix: &str) -> Result<BTreeMap<String, String>, Rejection> {
        self.know(Known::Beginning(prefix.to_owned()));
        let mut members = BTreeMap::new();
        for (name, _) in self.sent.iter().filter(|(name, _)| name.starts_with(prefix)) {
            let rest = &name[prefix.len()..];
            if rest.is_empty() {
                return Err(Rejection::invalid(name, "a name is missing after the point"));
            }
            if let Some(value) = self.once(name)? {
                members.insert(rest.to_owned(), value.to_owned());
            }
        }
        Ok(members)
    }

    /// A whole number that may be given once. One that does not fit is larger than any range, so it reads as the largest.
    pub fn number(&self, name: &str) -> Result<Option<u64>, Rejection> {
        let Some(text) = self.one(name)? else { return Ok(None) };
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Rejection::invalid(name, "not a whole number"));
        }
        if text.starts_with('-') {
            return Ok(Some(0)); // no range here includes zero, so it is refused with the range
        }
        Ok(Some(text.parse().unwrap_or(u64::MAX)))
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
    fn what_nobody_asked_for_is_refused_with_the_nearest_name() {
        assert_eq!(refused("pgae=1"), "pgae: unknown parameter; did you mean `page`?");
        assert_eq!(refused("metadata.a=1&page[]=1"), "page[]: unknown parameter; did you mean `page`?");
        assert_eq!(refused("metdata.vip=1"), "metdata.vip: unknown parameter; did you mean `metadata.vip`?");
        assert_eq!(refused("cursor="), "cursor: unknown parameter; this call takes `page`, `id`, `metadata.…`");
        let none = QueryParams::parse("x").unwrap().refuse_unknown().unwrap_err().to_string();
        assert_eq!(none, "x: unknown parameter; this call takes none");
        assert!(refused(&"x".repeat(30_000)).len() < 300);
    }

    #[test]
    fn what_may_be_repeated_may_have_brackets() {
        let params = QueryParams::parse("id=a&id[]=b&id%5B%5D=c&metadata.=").unwrap();
        assert_eq!(params.all("id").collect::<Vec<_>>(), ["a", "b", "c"]);
        assert!(params.members("metadata.").is_err());
        params.refuse_unknown().unwrap();
    }
}
