//! The numbers by which platforms call accounts.

use crate::app::accounts::{account_awaited, find, number_taken, platform_number};
use crate::app::{Command, Context, Failure};
use crate::domain::access::Right;
use crate::domain::ids::AccountId;
use crate::domain::refusal::{Field, Refusal};
use crate::domain::trading::EVENT_ID_MAX;
use serde::{Deserialize, Serialize};

/// Sets the number of an account at a platform. Events that wait for that number are tried again.
///
/// Refusals: invalid number; unknown account or platform; archived; another account has the number there or as its own.
pub struct LinkPlatformAccount {
    pub account: AccountId,
    /// The code of the platform.
    pub platform: String,
    pub number: String,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PlatformAccount {
    pub platform: String,
    pub number: String,
}

impl Command for LinkPlatformAccount {
    type Outcome = PlatformAccount;
    const ACTION: &'static str = "account.link";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<PlatformAccount, Failure> {
        let number = platform_number(self.number, EVENT_ID_MAX)?;
        let account = find(context, self.account)?;
        account.admit_change()?;
        let platforms = context.tx.platforms()?;
        let platform = platforms.into_iter().find(|it| it.declared.code == self.platform);
        let platform =
            platform.ok_or_else(|| Refusal::invalid(Field::Platform, "no platform of the reference data"))?;
        let tx = context.tx;
        let holders = [tx.account_at_platform(platform.serial, &number)?, tx.account_numbered(&number)?];
        match holders.into_iter().flatten().find(|holder| *holder != account.book) {
            Some(holder) => return Err(number_taken(context, holder, Refusal::DuplicateReference)?.into()),
            None => context.tx.link_account(account.book, platform.serial, &number)?,
        }
        context.appeared(account_awaited(&number));
        Ok(PlatformAccount { platform: self.platform, number })
    }
}
