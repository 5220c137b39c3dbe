//! Closing an account by paying out its balance to an account elsewhere.

use crate::app::accounts::{find_as, publish_account_state, refuse_children};
use crate::app::bank::{admit_client, admit_new_reference, find_external};
use crate::app::ledger::{MovementRequest, admit_external, request_withdrawal};
use crate::app::{Command, Context, Failure};
use crate::domain::access::Right;
use crate::domain::accounts::Lifecycle;
use crate::domain::events::EventType;
use crate::domain::ids::{AccountId, ExternalAccountId, ProfileId};
use crate::domain::ledger::Movement;
use crate::domain::money::{Amount, DecimalText, ExtraDecimals};
use crate::domain::refusal::{Field, Refusal, Remainder};

/// Begins to close an account whose whole balance goes to an account elsewhere; it is archived when that is paid. It
/// may take a second operator.
///
/// Refusals: unknown, or not the client's; the client may only read it; another state; accounts are nested in it;
/// holds, deposits under way, positions, orders; no balance, or below zero; the account elsewhere is unknown or not
/// verified; reference used for another payment; whatever refuses a withdrawal.
pub struct CloseToExternal {
    pub client: ProfileId,
    pub account: AccountId,
    pub to: ExternalAccountId,
    /// Why; may be empty.
    pub reason: String,
    /// The caller's own id of the payment.
    pub reference: Option<String>,
}

impl Command for CloseToExternal {
    type Outcome = Movement;
    const ACTION: &'static str = "account.close_to_external";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<Movement, Failure> {
        context.caller.principal.require(Right::MoveFunds)?;
        let account = find_as(context, self.account, Field::Account)?;
        admit_client(context, &account, self.client, Field::Account)?;
        let external = find_external(context, self.to)?;
        admit_external(context, &account, &external, self.client)?;
        admit_new_reference(context, self.reference.as_deref())?;
        if account.lifecycle != Lifecycle::Active {
            return Err(Refusal::AccountState(account.lifecycle).into());
        }
        refuse_children(context, &account)?;
        let balance = account.balances.balance;
        if !balance.is_positive() {
            return Err(Refusal::NotEmpty(Remainder::Balance).into());
        }
        let mut emptied = account.clone();
        emptied.balances.balance = Amount::ZERO;
        emptied.admit_archiving()?;
        context.tx.set_lifecycle(account.book, Lifecycle::Closing, context.now)?;
        publish_account_state(context, account.id, EventType::AccountClosing)?;
        let amount = DecimalText::parse(&balance.to_text(account.decimals)).map_err(|_| Refusal::Internal)?;
        let request = MovementRequest {
            account: account.id,
            amount,
            currency: None,
            extra_decimals: ExtraDecimals::Refuse,
            reason: self.reason,
            reference: self.reference,
            expires_at: None,
        };
        request_withdrawal(context, request, Some(external.serial))
    }
}
