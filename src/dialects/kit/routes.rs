//! Route tables: the operation for each method and path, and what a call to it requires.

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
    /// Anyone whose network is on the allow list.
    Open,
    /// Any authenticated caller; the use case checks the rights.
    Caller,
    /// Callers with this right; others are refused before their body is read. The use case checks it again.
    Needs(Right),
}

impl From<Right> for Access {
    fn from(right: Right) -> Self {
        Access::Needs(right)
    }
}

/// How a write treats an idempotency key. Reads never take one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyPolicy {
    /// With a key, a repeated call gets the first outcome.
    Optional,
    /// As `Optional`, and a call without a key is refused.
    Required,
    /// The key is ignored: every call takes effect, such as issuing a token.
    Ignored,
}

type Answer = Pin<Box<dyn Future<Output = Result<Reply, Rejection>>>>;

/// A route's handler: any async function from [`Call`] to [`Reply`].
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
    /// Relative to the mount, with `{name}` for path parameters.
    pub path: &'static str,
    /// An identifier such as `open_account`. Aliases of a route share it.
    pub operation: &'static str,
    pub access: Access,
    pub key_policy: KeyPolicy,
    /// The body limit, as a multiple of `server.body_limit_bytes`.
    pub body_limit_factor: usize,
    /// Routes that move money refuse unknown members of the body; others ignore them.
    pub unknown_members: UnknownMembers,
    handler: Arc<dyn Handler>,
}

impl Route {
    pub(super) fn answer(&self, call: Call) -> Answer {
        self.handler.answer(call)
    }
}

/// A dialect's route table. A fixed segment takes precedence over a `{name}`, whatever their order.
#[derive(Clone, Default)]
pub struct Routes(Vec<Route>);

impl Routes {
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

    /// Changes the route added last.
    fn amend(mut self, change: impl FnOnce(&mut Route)) -> Routes {
        if let Some(route) = self.0.last_mut() {
            change(route);
        }
        self
    }

    /// Multiplies the body limit of the route added last.
    #[must_use]
    pub fn with_bodies_of(self, factor: usize) -> Routes {
        self.amend(|route| route.body_limit_factor = factor)
    }

    /// Makes the route added last ignore idempotency keys.
    #[must_use]
    pub fn ignoring_keys(self) -> Routes {
        self.amend(|route| route.key_policy = KeyPolicy::Ignored)
    }

    /// Makes the route added last refuse calls without an idempotency key.
    #[must_use]
    pub fn requiring_keys(self) -> Routes {
        self.amend(|route| route.key_policy = KeyPolicy::Required)
    }

    /// Sets how the route added last treats unknown members of the body.
    #[must_use]
    pub fn unknown_members(self, unknown_members: UnknownMembers) -> Routes {
        self.amend(|route| route.unknown_members = unknown_members)
    }

    pub(super) fn into_vec(self) -> Vec<Route> {
        self.0
    }

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
