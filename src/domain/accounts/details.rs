//! What banks keep about an account beyond its settings: legal names, a savings goal, what its client may do with it.
//! From Q2 Helix, "Account object".

use crate::domain::clock::Moment;
use crate::domain::money::{Amount, AmountError, DecimalText, Decimals, ExtraDecimals};
use crate::domain::named::named_enum;
use crate::domain::refusal::{Field, Refusal};
use crate::domain::text;
use serde::{Deserialize, Serialize};

/// The longest legal name, in characters.
pub const LEGAL_NAME_MAX: usize = 100;
/// The longest category within a category, in characters.
pub const SUB_CATEGORY_MAX: usize = 50;

named_enum! {
    /// Why a client closed an account.
    pub enum CloseReason {
        Fraud = "fraud",
        NeverFunded = "never_funded",
        /// Bank Secrecy Act: suspected money laundering.
        Bsa = "bsa",
        RelationshipEnded = "relationship_ended",
        Deceased = "deceased",
        /// Told in words.
        Other = "other",
    }
}

/// Unset texts are empty.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AccountDetails {
    pub legal_name_1: String,
    /// A second name, or the rest of a long one.
    pub legal_name_2: String,
    /// The caller's own classification within the category.
    pub sub_category: String,
    /// What the client wants to have available; above zero.
    pub target: Option<Amount>,
    /// By when the client wants to have it.
    pub target_at: Option<Moment>,
    /// When that much was available first. Set once, whatever the target becomes.
    pub target_met_at: Option<Moment>,
    /// Whether its client cannot close it. Fixed when the account is opened.
    pub is_kept: bool,
    /// Whether it may pay to and collect from external accounts of all clients, not only of its owner.
    pub uses_all_external: bool,
    pub close_reason: Option<CloseReason>,
    pub close_notes: String,
}

/// What follows from the ledger and from the other accounts of the owner.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DerivedDetails {
    /// Whether it is the first account that its primary owner got.
    pub is_first: bool,
    /// When the first credit was posted.
    pub first_credit_at: Option<Moment>,
    /// When the balance, or what is available or pending, last changed; when the account was opened if it never did.
    pub balances_changed_at: Moment,
}

/// A change of details: None leaves a detail as it is, an empty value removes it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AccountDetailsChange {
    pub legal_name_1: Option<String>,
    pub legal_name_2: Option<String>,
    pub sub_category: Option<String>,
    /// In the account's currency. Zero removes the target.
    pub target: Option<DecimalText>,
    /// The inner None removes the date.
    pub target_at: Option<Option<Moment>>,
    pub uses_all_external: Option<bool>,
}

impl AccountDetailsChange {
    /// Makes the change, with its values checked and normalised.
    ///
    /// Refusals: invalid texts; a target that is negative or no amount of the currency; a target date that is not in
    /// the future, unless it stays.
    pub fn apply(self, present: &AccountDetails, decimals: Decimals, now: Moment) -> Result<AccountDetails, Refusal> {
        let text = |field: Field, new: Option<String>, present: &String, max: usize| match new {
            Some(new) => text::name(field, new, max),
            None => Ok(present.clone()),
        };
        let target_at = self.target_at.unwrap_or(present.target_at);
        if target_at != present.target_at && target_at.is_some_and(|at| at <= now) {
            return Err(Refusal::out_of_range(Field::TargetDate, "must be in the future"));
        }
        Ok(AccountDetails {
            legal_name_1: text(Field::LegalName1, self.legal_name_1, &present.legal_name_1, LEGAL_NAME_MAX)?,
            legal_name_2: text(Field::LegalName2, self.legal_name_2, &present.legal_name_2, LEGAL_NAME_MAX)?,
            sub_category: text(Field::SubCategory, self.sub_category, &present.sub_category, SUB_CATEGORY_MAX)?,
            target: match self.target {
                Some(target) => amount(target, decimals)?,
                None => present.target,
            },
            target_at,
            uses_all_external: self.uses_all_external.unwrap_or(present.uses_all_external),
            ..present.clone()
        })
    }
}

/// None for zero.
fn amount(target: DecimalText, decimals: Decimals) -> Result<Option<Amount>, Refusal> {
    let amount = target.to_amount(decimals, ExtraDecimals::Refuse).map_err(|error| match error {
        AmountError::TooLarge => Refusal::out_of_range(Field::TargetAmount, error.to_string()),
        _ => Refusal::invalid(Field::TargetAmount, error.to_string()),
    })?;
    match amount.is_negative() {
        true => Err(Refusal::out_of_range(Field::TargetAmount, "zero or more")),
        false => Ok(Some(amount).filter(|amount| !amount.is_zero())),
    }
}

impl AccountDetails {
    /// The target that is still to be reached for the first time.
    pub fn unmet_target(&self) -> Option<Amount> {
        self.target.filter(|_| self.target_met_at.is_none())
    }

    /// Notes when the target was first reached, if it is now.
    #[must_use]
    pub fn measured(self, available: Amount, now: Moment) -> AccountDetails {
        match self.unmet_target() {
            Some(target) if available >= target => AccountDetails { target_met_at: Some(now), ..self },
            _ => self,
        }
    }

    /// How much of the target is available, in hundredths, rounded half up: 50 is one half. None without a target.
    pub fn target_hundredths(&self, available: Amount) -> Option<i128> {
        let (target, available) = (i128::from(self.target?.minor()), i128::from(available.minor()));
        (target > 0).then(|| (available * 200 + target).div_euclid(target * 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Moment {
        Moment::from_unix_ms(ms)
    }

    fn minor(n: i64) -> Amount {
        Amount::from_minor(n)
    }

    #[test]
    fn a_target_is_met_once() {
        let aimed = AccountDetails { target: Some(minor(500)), ..AccountDetails::default() };
        let aimed = aimed.measured(minor(499), at(1));
        assert_eq!((aimed.target_met_at, aimed.unmet_target()), (None, Some(minor(500))));
        let met = aimed.measured(minor(500), at(2));
        assert_eq!((met.target_met_at, met.unmet_target()), (Some(at(2)), None));
        let raised = AccountDetails { target: Some(minor(900)), ..met };
        assert_eq!(raised.measured(minor(900), at(3)).target_met_at, Some(at(2)));
        assert_eq!(AccountDetails::default().measured(minor(1), at(1)).target_met_at, None);
    }

    #[test]
    fn the_share_of_a_target_is_rounded_half_up() {
        let of = |target| AccountDetails { target: Some(minor(target)), ..AccountDetails::default() };
        let shares = [(1, 200), (3, 200), (199, 200), (200, 200), (500, 200), (-1, 200), (-3, 200), (i64::MAX, 1)];
        let found = shares.map(|(available, target)| of(target).target_hundredths(minor(available)));
        let expected = [1, 2, 100, 100, 250, 0, -1, i128::from(i64::MAX) * 100];
        assert_eq!(found, expected.map(Some));
        assert_eq!(AccountDetails::default().target_hundredths(minor(1)), None);
    }

    #[test]
    fn a_change_keeps_what_it_does_not_name() {
        let two = Decimals::new(2).unwrap();
        let target = |text: &str| AccountDetailsChange {
            target: Some(DecimalText::parse(text).unwrap()),
            ..AccountDetailsChange::default()
        };
        let present = AccountDetails { legal_name_1: "Jane Doe".into(), is_kept: true, ..AccountDetails::default() };
        let changed = target("5.5").apply(&present, two, at(0)).unwrap();
        assert_eq!(changed, AccountDetails { target: Some(minor(550)), ..present.clone() });
        assert_eq!(target("0").apply(&changed, two, at(0)), Ok(present.clone()));
        for bad in ["-1", "0.001"] {
            assert!(target(bad).apply(&present, two, at(0)).is_err(), "{bad}");
        }
        let due = |at| AccountDetailsChange { target_at: Some(Some(at)), ..AccountDetailsChange::default() };
        let dated = due(at(9)).apply(&present, two, at(8)).unwrap();
        assert!(due(at(9)).apply(&present, two, at(9)).is_err());
        assert_eq!(due(at(9)).apply(&dated, two, at(99)), Ok(dated));
    }
}
