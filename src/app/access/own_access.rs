//! What operators do with their own access: change the password, list and revoke their tokens, log out.

use crate::app::access::{Attempt, AttemptBy, LoginOrigin, PasswordHash, Whose, subjects};
use crate::app::command::refusal_of_read;
use crate::app::{App, Caller, Command, Context, Failure, Query, View};
use crate::domain::access::{ObjectKind, Password, Principal, Right, TypedPassword};
use crate::domain::ids::{PrincipalSerial, TokenId};
use crate::domain::page::{Listing, Page, Part, Position};
use crate::domain::refusal::{Credentials, Field, Noun, Refusal};
use crate::domain::text;
pub use crate::store::{TokenKind, TokenRow};
use std::sync::Arc;

impl App {
    /// Changes the caller's own password. Ends all its other login tokens; the token of the call and long-lived tokens
    /// stay valid.
    ///
    /// Refusals: missing right; throttled together with logins; too many logins are waiting; wrong current password.
    pub async fn change_own_password(
        self: &Arc<App>,
        caller: &Caller,
        origin: LoginOrigin,
        current: TypedPassword,
        new: Password,
    ) -> Result<(), Refusal> {
        let principal = &caller.principal;
        principal.require(ChangeOwnPassword::RIGHT)?;
        let operator = self.store.read(|tx| Ok(tx.operator(principal.serial)?)).map_err(refusal_of_read)?;
        let operator = operator.ok_or(Refusal::Unauthenticated(Credentials::Unknown))?;
        let (folded, queue) = (text::fold(&operator.name), &self.hashers.operators);
        let checked = operator.password_hash;
        let whose = Some(Whose::Operator(principal.id));
        let attempt = Attempt { name: &folded, whose, by: AttemptBy::Caller(caller) };
        self.check_password(queue, &subjects(&folded, origin.address), &attempt, current, checked.clone())
            .await
            .map_err(not_current)?;
        let password = self.hash_in(queue, new).await?;
        self.execute(caller, None, ChangeOwnPassword { checked, password }).await.map(|_| ())
    }

    /// One page of the caller's own tokens that can still be used, in the order of creation.
    pub async fn own_tokens(self: &Arc<App>, caller: &Caller, page: Page) -> Result<Listing<TokenRow>, Refusal> {
        let (mut tokens, _) = self.ask(caller, ListOwnTokens { principal: caller.principal.serial, page }).await?;
        for token in &mut tokens.rows {
            token.last_used_at = self.principals.last_use(token.id).max(token.last_used_at);
        }
        Ok(tokens)
    }

    /// Revokes the token that the call was made with, and all others of the same sign-in.
    pub async fn log_out(self: &Arc<App>, caller: &Caller) -> Result<(), Refusal> {
        let token = caller.principal.token.ok_or(Refusal::Unauthenticated(Credentials::Unknown))?;
        self.execute(caller, None, LogOut { token }).await.map(|_| ())
    }
}

/// A wrong password does not end the session of a caller who has been authenticated.
fn not_current(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::Unauthenticated(Credentials::BadLogin) => {
            Refusal::invalid(Field::CurrentPassword, "not the current password")
        }
        other => other,
    }
}

/// Stores a new password after the current one was checked.
///
/// Refusals: the password was changed during the check.
struct ChangeOwnPassword {
    /// The hash that the current password was checked against.
    checked: Option<String>,
    password: PasswordHash,
}

impl Command for ChangeOwnPassword {
    type Outcome = ();
    const ACTION: &'static str = "operator.change_own_password";
    const RIGHT: Right = Right::ManageSelf;
    const CHANGES_ACCESS: bool = true;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let principal = &context.caller.principal;
        let present = context.tx.operator(principal.serial)?.filter(|operator| operator.disabled_at.is_none());
        if present.and_then(|operator| operator.password_hash) != self.checked {
            return Err(not_current(Refusal::Unauthenticated(Credentials::BadLogin)).into());
        }
        context.concerns(ObjectKind::Operator, principal.id.uuid());
        context.tx.set_operator_password(principal.serial, self.password.as_str())?;
        Ok(context.tx.revoke_logins_except(principal.token, principal.serial, context.now)?)
    }
}

/// The caller's own tokens.
struct ListOwnTokens {
    principal: PrincipalSerial,
    page: Page,
}

impl Query for ListOwnTokens {
    type Answer = Listing<TokenRow>;
    const RIGHT: Right = Right::ManageSelf;

    fn run(self, view: &View<'_>) -> Result<Listing<TokenRow>, Failure> {
        // An operator has tens of tokens; a program that logs in again and again may have hundreds.
        let mut tokens = view.tx.tokens_of(self.principal)?;
        tokens.retain(|token| token.is_usable(view.now));
        let total = tokens.len() as u64;
        let position = |token: &TokenRow| Position::of(token.serial);
        tokens.retain(|token| self.page.position().is_none_or(|shown| position(token) > shown));
        let offset = usize::try_from(self.page.offset()).unwrap_or(usize::MAX);
        let fetched = tokens.into_iter().skip(offset).take(self.page.fetched() as usize).collect();
        Ok(Part::cut(fetched, self.page.size(), position).of(total, self.page))
    }
}

/// Revokes one of the caller's own tokens, and all others of the same sign-in.
///
/// Refusals: no valid token of the caller has this id.
pub struct RevokeOwnToken {
    pub id: TokenId,
}

impl Command for RevokeOwnToken {
    type Outcome = ();
    const ACTION: &'static str = "token.revoke_own";
    const RIGHT: Right = Right::ManageSelf;
    const CHANGES_ACCESS: bool = true;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let own = context.tx.token(self.id)?.filter(|token| token.principal == context.caller.principal.serial);
        own.filter(|token| token.is_usable(context.clock_now)).ok_or(Refusal::not_found(Noun::Token))?;
        context.concerns(ObjectKind::Token, self.id.uuid());
        Ok(context.tx.revoke_sign_in(self.id, context.now)?)
    }
}

struct LogOut {
    token: TokenId,
}

impl Command for LogOut {
    type Outcome = ();
    const ACTION: &'static str = "logout";
    const RIGHT: Right = Right::ManageSelf;
    const CHANGES_ACCESS: bool = true;

    /// Everyone may revoke the token that they use, whatever its scopes.
    fn admit(&self, _principal: &Principal) -> Result<(), Refusal> {
        Ok(())
    }

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        context.concerns(ObjectKind::Token, self.token.uuid());
        Ok(context.tx.revoke_sign_in(self.token, context.now)?)
    }
}
