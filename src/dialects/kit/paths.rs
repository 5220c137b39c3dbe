//! Finds the route for a method and a path.

use super::routes::{Route, Routes};
use actix_web::http::Method;
use std::borrow::Cow;

/// How the paths of a dialect are matched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PathMatching {
    /// Matches byte for byte.
    Exact,
    /// Ignores ASCII case, empty segments and a trailing slash. Path parameters keep their case.
    Lenient,
}

impl PathMatching {
    /// Removes empty segments and a trailing slash, if they are ignored; keeps the case.
    fn trim(self, path: &str) -> Cow<'_, str> {
        let is_plain = !path.contains("//") && !path.ends_with('/');
        match self {
            PathMatching::Lenient if !is_plain => Cow::Owned(
                path.split('/').filter(|part| !part.is_empty()).fold(String::new(), |path, part| path + "/" + part),
            ),
            _ => Cow::Borrowed(path),
        }
    }

    /// The form of a path used for the lookup: in lower case if case is ignored.
    fn key(self, path: &str) -> Cow<'_, str> {
        match self {
            PathMatching::Lenient if path.bytes().any(|byte| byte.is_ascii_uppercase()) => {
                Cow::Owned(path.to_ascii_lowercase())
            }
            _ => Cow::Borrowed(path),
        }
    }
}

/// Path parameters: the name in the route table, and the value.
pub(super) type PathValues = Vec<(&'static str, String)>;

/// All routes of one path.
struct Resource {
    path: &'static str,
    methods: Vec<Route>,
}

/// The search structure built from a route table.
pub(super) struct Router {
    matching: PathMatching,
    tree: matchit::Router<usize>,
    resources: Vec<Resource>,
}

pub(super) enum Found<'r> {
    Route(&'r Route, PathValues),
    /// The path exists, but not with this method. Lists the methods for the `Allow` header.
    OtherMethods(Vec<&'static str>),
    Nothing,
}

impl Router {
    /// Fails if two paths match the same requests.
    pub(super) fn new(routes: Routes, matching: PathMatching) -> Result<Router, matchit::InsertError> {
        let mut router = Router { matching, tree: matchit::Router::new(), resources: Vec::new() };
        for route in routes.into_vec() {
            match router.resources.iter_mut().find(|resource| resource.path == route.path) {
                Some(resource) => resource.methods.push(route),
                None => {
                    router.tree.insert(matching.key(route.path), router.resources.len())?;
                    router.resources.push(Resource { path: route.path, methods: vec![route] });
                }
            }
        }
        Ok(router)
    }

    pub(super) fn find(&self, method: &Method, path: &str) -> Found<'_> {
        let path = self.matching.trim(path);
        let key = self.matching.key(&path);
        let Ok(found) = self.tree.at(&key) else { return Found::Nothing };
        let resource = &self.resources[*found.value];
        match resource.methods.iter().find(|route| route.method == *method) {
            Some(route) => Found::Route(route, values(route.path, &path)),
            None => Found::OtherMethods(resource.allowed()),
        }
    }
}

/// The path parameters of a path that matches the pattern.
fn values(pattern: &'static str, path: &str) -> PathValues {
    let name = |part: &'static str| part.strip_prefix('{')?.strip_suffix('}');
    let parts = pattern.split('/').zip(path.split('/'));
    parts.filter_map(|(part, value)| Some((name(part)?, value.to_owned()))).collect()
}

impl Resource {
    fn allowed(&self) -> Vec<&'static str> {
        let has = |name: &str| self.methods.iter().any(|route| route.method.as_str() == name);
        let names = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"].into_iter();
        names.filter(|name| has(if *name == "HEAD" { "GET" } else { name })).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialects::kit::Rejection;
    use crate::dialects::kit::{Access, Call};

    fn router(matching: PathMatching) -> Router {
        let handler = |_: Call| async { Err(Rejection::UnknownRoute) };
        let routes = Routes::default()
            .get("/accounts", "list", Access::Open, handler)
            .post("/accounts", "open", Access::Open, handler)
            .get("/accounts/{id}", "get", Access::Open, handler)
            .get("/accounts/fresh", "fresh", Access::Open, handler)
            .patch("/accounts/{id}/Name", "rename", Access::Open, handler)
            .get("/accounts/{id}/deals/{deal}", "deal", Access::Open, handler);
        Router::new(routes, matching).unwrap()
    }

    /// The operation and the path parameters (`name=value`) of the route found.
    fn found(matching: PathMatching, method: &Method, path: &str) -> Option<(&'static str, Vec<String>)> {
        match router(matching).find(method, path) {
            Found::Route(route, values) => {
                Some((route.operation, values.into_iter().map(|(name, value)| format!("{name}={value}")).collect()))
            }
            Found::OtherMethods(_) | Found::Nothing => None,
        }
    }

    fn get(path: &str) -> Option<(&'static str, Vec<String>)> {
        found(PathMatching::Exact, &Method::GET, path)
    }

    #[test]
    fn fixed_words_win_over_names() {
        assert_eq!(get("/accounts"), Some(("list", vec![])));
        assert_eq!(get("/accounts/fresh"), Some(("fresh", vec![])));
        assert_eq!(get("/accounts/7"), Some(("get", vec!["id=7".into()])));
        assert_eq!(get("/accounts/fresh/deals/a b"), Some(("deal", vec!["id=fresh".into(), "deal=a b".into()])));
    }

    #[test]
    fn a_path_is_matched_as_a_whole() {
        let others = ["", "/", "/accounts/", "accounts", "/account", "/accounts/7/", "/accounts/7/deals", "//accounts"];
        for path in others.into_iter().chain(["/Accounts", "/accounts//deals/1", "/accounts/7/deals/"]) {
            assert_eq!(get(path), None, "{path}");
        }
    }

    #[test]
    fn lenient_matching_ignores_case_but_parameters_keep_theirs() {
        let lenient = |method, path| found(PathMatching::Lenient, method, path);
        assert_eq!(lenient(&Method::GET, "/ACCOUNTS/aB"), Some(("get", vec!["id=aB".into()])));
        assert_eq!(lenient(&Method::PATCH, "//accounts/X1/name/"), Some(("rename", vec!["id=X1".into()])));
        assert_eq!(
            lenient(&Method::GET, "/Accounts/X1//Deals/Q"),
            Some(("deal", vec!["id=X1".into(), "deal=Q".into()]))
        );
        assert_eq!(lenient(&Method::GET, "/nothing"), None);
    }

    #[test]
    fn other_methods_are_listed() {
        let allowed = |path| match router(PathMatching::Exact).find(&Method::DELETE, path) {
            Found::OtherMethods(allowed) => allowed,
            Found::Route(..) | Found::Nothing => Vec::new(),
        };
        assert_eq!(allowed("/accounts"), ["GET", "HEAD", "POST"]);
        assert_eq!(allowed("/accounts/7/Name"), ["PATCH"]);
        assert_eq!(allowed("/nothing"), [""; 0]);
    }

    #[test]
    fn ambiguous_paths_are_an_error() {
        let handler = |_: Call| async { Err(Rejection::UnknownRoute) };
        let routes = || {
            Routes::default().get("/a/{id}", "a", Access::Open, handler).get("/a/{name}", "b", Access::Open, handler)
        };
        assert!(Router::new(routes(), PathMatching::Exact).is_err());
    }
}
