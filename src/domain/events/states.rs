//! Snapshots of movements, accounts and profiles, and how an event and the present row together yield the past object.

use crate::domain::accounts::{Account, Balances, Lifecycle, Lock, Permissions};
use crate::domain::clients::{Profile, ProfileStatus};
use crate::domain::clock::Moment;
use crate::domain::events::snapshot::is_default;
use crate::domain::events::{BookBalances, Reserves};
use crate::domain::ids::{GroupId, GroupSerial, PortfolioId, PortfolioSerial, PrincipalSerial, ProfileId};
use crate::domain::ledger::{Clearing, ExternalSide, Movement, MovementState, Stage, TransferStep};
use crate::domain::money::Amount;
use crate::domain::reference::TradeStatus;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The snapshot of a movement's event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MovementSnapshot {
    pub state: MovementState,
    /// Of one with an account elsewhere.
    #[serde(default, skip_serializing_if = "is_default")]
    pub step: TransferStep,
    /// The balance of its account; None if the event accompanies the posting entry, which has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balance: Option<Amount>,
    /// The other figures of its account.
    #[serde(flatten)]
    pub reserves: Reserves,
    /// When it had last changed, if not at the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Moment>,
}

impl MovementSnapshot {
    /// The snapshot of a movement as it is now, with the balances of its account.
    pub fn of(movement: &Movement, balances: &Balances, now: Moment) -> MovementSnapshot {
        // Of the changes after posting, only clearing comes without an entry.
        let is_cleared = movement.stage.clearing().is_some_and(|clearing| clearing.uncleared.is_zero());
        let state = movement.stage.state();
        let goes_with_entry = state == MovementState::Posted && !is_cleared;
        MovementSnapshot {
            state,
            step: movement.external.map(|external| external.step).unwrap_or_default(),
            balance: (!goes_with_entry).then_some(balances.balance),
            reserves: Reserves::of(balances),
            updated_at: Some(movement.updated_at).filter(|at| *at != now),
        }
    }

    /// The movement as it was at an event of that principal at that moment, with its present reason. None if the
    /// present movement cannot have had this state.
    pub fn applied_to(&self, today: Movement, by: PrincipalSerial, then: Moment) -> Option<Movement> {
        let stage = match (self.state, today.stage) {
            (MovementState::Pending, _) => Stage::Pending,
            (MovementState::Approved, _) => Stage::Approved { by },
            (MovementState::Posted, Stage::Posted { entry, posted, approved_by, clearing }) => {
                let goes_with_entry = self.balance.is_none();
                let uncleared = if goes_with_entry { posted } else { Amount::ZERO };
                let clearing = clearing.map(|clearing| Clearing { uncleared, ..clearing });
                Stage::Posted { entry, posted, approved_by, clearing }
            }
            (MovementState::Voided, Stage::Voided) => Stage::Voided,
            (MovementState::Expired, Stage::Expired) => Stage::Expired,
            (MovementState::Posted | MovementState::Voided | MovementState::Expired, _) => return None,
        };
        let arrived = today.arrived.filter(|_| self.state == MovementState::Posted);
        let external = today.external.map(|external| ExternalSide { step: self.step, ..external });
        Some(Movement { stage, arrived, external, updated_at: self.updated_at.unwrap_or(then), ..today })
    }
}

/// The snapshot of an account's event: everything about it that can change.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccountSnapshot {
    pub lifecycle: Lifecycle,
    #[serde(default, skip_serializing_if = "is_default")]
    pub lock: Lock,
    /// The caller's own id of the account.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reference: String,
    /// The caller's own classification.
    #[serde(default, skip_serializing_if = "is_default")]
    pub category: String,
    pub group: GroupSerial,
    pub portfolio: PortfolioSerial,
    #[serde(default, skip_serializing_if = "is_default")]
    pub trade_status: TradeStatus,
    pub max_leverage: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    pub nop_limit: Amount,
    #[serde(default, skip_serializing_if = "is_default")]
    pub daily_statement: bool,
    /// Whether credits were switched off.
    #[serde(default, skip_serializing_if = "is_default")]
    pub credits_off: bool,
    /// Whether debits were switched off.
    #[serde(default, skip_serializing_if = "is_default")]
    pub debits_off: bool,
    /// Stored as those withheld.
    #[serde(default, rename = "withheld", skip_serializing_if = "is_default")]
    pub permissions: Permissions,
    /// The overdraft limit: the stricter of its own and its group's.
    #[serde(default, skip_serializing_if = "is_default")]
    pub minimum: Amount,
    pub version: u64,
    /// When its settings had last changed, if not at the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Moment>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub balance: Amount,
    #[serde(flatten)]
    pub reserves: Reserves,
}

impl AccountSnapshot {
    /// The snapshot of an account as it is now.
    pub fn of(account: &Account, now: Moment) -> AccountSnapshot {
        AccountSnapshot {
            lifecycle: account.lifecycle,
            lock: account.lock,
            reference: account.labels.common.reference.clone(),
            category: account.labels.common.category.clone(),
            group: account.standing.group,
            portfolio: account.standing.portfolio,
            trade_status: account.trade_status,
            max_leverage: account.max_leverage,
            nop_limit: account.net_open_position_limit,
            daily_statement: account.wants_daily_statement,
            credits_off: !account.allows_credits,
            debits_off: !account.allows_debits,
            permissions: account.permissions,
            minimum: account.balances.minimum,
            version: account.version,
            updated_at: Some(account.updated_at).filter(|at| *at != now),
            closed_at: account.closed_at,
            balance: account.balances.balance,
            reserves: Reserves::of(&account.balances),
        }
    }

    pub fn balances(&self) -> BookBalances {
        BookBalances { balance: self.balance, reserves: self.reserves }
    }

    /// The account as it was at an event of that moment, but with its present name, alias, custom fields, metadata and
    /// standing.
    pub fn applied_to(self, today: Account, places: AccountPlaces, then: Moment) -> Account {
        let Reserves { held, uncleared, pending, credit } = self.reserves;
        let (balance, minimum) = (self.balance, self.minimum);
        let mut labels = today.labels;
        (labels.common.reference, labels.common.category) = (self.reference, self.category);
        Account {
            profile: places.profile,
            group: places.group,
            portfolio: places.portfolio,
            trade_status: self.trade_status,
            max_leverage: self.max_leverage,
            net_open_position_limit: self.nop_limit,
            wants_daily_statement: self.daily_statement,
            lifecycle: self.lifecycle,
            lock: self.lock,
            allows_credits: !self.credits_off,
            allows_debits: !self.debits_off,
            permissions: self.permissions,
            balances: Balances { balance, held, uncleared, pending, credit_net: credit, minimum, margin: Amount::ZERO },
            version: self.version,
            updated_at: self.updated_at.unwrap_or(then),
            closed_at: self.closed_at,
            labels,
            ..today
        }
    }
}

/// The owner, group and portfolio of an account at an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccountPlaces {
    pub profile: ProfileId,
    pub group: GroupId,
    pub portfolio: PortfolioId,
}

/// The snapshot of a profile's event, without personal details.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ProfileSnapshot {
    pub status: ProfileStatus,
    #[serde(default, skip_serializing_if = "is_default")]
    pub blocked: bool,
    /// The caller's own id of the client.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reference: String,
    /// The caller's own classification.
    #[serde(default, skip_serializing_if = "is_default")]
    pub category: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub tags: BTreeSet<String>,
    pub version: u64,
    /// When it had last changed, if not at the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Moment>,
}

impl ProfileSnapshot {
    /// The snapshot of a profile as it is now.
    pub fn of(profile: &Profile, now: Moment) -> ProfileSnapshot {
        ProfileSnapshot {
            status: profile.status,
            blocked: profile.is_blocked,
            reference: profile.labels.reference.clone(),
            category: profile.labels.category.clone(),
            tags: profile.tags.clone(),
            version: profile.version,
            updated_at: Some(profile.updated_at).filter(|at| *at != now),
        }
    }

    /// The profile as it was at an event of that moment, but with its present personal details, custom fields and
    /// metadata.
    pub fn applied_to(self, today: Profile, then: Moment) -> Profile {
        let mut labels = today.labels;
        (labels.reference, labels.category) = (self.reference, self.category);
        let updated_at = self.updated_at.unwrap_or(then);
        let (status, is_blocked, tags) = (self.status, self.blocked, self.tags);
        Profile { status, is_blocked, tags, version: self.version, updated_at, labels, ..today }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::accounts::{LockHolder, LockReason, LockScope, Permission, Standing, Valuation};
    use crate::domain::clients::{AccountLabels, Labels, ProfileDetails};
    use crate::domain::ids::ProfileSerial;
    use crate::domain::ids::{AccountId, AccountSerial, BookId, EntryId, MovementId, MovementSerial, PrincipalSerial};
    use crate::domain::ledger::{Commissions, MovementKind};
    use crate::domain::money::Decimals;
    use crate::domain::reference::CurrencyCode;
    use uuid::Uuid;

    const THEN: Moment = Moment::MAX;

    fn minor(n: i64) -> Amount {
        Amount::from_minor(n)
    }

    fn account() -> Account {
        Account {
            id: AccountId::from(Uuid::from_u128(1)),
            book: BookId(7),
            serial: AccountSerial(1),
            number: "2100000001".into(),
            profile: ProfileId::from(Uuid::from_u128(2)),
            group: GroupId::from(Uuid::from_u128(3)),
            portfolio: PortfolioId::from(Uuid::from_u128(4)),
            portfolio_serial: 1,
            ledger: None,
            parent: None,
            currency: CurrencyCode::from_stored("EUR".into()),
            decimals: Decimals::new(2).unwrap(),
            is_demo: false,
            is_spread_betting: false,
            position_mode: None,
            margin_calculation_override: None,
            trade_status: TradeStatus::CloseOnly,
            max_leverage: 30,
            net_open_position_limit: minor(5),
            wants_daily_statement: true,
            lifecycle: Lifecycle::Closing,
            lock: Lock::Locked { scope: LockScope::Full, holder: LockHolder::System, reason: LockReason::Ded },
            allows_credits: false,
            allows_debits: true,
            permissions: Permissions::of(&[Permission::Visible]),
            balances: Balances {
                balance: minor(1),
                held: minor(2),
                uncleared: minor(3),
                pending: minor(4),
                credit_net: minor(5),
                minimum: minor(-6),
                margin: Amount::ZERO,
            },
            order_basis: crate::domain::accounts::OrderBasis::Instrument,
            version: 9,
            created_at: Moment::from_unix_ms(1),
            updated_at: THEN,
            closed_at: None,
            labels: AccountLabels {
                name: "Zoë's".into(),
                alias: "zoe".into(),
                status: crate::domain::status::StatusLabel::default(),
                common: Labels { reference: "r".into(), category: "c".into(), ..Labels::default() },
            },
            standing: Standing::default(),
            valuation: Valuation::default(),
        }
    }

    #[test]
    fn an_account_is_shown_as_it_was_under_the_name_of_today() {
        let then = account();
        let snapshot = AccountSnapshot::of(&then, THEN);
        assert_eq!(snapshot.updated_at, None, "it is the moment of the event");
        let today = Account {
            profile: ProfileId::from(Uuid::from_u128(9)),
            group: GroupId::from(Uuid::from_u128(9)),
            portfolio: PortfolioId::from(Uuid::from_u128(9)),
            trade_status: TradeStatus::Full,
            max_leverage: 1,
            net_open_position_limit: minor(0),
            wants_daily_statement: false,
            lifecycle: Lifecycle::Closed,
            lock: Lock::Open,
            allows_credits: true,
            allows_debits: false,
            permissions: Permissions::default(),
            balances: Balances::default(),
            version: 10,
            updated_at: Moment::from_unix_ms(5),
            closed_at: Some(Moment::from_unix_ms(5)),
            labels: AccountLabels { name: "erased".into(), ..AccountLabels::default() },
            ..then.clone()
        };
        let places = AccountPlaces { profile: then.profile, group: then.group, portfolio: then.portfolio };
        let shown = snapshot.applied_to(today, places, THEN);
        let mut expected = then;
        (expected.labels.name, expected.labels.alias) = ("erased".into(), String::new());
        assert_eq!(shown, expected);
        let earlier = AccountSnapshot::of(&expected, Moment::from_unix_ms(8));
        assert_eq!(earlier.updated_at, Some(THEN), "it is not the moment of the event");
    }

    #[test]
    fn a_profile_is_shown_as_it_was_under_the_name_of_today() {
        let then = Profile {
            serial: ProfileSerial(1),
            id: ProfileId::from(Uuid::from_u128(1)),
            details: ProfileDetails { first_name: "Zoë".into(), ..ProfileDetails::default() },
            tags: ["vip".to_owned()].into(),
            labels: Labels { reference: "r".into(), category: "c".into(), ..Labels::default() },
            status: ProfileStatus::Pending,
            is_blocked: true,
            offboarding_since: None,
            deceased_on: None,
            created_by: None,
            reviewed_by: None,
            version: 1,
            created_at: Moment::from_unix_ms(1),
            updated_at: THEN,
        };
        let snapshot = ProfileSnapshot::of(&then, THEN);
        let today = Profile {
            details: ProfileDetails::default(),
            tags: BTreeSet::new(),
            labels: Labels::default(),
            status: ProfileStatus::Archived,
            is_blocked: false,
            version: 7,
            updated_at: Moment::from_unix_ms(7),
            ..then.clone()
        };
        assert_eq!(snapshot.applied_to(today, THEN), Profile { details: ProfileDetails::default(), ..then });
    }

    #[test]
    fn a_movement_is_shown_as_it_was_at_each_step() {
        let (at, end, checker) = (Moment::from_unix_ms(5), Moment::from_unix_ms(9), PrincipalSerial(2));
        let asked = Movement {
            serial: MovementSerial(1),
            id: MovementId::from(Uuid::from_u128(1)),
            kind: MovementKind::Deposit,
            account: AccountId::from(Uuid::from_u128(2)),
            to_account: None,
            currency: CurrencyCode::from_stored("EUR".into()),
            decimals: Decimals::new(2).unwrap(),
            amount: minor(100),
            stage: Stage::Pending,
            commissions: Commissions::default(),
            external: None,
            arrived: None,
            reason: "why".into(),
            reference: Some("wire".into()),
            requested_by: PrincipalSerial(1),
            expires_at: Some(end),
            created_at: Moment::from_unix_ms(1),
            updated_at: Moment::from_unix_ms(1),
        };
        let stepped = |stage| Movement { stage, updated_at: at, ..asked.clone() };
        let posted_with = |uncleared| Stage::Posted {
            entry: EntryId::from(Uuid::from_u128(3)),
            posted: minor(100),
            approved_by: Some(checker),
            clearing: Some(Clearing { at: end, uncleared: minor(uncleared) }),
        };
        let [voided, expired] = [Stage::Voided, Stage::Expired].map(stepped);
        let (approved, posted) = (stepped(Stage::Approved { by: checker }), stepped(posted_with(100)));
        let cleared = Movement { updated_at: end, ..stepped(posted_with(0)) };
        let balances = Balances { balance: minor(5), ..Balances::default() };
        for steps in [vec![&asked, &approved, &posted, &cleared], vec![&asked, &voided], vec![&approved, &expired]] {
            let today = steps[steps.len() - 1];
            for then in &steps {
                let snapshot = MovementSnapshot::of(then, &balances, then.updated_at);
                // Events that accompany an entry leave the balance to it.
                assert_eq!(snapshot.balance.is_none(), *then == &posted, "{snapshot:?}");
                assert_eq!(snapshot.applied_to(today.clone(), checker, then.updated_at).as_ref(), Some(*then));
            }
        }
        for (then, today) in [(&posted, &voided), (&voided, &expired), (&expired, &posted)] {
            let snapshot = MovementSnapshot::of(then, &balances, at);
            assert_eq!(snapshot.applied_to(today.clone(), checker, at), None, "{snapshot:?}");
        }
    }
}
