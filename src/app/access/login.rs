//! Login: exchanges a name and a password for a token.
//!
//! Passwords are checked before the command runs, off the writer's thread. The counter of failed attempts is an
//! exception to the rule that a refusal changes nothing: counting refusals is its purpose.

use crate::app::access::{Attempt, AttemptBy, FreshToken, HashingQueue, Subject, Whose, principal_of_operator};
use crate::app::command::refusal_of_read;
use crate::app::{App, Caller, Command, Context, Failure};
use crate::domain::access::{ObjectKind, Principal, Right, TypedPassword};
use crate::domain::clock::Moment;
use crate::domain::ids::{PrincipalSerial, RequestId, TokenId};
use crate::domain::refusal::{Credentials, Excess, Refusal};
use crate::domain::text;
use crate::store::{NewToken, PrincipalRow, TokenKind};
use std::net::IpAddr;
use std::sync::Arc;

/// The origin of a login attempt.
#[derive(Clone, Copy, Debug)]
pub struct LoginOrigin {
    pub address: IpAddr,
    pub request: RequestId,
}

impl LoginOrigin {
    pub(in crate::app) fn caller(self, principal: Principal) -> Caller {
        self.caller_for(Arc::new(principal))
    }

    pub(in crate::app) fn caller_for(self, principal: Arc<Principal>) -> Caller {
        let (address, request) = (Some(self.address), self.request);
        Caller { principal, address, machine_user: None, request, nonce: None }
    }
}

/// Stores the token of a login after its password was checked. The operator itself is the caller.
///
/// Refusals: the password was reset, or the operator disabled, during the check.
struct LogIn {
    token: NewToken,
    /// The hash that the password was checked against.
    checked: Option<String>,
}

impl Command for LogIn {
    type Outcome = ();
    const ACTION: &'static str = "login";
    /// Every role has this right: a login needs nothing but a password.
    const RIGHT: Right = Right::ReadReference;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let present = context.tx.operator(self.token.principal)?.filter(|operator| operator.disabled_at.is_none());
        if present.and_then(|operator| operator.password_hash) != self.checked {
            return Err(Refusal::Unauthenticated(Credentials::BadLogin).into());
        }
        context.concerns(ObjectKind::Token, self.token.id.uuid());
        Ok(context.tx.add_token(&self.token, context.now)?)
    }
}

impl App {
    /// Logs an operator in. Takes no idempotency key: each login makes a new token.
    ///
    /// Refusals: throttled; too many logins are waiting; wrong name or password.
    pub async fn log_in(
        self: &Arc<App>,
        name: &str,
        password: TypedPassword,
        origin: LoginOrigin,
    ) -> Result<FreshToken, Refusal> {
        let operator = self.check_operator(name, password, origin).await?;
        let (now, token) = (self.now(), FreshToken::new(self.randomness()));
        let id = TokenId::new(now, self.randomness());
        let end = now.plus_s(i64::from(self.settings.login_token_days) * 86_400);
        let new = login_token(id, operator.serial, &token, end);
        self.store_login(operator, new, origin).await?;
        Ok(token)
    }

    /// Finds the operator, if it may log in and the password is correct.
    pub(in crate::app) async fn check_operator(
        self: &Arc<App>,
        name: &str,
        password: TypedPassword,
        origin: LoginOrigin,
    ) -> Result<PrincipalRow, Refusal> {
        let folded = text::fold(name);
        let operator = self.store.read(|tx| Ok(tx.operator_by_name(&folded)?)).map_err(refusal_of_read)?;
        let whose = operator.as_ref().map(|operator| Whose::Operator(operator.id));
        let attempt = Attempt { name: &folded, whose, by: AttemptBy::Origin(origin) };
        let usable = operator.filter(|operator| operator.disabled_at.is_none());
        let hash = usable.as_ref().and_then(|operator| operator.password_hash.clone());
        let subjects = subjects(&folded, origin.address);
        self.check_password(&self.hashers.operators, &subjects, &attempt, password, hash).await?;
        usable.ok_or(Refusal::Unauthenticated(Credentials::BadLogin))
    }

    /// Stores the token of an operator whose password was checked.
    pub(in crate::app) async fn store_login(
        self: &Arc<App>,
        operator: PrincipalRow,
        token: NewToken,
        origin: LoginOrigin,
    ) -> Result<(), Refusal> {
        let checked = operator.password_hash.clone();
        let mut principal = principal_of_operator(operator);
        principal.token = Some(token.id);
        let caller = origin.caller(principal);
        self.execute(&caller, None, LogIn { token, checked }).await.map(|_| ())
    }

    /// Checks a password; the try counts for all subjects unless it is right. A name without a hash is refused after
    /// the same time and counts the same, so that neither tells whether the name exists. A failed try is recorded.
    pub(in crate::app) async fn check_password(
        self: &Arc<App>,
        queue: &HashingQueue,
        subjects: &[Subject<'_>],
        attempt: &Attempt<'_>,
        password: TypedPassword,
        hash: Option<String>,
    ) -> Result<(), Refusal> {
        let counted = match self.logins.enter(subjects, self.now()) {
            Ok(counted) => counted,
            Err(retry_after_s) => {
                self.note_failed_login(attempt).await;
                return Err(Refusal::Throttled { what: Excess::Logins, retry_after_s });
            }
        };
        match self.verify_password(queue, password, hash).await {
            Ok(true) => {
                counted.succeed();
                Ok(())
            }
            Ok(false) => {
                self.note_failed_login(attempt).await;
                Err(Refusal::Unauthenticated(Credentials::BadLogin))
            }
            Err(refusal) => {
                counted.give_back();
                Err(refusal)
            }
        }
    }
}

/// What tries at an operator's password are counted by. The name is folded for case-insensitive comparison.
pub(in crate::app) fn subjects(folded: &str, address: IpAddr) -> [Subject<'_>; 3] {
    [Subject::OperatorFrom(folded, address), Subject::Operator(folded), Subject::Address(address)]
}

/// A login token, without restrictions of its own.
pub(in crate::app) fn login_token(
    id: TokenId,
    principal: PrincipalSerial,
    token: &FreshToken,
    expires_at: Moment,
) -> NewToken {
    NewToken {
        id,
        principal,
        kind: TokenKind::Login,
        label: "login".into(),
        hash: token.hash().to_vec(),
        scopes: None,
        tags: None,
        networks: None,
        expires_at: Some(expires_at),
        refresh: None,
    }
}
