//! How clients leave: their accounts close, then their portfolios, and at last they are archived. Each step follows by
//! itself once the one before it is done.

use crate::app::accounts::{archive, complete_closing, find, publish_account_state, refuse_children};
use crate::app::clients::{find as find_client, publish_profile_state};
use crate::app::ledger::return_announced;
use crate::app::{Command, Context, Failure};
use crate::domain::access::{ObjectKind, Right, Visibility};
use crate::domain::accounts::{Account, Lifecycle, Lock};
use crate::domain::clients::ProfileStatus;
use crate::domain::events::EventType;
use crate::domain::ids::{AccountId, PortfolioId, ProfileId, ProfileSerial};
use crate::domain::organizations::{Portfolio, PortfolioState};
use crate::domain::refusal::{Noun, Refusal, Remainder};

/// Begins to close an account that is in use: it pays out what it has, and is archived once it is empty.
///
/// Refusals: unknown; not active; locked; withdrawals under way; accounts are nested in it.
pub struct BeginClosing {
    pub id: AccountId,
}

impl Command for BeginClosing {
    type Outcome = ();
    const ACTION: &'static str = "account.begin_closing";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let account = find(context, self.id)?;
        begin_closing(context, &account)
    }
}

fn begin_closing(context: &Context<'_>, account: &Account) -> Result<(), Failure> {
    if account.lifecycle != Lifecycle::Active {
        return Err(Refusal::AccountState(account.lifecycle).into());
    }
    if account.lock != Lock::Open {
        return Err(Refusal::AccountLocked.into());
    }
    if context.tx.has_open_withdrawals(account.book)? {
        return Err(Refusal::NotEmpty(Remainder::Pending).into());
    }
    refuse_children(context, account)?;
    return_announced(context, account)?;
    context.tx.set_lifecycle(account.book, Lifecycle::Closing, context.now)?;
    publish_account_state(context, account.id, EventType::AccountClosing)?;
    complete_closing(context, account.id)
}

/// Closes a portfolio: it takes no new accounts, and is closed once all of its accounts are archived.
///
/// Refusals: unknown; a client's default one; closing or closed; it has accounts that are neither closing nor archived.
pub struct ClosePortfolio {
    pub id: PortfolioId,
}

impl Command for ClosePortfolio {
    type Outcome = ();
    const ACTION: &'static str = "portfolio.close";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let found = context.tx.portfolio_anywhere(self.id, context.visibility())?;
        let found = found.ok_or(Refusal::not_found(Noun::Portfolio))?;
        let client = context.tx.profile(found.profile, &Visibility::Everything)?.map(|client| client.serial);
        context.involve(found.profile);
        context.concerns_of(ObjectKind::Portfolio, found.id.uuid(), client);
        if found.is_default {
            return Err(Refusal::Permanent(Noun::Portfolio).into());
        }
        found.admit_accounts()?;
        if context.tx.has_staying_accounts(found.row)? {
            return Err(Refusal::NotEmpty(Remainder::Accounts).into());
        }
        begin_portfolio_closing(context, &found)
    }
}

fn begin_portfolio_closing(context: &Context<'_>, portfolio: &Portfolio) -> Result<(), Failure> {
    let is_empty = !context.tx.is_portfolio_used(portfolio.row)?;
    let state = if is_empty { PortfolioState::Closed } else { PortfolioState::Closing };
    Ok(context.tx.set_portfolio_state(portfolio.row, state, context.now)?)
}

/// Begins to let a client go: closes its accounts and portfolios. It is archived with the last of its accounts.
///
/// Refusals: unknown; archived or leaving already; an account that is locked or not in use, or with withdrawals under
/// way; it is an owner of somebody else's account.
pub struct OffboardClient {
    pub id: ProfileId,
}

impl Command for OffboardClient {
    type Outcome = ();
    const ACTION: &'static str = "profile.offboard";
    const RIGHT: Right = Right::WriteProfiles;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let client = find_client(context, self.id)?;
        client.admit_change()?;
        client.admit_staying()?;
        let accounts = context.tx.open_accounts_of(client.serial)?;
        if accounts.iter().any(|account| account.profile != client.id) {
            return Err(Refusal::NotEmpty(Remainder::Accounts).into());
        }
        context.tx.begin_offboarding(client.serial, context.now)?;
        publish_profile_state(context, client.id, EventType::ProfileUpdated)?;
        context.tx.revoke_sessions(client.serial, context.now)?;
        for portfolio in context.tx.open_portfolios_of(client.serial)? {
            begin_portfolio_closing(context, &portfolio)?;
        }
        for account in accounts {
            match account.lifecycle {
                Lifecycle::Closing => {}
                // Nothing has come into it yet.
                Lifecycle::PendingApproval => archive(context, &account)?,
                _ => begin_closing(context, &account)?,
            }
        }
        complete_offboarding(context, client.serial, client.id)
    }
}

/// Closes the portfolio of an account that was archived, and archives its client, if these only waited for it.
pub(in crate::app) fn complete_leaving(context: &Context<'_>, account: &Account) -> Result<(), Failure> {
    if let Some(portfolio) = context.tx.portfolio_of_row(account.standing.portfolio)?
        && portfolio.state == PortfolioState::Closing
        && !context.tx.is_portfolio_used(portfolio.row)?
    {
        context.tx.set_portfolio_state(portfolio.row, PortfolioState::Closed, context.now)?;
    }
    complete_offboarding(context, account.standing.profile, account.profile)
}

fn complete_offboarding(context: &Context<'_>, serial: ProfileSerial, id: ProfileId) -> Result<(), Failure> {
    let Some(client) = context.tx.profile(id, &Visibility::Everything)? else { return Ok(()) };
    let is_leaving = client.offboarding_since.is_some() && client.status != ProfileStatus::Archived;
    if !is_leaving || !context.tx.open_accounts_of(serial)?.is_empty() {
        return Ok(());
    }
    let day = client.deceased_on.as_deref();
    context.tx.set_profile_status(serial, ProfileStatus::Archived, day, context.now)?;
    publish_profile_state(context, id, EventType::ProfileArchived).map(|_| ())
}
