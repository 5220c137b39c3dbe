//! Logging in: a name and a password against a token.

use crate::app::access::FreshToken;
use crate::app::command::refusal_of_read;
use crate::app::{App, Failure, refusal_of};
use crate::domain::ids::{RequestId, TokenId};
use crate::domain::refusal::{Credentials, Excess, Refusal};
use crate::domain::text;
use crate::store::{AuditRow, NewToken, TokenKind};
use std::net::IpAddr;
use std::sync::Arc;

impl App {
    /// Logs an operator in. Not repeatable by an idempotency key: each login makes a new token.
    ///
    /// Refusals: throttled, wrong name or password. Wrong tries are counted by name and by address.
    pub async fn log_in(
        self: &Arc<App>,
        name: &str,
        password: String,
        address: IpAddr,
        request: RequestId,
    ) -> Result<FreshToken, Refusal> {
        let folded = text::fold(name);
        let by_name = format!("operator:{folded}");
        let operator = self.store.read(|tx| Ok(tx.operator_by_name(&folded)?)).map_err(refusal_of_read)?;
        let usable = operator.filter(|operator| operator.disabled_at.is_none());
        let hash = usable.as_ref().and_then(|operator| operator.password_hash.clone());
        self.check_login(&by_name, address, password, hash).await?;
        let operator = usable.ok_or(Refusal::Unauthenticated(Credentials::BadLogin))?;

        let (now, checked) = (self.now(), operator.password_hash);
        let token = FreshToken::new(self.randomness());
        let new = NewToken {
            id: TokenId::new(now, self.randomness()),
            principal: operator.serial,
            kind: TokenKind::Login,
            label: "login".into(),
            hash: token.hash().to_vec(),
            scopes: None,
            tags: None,
            networks: None,
            expires_at: Some(now.plus_s(i64::from(self.settings.login_token_days) * 86_400)),
        };
        let mut ticket = self
            .store
            .submit(move |tx| {
                // The password may have been reset, or the operator disabled, while it was checked.
                let present = tx.operator(new.principal)?.filter(|operator| operator.disabled_at.is_none());
                if present.and_then(|operator| operator.password_hash) != checked {
                    return Err(Refusal::Unauthenticated(Credentials::BadLogin).into());
                }
                tx.add_token(&new, now)?;
                tx.append_audit(&AuditRow {
                    at: now,
                    principal: new.principal,
                    token: Some(new.id),
                    action: "login",
                    object: None,
                    request: Some(request),
                    address: Some(address),
                    events: None,
                })?;
                Ok::<_, Failure>(())
            })
            .map_err(refusal_of)?;
        ticket.answer().await.map_err(refusal_of)??;
        Ok(token)
    }

    /// Checks a password, and counts wrong tries by subject and by address.
    pub(in crate::app) async fn check_login(
        &self,
        subject: &str,
        address: IpAddr,
        password: String,
        hash: Option<String>,
    ) -> Result<(), Refusal> {
        let subjects = [subject.to_owned(), format!("address:{address}")];
        if let Some(retry_after_s) = self.logins.wait_s(&subjects, self.now()) {
            return Err(Refusal::Throttled { what: Excess::Logins, retry_after_s });
        }
        if self.verify_password(password, hash).await? {
            // Only the name: one's own account must not give back tries at those of others.
            self.logins.right(subject);
            Ok(())
        } else {
            self.logins.wrong(&subjects, self.now());
            Err(Refusal::Unauthenticated(Credentials::BadLogin))
        }
    }
}
