//! Query strings.

use super::rejection::Rejection;
use std::collections::BTreeMap;

/// The parameters of a query string, decoded, in order.
#[derive(Clone, Debug, Default)]
pub struct QueryParams(Vec<(String, String)>);

/// Parameters that a query string may have.
const PARAMS_MAX: usize = 1000;

impl QueryParams {
    /// Reads a query string.
    pub fn parse(query: &str) -> Result<QueryParams, Rejection> {
        let params: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().take(PARAMS_MAX + 1).collect();
        if params.len() > PARAMS_MAX {
            return Err(Rejection::out_of_range("query", format!("at most {PARAMS_MAX} parameters")));
        }
        Ok(QueryParams(params))
    }

    /// The value of a parameter that may be given once. An empty value counts as none.
    pub fn one(&self, name: &str) -> Result<Option<&str>, Rejection> {
        let mut values = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let first = values.next();
        if values.next().is_some() {
            return Err(Rejection::invalid(name, "given more than once"));
        }
        Ok(first.filter(|value| !value.is_empty()))
    }

    /// A parameter that says whether the call is meant: true or false, and false if it is not there. Any other spelling of
    /// it or its value is refused, because whoever wrote it did not mean what a call without it does.
    pub fn switch(&self, name: &str) -> Result<bool, Rejection> {
        let plain = |text: &str| text.replace(['-', '_'], "").to_lowercase();
        let mut found = self.0.iter().filter(|(key, _)| plain(key) == plain(name));
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

    /// All values of a parameter.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The values of all parameters whose name begins like this, by the rest of the name. Each may be given once, and an
    /// empty value counts as none.
    pub fn members(&self, prefix: &str) -> Result<BTreeMap<String, String>, Rejection> {
        let mut members = BTreeMap::new();
        for (name, _) in self.0.iter().filter(|(name, _)| name.starts_with(prefix)) {
            let rest = &name[prefix.len()..];
            if rest.is_empty() {
                return Err(Rejection::invalid(name, "a name is missing after the point"));
            }
            if let Some(value) = self.one(name)? {
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
