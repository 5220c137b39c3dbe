//! Portfolios: groups of accounts of one client in a ledger.

use crate::app::clients::find_or_register;
use crate::app::organizations::ledger;
use crate::app::{Command, Context, Failure, Query, View};
use crate::domain::access::{ObjectKind, Right, Visibility};
use crate::domain::clients::ProfileStatus;
use crate::domain::ids::{DEFAULT_LEDGER, PortfolioId, ProfileId};
use crate::domain::organizations::{Place, Portfolio, RecordChange, RecordFilter};
use crate::domain::refusal::{Noun, Refusal, Remainder};
use crate::store::ReadTx;

/// Adds a portfolio to a ledger, and its client if nobody has its id.
///
/// Refusals: unknown ledger; invalid texts; the id of a hidden client; the client is unknown and the caller may not
/// create clients.
pub struct CreatePortfolio {
    pub place: Place,
    pub profile: ProfileId,
    /// The name is required.
    pub notes: RecordChange,
}

impl Command for CreatePortfolio {
    type Outcome = Portfolio;
    const ACTION: &'static str = "portfolio.create";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<Portfolio, Failure> {
        let (name, record) = self.notes.of_new(context.now)?;
        let ledger = ledger(context.tx, self.place)?;
        let client = find_or_register(context, self.profile)?;
        if !matches!(client.status, ProfileStatus::Verified | ProfileStatus::Pending) {
            return Err(Refusal::ProfileState(client.status).into());
        }
        let id = PortfolioId::new(context.now, context.app.randomness());
        context.tx.add_portfolio(ledger.row, id, client.serial, (&name, &record))?;
        context.concerns_of(ObjectKind::Portfolio, id.uuid(), Some(client.serial));
        portfolio(context.tx, self.place, id, context.visibility())
    }
}

/// A portfolio that is not deleted and whose client is visible.
pub(in crate::app) fn portfolio(
    tx: &ReadTx<'_>,
    place: Place,
    id: PortfolioId,
    visibility: &Visibility,
) -> Result<Portfolio, Failure> {
    let ledger = ledger(tx, place)?;
    let found = tx.portfolio(ledger.row, id, visibility)?;
    Ok(found.ok_or(Refusal::NotFound { noun: Noun::Portfolio, field: None })?)
}

/// The portfolio that a command is about.
fn concerned(context: &Context<'_>, place: Place, id: PortfolioId) -> Result<Portfolio, Failure> {
    let found = portfolio(context.tx, place, id, context.visibility())?;
    let client = context.tx.profile(found.profile, context.visibility())?.map(|client| client.serial);
    context.involve(found.profile);
    context.concerns_of(ObjectKind::Portfolio, found.id.uuid(), client);
    Ok(found)
}

/// Changes a portfolio; None leaves a field as it is. Refusals: unknown; invalid texts.
pub struct ChangePortfolio {
    pub place: Place,
    pub id: PortfolioId,
    pub notes: RecordChange,
}

impl Command for ChangePortfolio {
    type Outcome = Portfolio;
    const ACTION: &'static str = "portfolio.change";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<Portfolio, Failure> {
        let mut changed = concerned(context, self.place, self.id)?;
        self.notes.apply(&mut changed.name, &mut changed.record, context.now)?;
        context.tx.change_portfolio(&changed)?;
        Ok(changed)
    }
}

/// Deletes a portfolio. Refusals: unknown; a client's default one in the default ledger; it has accounts that are not
/// archived.
pub struct DeletePortfolio {
    pub place: Place,
    pub id: PortfolioId,
}

impl Command for DeletePortfolio {
    type Outcome = ();
    const ACTION: &'static str = "portfolio.delete";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let found = concerned(context, self.place, self.id)?;
        if found.is_default && ledger(context.tx, self.place)?.row == DEFAULT_LEDGER {
            return Err(Refusal::Permanent(Noun::Portfolio).into());
        }
        if context.tx.is_portfolio_used(found.row)? {
            return Err(Refusal::NotEmpty(Remainder::Children).into());
        }
        Ok(context.tx.delete_portfolio(found.row, context.now)?)
    }
}

pub struct GetPortfolio {
    pub place: Place,
    pub id: PortfolioId,
}

impl Query for GetPortfolio {
    type Answer = Portfolio;
    const RIGHT: Right = Right::ReadAccounts;

    fn run(self, view: &View<'_>) -> Result<Portfolio, Failure> {
        portfolio(view.tx, self.place, self.id, view.visibility)
    }
}

/// The portfolios of a ledger whose clients are visible, the newest first.
pub struct ListPortfolios {
    pub place: Place,
    pub filter: RecordFilter,
}

impl Query for ListPortfolios {
    type Answer = Vec<Portfolio>;
    const RIGHT: Right = Right::ReadAccounts;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<Vec<Portfolio>, Failure> {
        let ledger = ledger(view.tx, self.place)?;
        let found = view.tx.portfolios(ledger.row, view.visibility)?;
        Ok(self.filter.apply(found, |portfolio| &portfolio.record.metadata))
    }
}
