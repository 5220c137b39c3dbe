//! Closing an account on behalf of its client: what it has goes to another account of the client, or to one elsewhere.

use crate::app::accounts::{ArchiveAccount, Held, HeldKey, Power, admit_unlocking, held_as, held_in, write_details};
use crate::app::approvals::AtOnce;
use crate::app::bank::{CloseToExternal, admit_new_reference};
use crate::app::command::Undo;
use crate::app::ledger::{Arrival, MovementRequest, Transfer};
use crate::app::{Command, Context, Failure};
use crate::domain::access::{Right, Visibility};
use crate::domain::accounts::{AccountDetails, CloseReason, Lifecycle};
use crate::domain::ids::{AccountSerial, ExternalSerial, MovementSerial};
use crate::domain::money::{Amount, DecimalText, Decimals, ExtraDecimals};
use crate::domain::refusal::{Field, Noun, Refusal};
use crate::domain::text;
use serde::{Deserialize, Serialize};

/// Closes an account on behalf of an owner. What it has goes to another account of the client.
///
/// Refusals: an invalid reference or notes; a reason that takes notes without any; unknown; the owner may only read it;
/// archived or closing; a lock that its owner cannot remove; the client cannot close it ([`Refusal::Permanent`]);
/// holds, movements, positions or orders are left; a negative balance; a balance without an account to receive it, or
/// one that cannot; accounts are nested in it.
pub struct CloseHeldAccount {
    pub key: HeldKey,
    /// The account, here or elsewhere, to which the balance goes.
    pub to: Option<AccountSerial>,
    /// Of the transfer.
    pub reference: Option<String>,
    pub reason: Option<CloseReason>,
    /// In words.
    pub notes: String,
}

/// An account that was closed, and what was on it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HeldClosing {
    pub to: Option<AccountSerial>,
    /// What moved the balance; None if there was nothing to move.
    pub movement: Option<MovementSerial>,
    pub reference: Option<String>,
    pub balance: Amount,
    pub decimals: Decimals,
    /// Whether the balance goes to an account elsewhere. Then the account is archived when that is paid.
    #[serde(default)]
    pub is_to_external: bool,
}

impl Command for CloseHeldAccount {
    type Outcome = HeldClosing;
    const ACTION: &'static str = "account.close_for_client";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<HeldClosing, Failure> {
        let notes = text::note(Field::Reason, self.notes, text::COMMENT_MAX)?;
        if self.reason == Some(CloseReason::Other) && notes.is_empty() {
            return Err(Refusal::Required { field: Field::Reason }.into());
        }
        let Held { client, account, .. } = held_in(context, self.key, Power::Use)?;
        if matches!(account.lifecycle, Lifecycle::Closed | Lifecycle::Closing) {
            return Err(Refusal::AccountState(account.lifecycle).into());
        }
        admit_unlocking(&account).map_err(|_| Refusal::AccountLocked)?;
        let present = context.tx.account_details(account.book)?;
        if present.is_kept {
            return Err(Refusal::Permanent(Noun::Account).into());
        }
        match account.admit_archiving() {
            Err(refusal @ Refusal::BalanceLeft { .. }) if account.balances.balance.is_negative() => {
                return Err(refusal.into());
            }
            // Money leaves with the account, but only money that nothing else waits for.
            Err(Refusal::BalanceLeft { .. }) => {
                let mut emptied = account.clone();
                emptied.balances.balance = Amount::ZERO;
                emptied.admit_archiving()?;
            }
            other => other?,
        }
        let balance = account.balances.balance;
        let external = match self.to {
            Some(to) if context.tx.account_with_serial(to, &Visibility::Everything)?.is_none() => {
                context.tx.external_account_numbered(ExternalSerial(to.0), &Visibility::Everything)?
            }
            _ => None,
        };
        if let Some(external) = external.as_ref().filter(|_| !balance.is_zero()) {
            context.caller.principal.require(Right::MoveFunds)?;
            let details = AccountDetails { close_reason: self.reason, close_notes: notes, ..present.clone() };
            write_details(context, &account, &present, details)?;
            let (reason, reference) = (String::new(), self.reference.clone());
            let close = CloseToExternal { client, account: account.id, to: external.id, reason, reference };
            let movement = Some(close.run(context)?.serial);
            let (reference, decimals) = (self.reference, account.decimals);
            return Ok(HeldClosing { to: self.to, movement, reference, balance, decimals, is_to_external: true });
        }
        // Without a balance, the account elsewhere gets nothing.
        let target = match self.to.filter(|_| external.is_none()) {
            Some(to) if to == account.serial => return Err(Refusal::SameAccount { field: Field::SweepTo }.into()),
            Some(to) => {
                let key = HeldKey { account: to, ..self.key };
                let target = held_as(context.tx, context.visibility(), key, Power::Use, Field::SweepTo)?.account;
                if target.lifecycle != Lifecycle::Active {
                    let reason = format!("the account is {}", target.lifecycle.word());
                    return Err(Refusal::invalid(Field::SweepTo, reason).into());
                }
                Some(target)
            }
            None if !balance.is_zero() => return Err(Refusal::Required { field: Field::SweepTo }.into()),
            None => None,
        };
        admit_new_reference(context, self.reference.as_deref())?;
        let movement = match &target {
            Some(target) if !balance.is_zero() => {
                context.caller.principal.require(Right::MoveFunds)?;
                let request = MovementRequest {
                    account: account.id,
                    amount: DecimalText::parse(&balance.to_text(account.decimals)).map_err(|_| Refusal::Internal)?,
                    currency: None,
                    extra_decimals: ExtraDecimals::Refuse,
                    reason: String::new(),
                    reference: self.reference.clone(),
                    expires_at: None,
                };
                let transfer = Transfer { request, to: target.id, arrival: Arrival::Same };
                Some(context.part(AtOnce(transfer), Undo::Whole)??.serial)
            }
            _ => None,
        };
        let details = AccountDetails { close_reason: self.reason, close_notes: notes, ..present.clone() };
        write_details(context, &account, &present, details)?;
        context.part(ArchiveAccount { id: account.id, expected_version: None }, Undo::Whole)??;
        let to = target.map(|target| target.serial);
        let (reference, decimals) = (self.reference, account.decimals);
        Ok(HeldClosing { to, movement, reference, balance, decimals, is_to_external: false })
    }
}
