//! Opens accounts in portfolios, if wanted with a balance.

use crate::app::accounts::{FiledAccount, OpenAccount, Shelf, find, group_of};
use crate::app::clients::find_or_register;
use crate::app::command::Undo;
use crate::app::ledger::{MovementRequest, PlaceHold, PostFunds};
use crate::app::organizations::portfolio;
use crate::app::{Command, Context, Failure};
use crate::domain::access::Right;
use crate::domain::accounts::Permissions;
use crate::domain::clients::AccountLabelsChange;
use crate::domain::ids::{AccountId, GroupId, ProfileId};
use crate::domain::ledger::EntryKind;
use crate::domain::money::{DecimalText, ExtraDecimals};
use crate::domain::reference::CurrencyCode;
use crate::domain::refusal::{Field, Refusal};

/// Opens an account in a portfolio. Its owner is created if nobody has that id.
///
/// Refusals: unknown ledger, portfolio, product or parent; the ledger has no such instrument; those of opening an
/// account; the parent is archived or in another currency; those of booking the opening balance.
pub struct OpenFiledAccount {
    pub shelf: Shelf,
    /// None for the client of the portfolio.
    pub profile: Option<ProfileId>,
    pub product: Option<GroupId>,
    pub currency: CurrencyCode,
    pub parent: Option<AccountId>,
    pub labels: AccountLabelsChange,
    pub opening: Option<OpeningBalance>,
}

/// What an account has when it is opened, in its currency.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OpeningBalance {
    /// All of it, held or not.
    pub balance: DecimalText,
    /// Held at once; None for nothing.
    pub held: Option<DecimalText>,
}

impl Command for OpenFiledAccount {
    type Outcome = FiledAccount;
    const ACTION: &'static str = "account.nest";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<FiledAccount, Failure> {
        let Shelf { place, portfolio: id } = self.shelf;
        let shelf = portfolio(context.tx, place, id, context.visibility())?;
        let group = group_of(context, place, self.product)?;
        let ledger = context.tx.ledger(place.organization, place.ledger)?.ok_or(Refusal::Internal)?;
        if context.tx.instrument_of_code(ledger.row, self.currency.as_str())?.is_none() {
            return Err(Refusal::UnknownCurrency { field: Field::Currency }.into());
        }
        let owner = find_or_register(context, self.profile.unwrap_or(shelf.profile))?;
        let opened = context.part(
            OpenAccount {
                id: None,
                profile: owner.id,
                group,
                portfolio: Some(id),
                parent: self.parent,
                currency: self.currency,
                is_demo: None,
                is_spread_betting: false,
                position_mode: None,
                margin_calculation_override: None,
                trade_status: None,
                max_leverage: None,
                net_open_position_limit: None,
                wants_daily_statement: false,
                labels: self.labels,
                allows_credits: true,
                allows_debits: true,
                permissions: Permissions::default(),
                number_at_platform: None,
                number: None,
                requires_approval: false,
                takes_client_in_review: true,
            },
            Undo::Whole,
        )??;
        if let Some(opening) = self.opening {
            book(context, opened.id, opening)?;
        }
        FiledAccount::read(context.tx, find(context, opened.id)?)
    }
}

/// Books the balance as a correction, and places the hold.
fn book(context: &Context<'_>, account: AccountId, opening: OpeningBalance) -> Result<(), Failure> {
    let correction = PostFunds {
        account,
        amount: opening.balance,
        currency: None,
        extra_decimals: ExtraDecimals::Refuse,
        kind: EntryKind::Correction,
        comment: "Opening balance".into(),
        effective_at: None,
    };
    context.part(correction, Undo::Whole)??;
    if let Some(amount) = opening.held {
        let request = MovementRequest {
            account,
            amount,
            currency: None,
            extra_decimals: ExtraDecimals::Refuse,
            reason: "Opening hold".into(),
            reference: None,
            expires_at: None,
        };
        context.part(PlaceHold { request }, Undo::Whole)??;
    }
    Ok(())
}
