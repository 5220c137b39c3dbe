//! Sample clients for a sandbox: enough to fill every list and every kind of balance.

use crate::app::accounts::OpenAccount;
use crate::app::clients::CreateProfile;
use crate::app::ledger::{MovementRequest, PostFunds, RequestWithdrawal};
use crate::app::sandbox::sample_traders::{PLATFORM, TRADERS};
use crate::app::trading::LinkPlatformAccount;
use crate::app::{App, Caller};
use crate::domain::accounts::Permissions;
use crate::domain::clients::{AccountLabelsChange, LabelsChange, PersonalChange, ProfileDetails};
use crate::domain::ids::{AccountId, ProfileId};
use crate::domain::ledger::EntryKind;
use crate::domain::money::{DecimalText, ExtraDecimals};
use crate::domain::reference::CurrencyCode;
use crate::domain::refusal::{Field, Refusal};
use crate::store::Mode;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A sample account and its client.
struct Sample {
    first_name: &'static str,
    last_name: &'static str,
    /// The code of the group.
    group: &'static str,
    currency: &'static str,
    /// The number of its trader; empty for wallets.
    number: &'static str,
    /// Postings of today.
    funds: &'static [(&'static str, EntryKind)],
    /// A withdrawal that waits for approval.
    withdrawal: Option<&'static str>,
}

const AMARA: (&str, &str) = ("Amara", "Okafor");
const SOREN: (&str, &str) = ("Søren", "Lindqvist");
const MISAKI: (&str, &str) = ("美咲", "田中");
const TOMASZ: (&str, &str) = ("Tomasz", "Nowak");
const ANA: (&str, &str) = ("Ana", "Quispe");

const fn sample(
    (first_name, last_name): (&'static str, &'static str),
    (group, currency): (&'static str, &'static str),
    number: &'static str,
    funds: &'static [(&'static str, EntryKind)],
    withdrawal: Option<&'static str>,
) -> Sample {
    Sample { first_name, last_name, group, currency, number, funds, withdrawal }
}

const SAMPLES: [Sample; 10] = [
    sample(
        AMARA,
        ("live-wallet", "USD"),
        "",
        &[("25000", EntryKind::Balance), ("-12.50", EntryKind::Fee)],
        Some("1200"),
    ),
    sample(AMARA, ("live-standard", "USD"), "500101", &[("100", EntryKind::Bonus)], None),
    sample(AMARA, ("demo-standard", "USD"), "500901", &[], None),
    sample(SOREN, ("live-wallet", "EUR"), "", &[("5000", EntryKind::Balance), ("-750.25", EntryKind::Balance)], None),
    sample(SOREN, ("live-wallet", "BTC"), "", &[("0.25", EntryKind::Balance)], None),
    sample(SOREN, ("live-pro", "EUR"), "500102", &[("500", EntryKind::Credit)], None),
    sample(MISAKI, ("live-standard", "JPY"), "500103", &[], None),
    sample(MISAKI, ("live-wallet", "JPY"), "", &[("300000", EntryKind::Balance)], None),
    sample(TOMASZ, ("live-standard", "USD"), "500104", &[], None),
    sample(ANA, ("demo-standard", "USD"), "", &[("10000", EntryKind::Credit)], None),
];

fn amount(text: &str) -> Result<DecimalText, Refusal> {
    DecimalText::parse(text).map_err(|error| Refusal::invalid(Field::Amount, error.to_string()))
}

impl App {
    /// Creates sample clients and a month of trading in a sandbox that has no clients yet. Blocks. Returns the number
    /// of accounts opened.
    pub fn add_samples(self: &Arc<App>, caller: &Caller) -> Result<usize, Refusal> {
        if self.installation().mode != Mode::Sandbox {
            return Ok(0);
        }
        let mut profiles: BTreeMap<_, ProfileId> = BTreeMap::new();
        let mut opened = Vec::new();
        for sample in &SAMPLES {
            let name = (sample.first_name, sample.last_name);
            let profile = match profiles.get(&name) {
                Some(profile) => *profile,
                None => {
                    let profile = self.register_sample(caller, profiles.len() + 1, name)?;
                    profiles.insert(name, profile);
                    profile
                }
            };
            opened.push(self.open_sample(caller, sample, profile)?);
        }
        self.trade_samples(caller)?;
        for (sample, account) in SAMPLES.iter().zip(&opened) {
            self.fund_sample(caller, sample, *account)?;
        }
        Ok(opened.len())
    }

    fn register_sample(
        self: &Arc<App>,
        caller: &Caller,
        number: usize,
        (first, last): (&str, &str),
    ) -> Result<ProfileId, Refusal> {
        let details = ProfileDetails {
            email: format!("client{number}@example.com"),
            first_name: first.into(),
            last_name: last.into(),
            ..ProfileDetails::default()
        };
        let labels = LabelsChange::default();
        let new = CreateProfile {
            id: None,
            details,
            email_optional: false,
            tags: None,
            labels,
            personal: PersonalChange::default(),
            password: None,
            requires_review: false,
            is_blocked: false,
        };
        Ok(self.execute_blocking(caller, new)?.outcome.id)
    }

    /// Opens an account and links it to its number at the platform.
    fn open_sample(
        self: &Arc<App>,
        caller: &Caller,
        sample: &Sample,
        profile: ProfileId,
    ) -> Result<AccountId, Refusal> {
        let groups = self.show_reference()?.groups;
        let group = groups.iter().find(|group| group.code == sample.group).and_then(|group| group.id);
        let trader = TRADERS.iter().find(|trader| trader.number == sample.number);
        let open = OpenAccount {
            id: None,
            profile,
            group: group.ok_or(Refusal::Internal)?.into(),
            portfolio: None,
            parent: None,
            currency: CurrencyCode::parse(Field::Currency, sample.currency)?,
            is_demo: None,
            is_spread_betting: false,
            position_mode: trader.map(|trader| trader.mode),
            margin_calculation_override: None,
            trade_status: None,
            max_leverage: None,
            net_open_position_limit: None,
            wants_daily_statement: false,
            labels: AccountLabelsChange::default(),
            allows_credits: true,
            allows_debits: true,
            permissions: Permissions::default(),
            number_at_platform: None,
            number: None,
            requires_approval: false,
            takes_client_in_review: true,
        };
        let account = self.execute_blocking(caller, open)?.outcome.id;
        if let Some(trader) = trader {
            let (platform, number) = (PLATFORM.into(), trader.number.into());
            self.execute_blocking(caller, LinkPlatformAccount { account, platform, number })?;
        }
        Ok(account)
    }

    fn fund_sample(self: &Arc<App>, caller: &Caller, sample: &Sample, account: AccountId) -> Result<(), Refusal> {
        for (text, kind) in sample.funds {
            let post = PostFunds {
                account,
                amount: amount(text)?,
                currency: None,
                extra_decimals: ExtraDecimals::Refuse,
                kind: *kind,
                comment: "sample".into(),
                effective_at: None,
            };
            self.execute_blocking(caller, post)?;
        }
        let Some(withdrawal) = sample.withdrawal else { return Ok(()) };
        let request = MovementRequest {
            account,
            amount: amount(withdrawal)?,
            currency: None,
            extra_decimals: ExtraDecimals::Refuse,
            reason: "sample".into(),
            reference: None,
            expires_at: None,
        };
        self.execute_blocking(caller, RequestWithdrawal { request, external: None }).map(|_| ())
    }
}
