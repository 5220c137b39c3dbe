//! Sample clients for a sandbox: enough to fill every list and every kind of balance.

use crate::app::accounts::OpenAccount;
use crate::app::clients::CreateProfile;
use crate::app::ledger::PostFunds;
use crate::app::{App, Caller};
use crate::domain::clients::{AccountLabelsChange, LabelsChange, ProfileDetails};
use crate::domain::ledger::EntryKind;
use crate::domain::money::{DecimalText, ExtraDecimals};
use crate::domain::reference::CurrencyCode;
use crate::domain::refusal::{Field, Refusal};
use crate::store::Mode;
use std::sync::Arc;

/// First name, last name, currency, demo, and the postings: amount and kind.
type Sample = (&'static str, &'static str, &'static str, bool, &'static [(&'static str, EntryKind)]);

const SAMPLES: &[Sample] = &[
    ("Amara", "Okafor", "USD", false, &[("25000", EntryKind::Balance), ("-12.50", EntryKind::Fee)]),
    ("Amara", "Okafor", "EUR", false, &[("5000", EntryKind::Balance), ("-750.25", EntryKind::Balance)]),
    ("Søren", "Lindqvist", "EUR", false, &[("1200", EntryKind::Balance), ("100", EntryKind::Bonus)]),
    ("美咲", "田中", "JPY", false, &[("300000", EntryKind::Balance)]),
    ("Ana", "Quispe", "USD", true, &[("10000", EntryKind::Credit)]),
];

impl App {
    /// Creates sample clients in a sandbox that has no clients yet. Blocks. Returns the number of accounts opened.
    pub fn add_samples(self: &Arc<App>, caller: &Caller) -> Result<usize, Refusal> {
        if self.installation().mode != Mode::Sandbox {
            return Ok(0);
        }
        let reference = self.show_reference()?;
        let mut profiles = std::collections::BTreeMap::new();
        let mut opened = 0;
        for (first, last, currency, is_demo, funds) in SAMPLES {
            let group = reference.groups.iter().find(|group| {
                group.demo == *is_demo && group.enabled && group.currencies.iter().any(|code| code == currency)
            });
            let Some(group) = group.and_then(|group| group.id) else { continue };
            let number = profiles.len() + 1;
            let profile = match profiles.get(&(first, last)) {
                Some(profile) => *profile,
                None => {
                    let details = ProfileDetails {
                        email: format!("client{number}@example.com"),
                        first_name: (*first).into(),
                        last_name: (*last).into(),
                        ..ProfileDetails::default()
                    };
                    let new = CreateProfile {
                        id: None,
                        details,
                        tags: None,
                        labels: LabelsChange::default(),
                        password: None,
                        requires_review: false,
                    };
                    let profile = match self.execute_blocking(caller, new) {
                        Ok(done) => done.outcome.id,
                        Err(Refusal::DuplicateEmail) => return Ok(opened),
                        Err(refusal) => return Err(refusal),
                    };
                    profiles.insert((first, last), profile);
                    profile
                }
            };
            let open = OpenAccount {
                id: None,
                profile,
                group: group.into(),
                currency: CurrencyCode::parse(Field::Currency, currency)?,
                is_demo: None,
                is_spread_betting: false,
                position_mode: None,
                margin_calculation_override: None,
                trade_status: None,
                max_leverage: None,
                net_open_position_limit: None,
                wants_daily_statement: false,
                labels: AccountLabelsChange::default(),
                allows_credits: true,
                allows_debits: true,
                requires_approval: false,
            };
            let account = self.execute_blocking(caller, open)?.outcome;
            opened += 1;
            for (amount, kind) in *funds {
                let amount =
                    DecimalText::parse(amount).map_err(|error| Refusal::invalid(Field::Amount, error.to_string()))?;
                let post = PostFunds {
                    account: account.id,
                    amount,
                    currency: None,
                    extra_decimals: ExtraDecimals::Refuse,
                    kind: *kind,
                    comment: "sample".into(),
                    effective_at: None,
                };
                self.execute_blocking(caller, post)?;
            }
        }
        Ok(opened)
    }
}
