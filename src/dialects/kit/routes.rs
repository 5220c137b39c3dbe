//! Route tables: which method and path lead to which operation, and what a caller needs for it.

use super::call::Call;
use super::rejection::Rejection;
use super::reply::Reply;
use super::unknown::UnknownMembers;
use crate::domain::access::Right;
use actix_web::http::Method;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// Who may use a route.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Anyone whom the allow list admits.
    Open,
    /// Any authenticated caller; the use case asks for the rights that its parts need.
    Caller,
    /// Callers with this right; others are refused before their body is read. The use case asks again.
    Needs(Right),
}

impl From<Right> for Access {
    fn from(right: Right) -> Self {
        Access::Needs(right)
    }
}

/// What a route does with the key under which a call may be repeated. Reads never have one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyPolicy {
    /// With a key, a repeated call gets the first outcome again.
    Optional,
    /// The same, and a call without a key is refused.
    Required,
    /// A key is not looked at: each call issues a new token, or takes effect anew.
    Ignored,
}

type Answer = Pin<Box<dyn Future<Output = Result<Reply, Rejection>>>>;

/// What answers the calls of a route: any async function from [`Call`] to [`Reply`].
pub trait Handler: Send + Sync + 'static {
    fn answer(&self, call: Call) -> Answer;
}

impl<F, A> Handler for F
where
    F: Fn(Call) -> A + Send + Sync + 'static,
    A: Future<Output = Result<Reply, Rejection>> + 'static,
{
    fn answer(&self, call: Call) -> Answer {
        Box::pin(self(call))
    }
}

#[derive(Clone)]
pub struct Route {
    pub method: Method,
    /// The path below the mount, with `{names}` between slashes.
    pub path: &'static str,
    /// What it does, as an identifier such as `open_account`. Aliases of a route share it.
    pub operation: &'static str,
    /// Who may use it.
    pub access: Access,
    /// What it does with an idempotency key.
    pub key_policy: KeyPolicy,
    /// Bodies may be this many times as large as `server.body_limit_bytes`.
    pub body_limit_factor: usize,
    /// What it does with members of the body that it does not know: refused where money is moved, else ignored.
    pub unknown_members: UnknownMembers,
    handler: Arc<dyn Handler>,
}

impl Route {
    pub(super) fn answer(&self, call: Call) -> Answer {
        self.handler.answer(call)
    }
}

/// A dialect's route table. Fixed words win over `{names}`, wherever they stand in it.
#[derive(Clone, Default)]
pub struct Routes(Vec<Route>);

impl Routes {
    /// Adds a route.
    #[must_use]
    pub fn on(
        mut self,
        method: Method,
        path: &'static str,
        operation: &'static str,
        access: impl Into<Access>,
        handler: impl Handler,
    ) -> Routes {
        let (access, handler) = (access.into(), Arc::new(handler));
        let key_policy = KeyPolicy::Optional;
        let unknown_members = match access {
            Access::Needs(Right::MoveFunds) => UnknownMembers::Refused,
            _ => UnknownMembers::Ignored,
        };
        self.0.push(Route {
            method,
            path,
            operation,
            access,
            key_policy,
            body_limit_factor: 1,
            unknown_members,
            handler,
        });
        self
    }

    /// Changes the route that was added last.
    fn amend(mut self, change: impl FnOnce(&mut Route)) -> Routes {
        if let Some(route) = self.0.last_mut() {
            change(route);
        }
        self
    }

    /// Lets bodies of the last route be this many times as large as others.
    #[must_use]
    pub fn with_bodies_of(self, factor: usize) -> Routes {
        self.amend(|route| route.body_limit_factor = factor)
    }

    /// Lets the last route ignore idempotency keys.
    #[must_use]
    pub fn ignoring_keys(self) -> Routes {
        self.amend(|route| route.key_policy = KeyPolicy::Ignored)
    }

    /// Lets the last route refuse calls without an idempotency key.
    #[must_use]
    pub fn requiring_keys(self) -> Routes {
        self.amend(|route| route.key_policy = KeyPolicy::Required)
    }

    /// Lets the last route refuse members of the body that it does not know, or ignore them.
    #[must_use]
    pub fn unknown_members(self, unknown_members: UnknownMembers) -> Routes {
        self.amend(|route| route.unknown_members = unknown_members)
    }

    pub(super) fn into_vec(self) -> Vec<Route> {
        self.0
    }

    /// All routes, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = &Route> {
        self.0.iter()
    }
}

/// A method of [`Routes`] for each HTTP method.
macro_rules! methods {
    ($($name:ident = $method:ident),+) => {
        impl Routes {
            $(
                #[doc = concat!("Adds a ", stringify!($method), " route.")]
                #[must_use]
                pub fn $name(
                    self,
                    path: &'static str,
                    operation: &'static str,
                    access: impl Into<Access>,
                    handler: impl Handler,
                ) -> Routes {
                    self.on(Method::$method, path, operation, access, handler)
                }
            )+
        }
    };
}

methods! { get = GET, post = POST, put = PUT, patch = PATCH, delete = DELETE }
