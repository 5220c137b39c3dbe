//! What a client does with its accounts that concerns accounts elsewhere too: opening and changing one with a recurring
//! contribution, moving money, taking back a payment.

use crate::app::accounts::{ChangeHeldAccount, DetailedAccount, OpenHeldAccount, client_of_serial, find};
use crate::app::bank::{
    ClientPayment, ExternalKeyOfPlan, PayForClient, SetContribution, TakeBackPayment, admit_client,
};
use crate::app::ledger::{HeldAmount, MoveReserve};
use crate::app::{Command, Context, Failure};
use crate::domain::access::Right;
use crate::domain::accounts::Direction;
use crate::domain::bank::ContributionKind;
use crate::domain::day::Day;
use crate::domain::ids::{
    AccountId, AccountSerial, ExternalAccountId, ExternalSerial, MovementSerial, ProfileId, ProfileSerial,
};
use crate::domain::ledger::{House, MovementKind};
use crate::domain::money::{DecimalText, ExtraDecimals};
use crate::domain::refusal::{Field, Noun, Refusal};
use crate::domain::text;

/// The recurring contribution of an account as its client sends it; None leaves a part as it is.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PlanChange {
    /// Some(None) turns the plan off.
    pub kind: Option<Option<ContributionKind>>,
    pub amount: Option<DecimalText>,
    pub external: Option<ExternalSerial>,
    pub start: Option<Day>,
    pub end: Option<Day>,
}

impl PlanChange {
    /// Applies it, and reads the account again.
    fn apply(self, context: &Context<'_>, account: AccountId, client: ProfileId) -> Result<DetailedAccount, Failure> {
        let command = SetContribution {
            account,
            client: Some(client),
            kind: self.kind,
            amount: self.amount,
            external: self.external.map(ExternalKeyOfPlan::Serial),
            start: self.start,
            end: self.end.map(Some),
        };
        command.run(context)?;
        DetailedAccount::read(context.tx, find(context, account)?)
    }
}

/// Opens an account for a client, with its recurring contribution.
///
/// Refusals: those of [`OpenHeldAccount`] and of [`SetContribution`].
pub struct OpenForClient {
    pub open: OpenHeldAccount,
    pub plan: PlanChange,
}

impl Command for OpenForClient {
    type Outcome = DetailedAccount;
    const ACTION: &'static str = "account.open_for_client";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<DetailedAccount, Failure> {
        let client = client_of_serial(context.tx, context.visibility(), self.open.client)?;
        let opened = self.open.run(context)?;
        if self.plan == PlanChange::default() {
            Ok(opened)
        } else {
            self.plan.apply(context, opened.account.id, client)
        }
    }
}

/// Changes an account of a client, with its recurring contribution.
///
/// Refusals: those of [`ChangeHeldAccount`] and of [`SetContribution`].
pub struct ChangeForClient {
    pub change: ChangeHeldAccount,
    pub plan: PlanChange,
}

impl Command for ChangeForClient {
    type Outcome = DetailedAccount;
    const ACTION: &'static str = "account.change_for_client";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<DetailedAccount, Failure> {
        let client = client_of_serial(context.tx, context.visibility(), self.change.key.client)?;
        let changed = self.change.run(context)?;
        if self.plan == PlanChange::default() {
            return Ok(changed);
        }
        self.plan.apply(context, changed.account.id, client)
    }
}

/// How a client names a payment.
#[derive(Clone, Debug)]
pub enum PaymentKey {
    Number(MovementSerial),
    /// The caller's own id.
    Reference(String),
}

/// Takes back a payment from or to an account elsewhere that its bank has not sent.
///
/// Refusals: unknown; not on an account of the client; the client may only read that; nothing that a bank carries out;
/// sent; already decided or expired.
pub struct TakeBackForClient {
    pub client: ProfileSerial,
    pub payment: PaymentKey,
}

impl Command for TakeBackForClient {
    type Outcome = ClientPayment;
    const ACTION: &'static str = "payment.take_back_for_client";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, context: &Context<'_>) -> Result<ClientPayment, Failure> {
        let client = client_of_serial(context.tx, context.visibility(), self.client)?;
        let unknown = || Failure::from(Refusal::not_found(Noun::Transfer));
        let serial = match self.payment {
            PaymentKey::Number(serial) => Some(serial),
            PaymentKey::Reference(reference) => {
                let kinds = [MovementKind::Deposit, MovementKind::Withdrawal, MovementKind::Transfer];
                context.tx.movement_of_reference(&kinds, &text::nfc(reference))?
            }
        };
        let movement = context.tx.movement_by_serial(serial.ok_or_else(unknown)?)?.ok_or_else(unknown)?;
        let account = context.tx.account(movement.account, context.visibility())?.ok_or_else(unknown)?;
        admit_client(context, &account, client, Field::Transfer)?;
        let Some(external) = movement.external else {
            return Err(Refusal::MovementState { noun: movement.kind.noun(), state: movement.stage.state() }.into());
        };
        let movement = TakeBackPayment { client, id: movement.id }.run(context)?;
        let (from, to) = match movement.kind {
            MovementKind::Deposit => (external.serial.0, account.serial.0),
            _ => (account.serial.0, external.serial.0),
        };
        Ok(ClientPayment { movement, from, to })
    }
}

/// Moves money for a client between two of its accounts, of which one may be elsewhere, or between one of them and the
/// reserve of the broker.
///
/// Refusals: those of [`PayForClient`] and of [`MoveReserve`].
pub struct MoveForClient {
    pub asked: HeldAmount,
    /// The serial of an account, an external account or the reserve.
    pub from: i64,
    /// Likewise.
    pub to: i64,
}

impl Command for MoveForClient {
    type Outcome = MovementSerial;
    const ACTION: &'static str = "payment.make_for_client";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, context: &Context<'_>) -> Result<MovementSerial, Failure> {
        let MoveForClient { asked, from, to } = self;
        let reserve = context.tx.reserve_account(House::Reserve)?.map(|(serial, ..)| serial.0);
        if reserve == Some(from) {
            return MoveReserve { asked, account: AccountSerial(to), direction: Direction::Credit }.run(context);
        }
        if reserve == Some(to) {
            return MoveReserve { asked, account: AccountSerial(from), direction: Direction::Debit }.run(context);
        }
        let payment = PayForClient {
            client: client_of_serial(context.tx, context.visibility(), asked.client)?,
            from,
            to,
            amount: asked.amount,
            extra_decimals: ExtraDecimals::Refuse,
            reason: asked.description,
            reference: asked.reference,
        };
        Ok(payment.run(context)?.movement.serial)
    }
}

/// A command for a client that is named by its number.
pub struct ForClient<F> {
    pub client: ProfileSerial,
    /// Makes the command from the client's id.
    pub make: F,
}

impl<F, C> Command for ForClient<F>
where
    F: FnOnce(ProfileId) -> C + Send + 'static,
    C: Command,
{
    type Outcome = C::Outcome;
    const ACTION: &'static str = C::ACTION;
    const RIGHT: Right = C::RIGHT;

    fn run(self, context: &Context<'_>) -> Result<C::Outcome, Failure> {
        let command = (self.make)(client_of_serial(context.tx, context.visibility(), self.client)?);
        command.admit(&context.caller.principal)?;
        command.run(context)
    }
}

/// A command on an external account of a client, both named by their numbers.
pub struct OnExternal<F> {
    pub client: ProfileSerial,
    pub external: ExternalSerial,
    /// Makes the command from the id of the external account.
    pub make: F,
}

impl<F, C> Command for OnExternal<F>
where
    F: FnOnce(ExternalAccountId) -> C + Send + 'static,
    C: Command,
{
    type Outcome = C::Outcome;
    const ACTION: &'static str = C::ACTION;
    const RIGHT: Right = C::RIGHT;

    fn run(self, context: &Context<'_>) -> Result<C::Outcome, Failure> {
        let client = client_of_serial(context.tx, context.visibility(), self.client)?;
        let found = context.tx.external_account_numbered(self.external, context.visibility())?;
        let own = found.filter(|found| found.profile == client);
        let command = (self.make)(own.ok_or(Refusal::not_found(Noun::ExternalAccount))?.id);
        command.admit(&context.caller.principal)?;
        command.run(context)
    }
}
