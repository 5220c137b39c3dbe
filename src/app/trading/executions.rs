//! Executions, as callers see them.

use crate::app::trading::positions::cut;
use crate::app::{Failure, Query, View};
use crate::domain::access::Right;
use crate::domain::accounts::Account;
use crate::domain::clock::Moment;
use crate::domain::ids::AccountId;
use crate::domain::refusal::{Noun, Refusal};
use crate::store::{ExecutionFilter, Listed, Market};
pub use crate::store::{ExecutionPlace, ListedExecution};
use std::sync::Arc;

/// Executions with the account that they are of.
pub struct Executions {
    pub account: Account,
    pub executions: Vec<(ListedExecution, Arc<Listed>)>,
    /// The place of the last one, if the list continues after it.
    pub next: Option<ExecutionPlace>,
}

/// The executions of an account, those that were cancelled too, newest first by the time of the platform. Refusals:
/// unknown account.
pub struct ListExecutions {
    /// May be an archived account.
    pub account: AccountId,
    /// Inclusive, by the time of the platform.
    pub from: Option<Moment>,
    /// Exclusive, by the time of the platform.
    pub to: Option<Moment>,
    /// Only those behind this one.
    pub after: Option<ExecutionPlace>,
    /// The most executions to return.
    pub limit: u32,
}

impl Query for ListExecutions {
    type Answer = Executions;
    const RIGHT: Right = Right::ReadAccounts;

    fn run(self, view: &View<'_>) -> Result<Executions, Failure> {
        let account = view.tx.account(self.account, view.visibility)?.ok_or(Refusal::not_found(Noun::Account))?;
        let filter = ExecutionFilter { from: self.from, to: self.to, after: self.after };
        let mut listed = view.tx.executions_listed(account.book, &filter, self.limit.saturating_add(1))?;
        let next = cut(&mut listed, self.limit).map(ListedExecution::place);
        let market = Market::of(view.tx);
        let with_symbol = |listed: ListedExecution| {
            let symbol = market.listed(listed.execution.symbol)?;
            Ok((listed, symbol))
        };
        let executions = listed.into_iter().map(with_symbol).collect::<Result<_, Failure>>()?;
        Ok(Executions { account, executions, next })
    }
}
