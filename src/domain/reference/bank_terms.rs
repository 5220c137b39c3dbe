//! The terms of a bank product: an account group whose accounts a bank keeps, with its limits and its fee.

use crate::domain::money::{Amount, DecimalText, Decimals};
use crate::domain::named::named_enum;
use crate::domain::refusal::{Field, Refusal};
use serde::{Deserialize, Serialize};

/// The longest category of a bank product, in characters.
pub const BANK_CATEGORY_MAX: usize = 50;

/// The digits of a routing number (ABA routing transit number).
pub const ROUTING_DIGITS: usize = 9;

named_enum! {
    /// The kind of a bank account (Q2 Helix, account: `type`).
    pub enum BankKind {
        Checking = "checking",
        Savings = "savings",
        Prepaid = "prepaid",
        ForBenefitOf = "for_benefit_of",
    }
}

impl BankKind {
    /// Whether clients can have money of such an account reserved.
    pub fn takes_holds(self) -> bool {
        matches!(self, BankKind::Checking | BankKind::Savings)
    }

    /// Whether deposits from outside may become available later than they settle.
    pub fn holds_deposits(self) -> bool {
        matches!(self, BankKind::Savings | BankKind::ForBenefitOf)
    }
}

/// Limits in the currency of an account, zero or more; None for no limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AmountRange {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<DecimalText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<DecimalText>,
}

impl AmountRange {
    pub fn is_open(&self) -> bool {
        *self == AmountRange::default()
    }

    /// Whether the limits can be met: neither is negative, and the minimum is not above the maximum.
    pub fn is_sound(&self) -> bool {
        let is_limit = |limit: Option<DecimalText>| limit.is_none_or(|limit| !limit.is_negative());
        let is_ordered = self.minimum.zip(self.maximum).is_none_or(|(least, most)| least.decimal() <= most.decimal());
        is_limit(self.minimum) && is_limit(self.maximum) && is_ordered
    }

    /// Refuses an amount outside the limits, such as that `of` a deposit.
    fn admit(&self, amount: Amount, decimals: Decimals, of: &str) -> Result<(), Refusal> {
        let limit = |limit: Option<DecimalText>| limit.map(|limit| limit.to_limit(decimals));
        let (least, most) = (limit(self.minimum), limit(self.maximum));
        let refused = |word: &str, limit: Amount| {
            Err(Refusal::out_of_range(
                Field::Amount,
                format!("the product takes {word} {} {of}", limit.to_text(decimals)),
            ))
        };
        match (least, most) {
            (Some(least), _) if amount < least => refused("at least", least),
            (_, Some(most)) if amount > most => refused("at most", most),
            _ => Ok(()),
        }
    }
}

/// The fee for withdrawals beyond the free ones of a month (Regulation D of the US Federal Reserve).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawalFee {
    /// Withdrawals of a month without a fee.
    pub free_withdrawals: u32,
    /// For each further one; above zero.
    pub fee: DecimalText,
}

/// That accounts of the product can have a recurring contribution.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContributionTerms {
    /// The least that one may be; above zero.
    pub minimum_amount: DecimalText,
}

/// What a bank product is and allows. The overdraft limit is the group's own.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BankTerms {
    pub kind: BankKind,
    /// The broker's word for it; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub category: String,
    /// Nine digits; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub routing_number: String,
    /// Whether numbers of accounts are shown in full.
    #[serde(default, skip_serializing_if = "is_false")]
    pub shows_numbers: bool,
    /// The most accounts that are not archived that a client may have of it; None for any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_accounts: Option<u32>,
    /// Limits of the balance: deposits from outside keep to the maximum, withdrawals to the outside to the minimum.
    #[serde(default, skip_serializing_if = "AmountRange::is_open")]
    pub balance: AmountRange,
    /// Limits of one deposit from outside.
    #[serde(default, skip_serializing_if = "AmountRange::is_open")]
    pub deposit: AmountRange,
    /// Limits of one withdrawal to the outside.
    #[serde(default, skip_serializing_if = "AmountRange::is_open")]
    pub withdrawal: AmountRange,
    /// None for no fee. Only of savings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawal_fee: Option<WithdrawalFee>,
    /// None for no recurring contributions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contributions: Option<ContributionTerms>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

impl BankTerms {
    /// Refuses a deposit from outside that the limits do not allow; `after` is what the balance is expected to be then.
    pub fn admit_deposit(&self, amount: Amount, after: Amount, decimals: Decimals) -> Result<(), Refusal> {
        self.deposit.admit(amount, decimals, "in one deposit")?;
        AmountRange { minimum: None, ..self.balance }.admit(after, decimals, "on an account")
    }

    /// Refuses a withdrawal to the outside that the limits do not allow; `after` is what is left of the balance then.
    pub fn admit_withdrawal(&self, amount: Amount, after: Amount, decimals: Decimals) -> Result<(), Refusal> {
        self.withdrawal.admit(amount, decimals, "in one withdrawal")?;
        AmountRange { maximum: None, ..self.balance }.admit(after, decimals, "on an account")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(minimum: Option<&str>, maximum: Option<&str>) -> AmountRange {
        let limit = |text: Option<&str>| text.map(|text| DecimalText::parse(text).unwrap());
        AmountRange { minimum: limit(minimum), maximum: limit(maximum) }
    }

    #[test]
    fn limits_include_their_ends() {
        let terms = BankTerms {
            balance: range(Some("5"), Some("1000")),
            deposit: range(Some("1"), Some("300")),
            withdrawal: range(None, Some("50")),
            ..serde_json::from_str(r#"{"kind":"savings"}"#).unwrap()
        };
        let (two, minor) = (Decimals::new(2).unwrap(), Amount::from_minor);
        for (amount, after, expected) in
            [(99, 99, false), (100, 100, true), (30_000, 100_000, true), (30_001, 30_001, false), (100, 100_001, false)]
        {
            let is_admitted = terms.admit_deposit(minor(amount), minor(after), two).is_ok();
            assert_eq!(is_admitted, expected, "deposit of {amount} to {after}");
        }
        for (amount, after, expected) in [(1, 500, true), (5_000, 500, true), (5_001, 500, false), (1, 499, false)] {
            let is_admitted = terms.admit_withdrawal(minor(amount), minor(after), two).is_ok();
            assert_eq!(is_admitted, expected, "withdrawal of {amount} down to {after}");
        }
    }

    #[test]
    fn limits_that_cannot_be_met_are_found() {
        for (sound, range) in [
            (true, range(None, None)),
            (true, range(Some("1.00"), Some("1"))),
            (false, range(Some("2"), Some("1"))),
            (false, range(Some("-1"), None)),
            (false, range(None, Some("-0.01"))),
        ] {
            assert_eq!(range.is_sound(), sound, "{range:?}");
        }
    }

    #[test]
    fn stored_terms_stay_readable() {
        let stored = concat!(
            r#"{"kind":"savings","category":"Goals","routing_number":"123456789","shows_numbers":true,"#,
            r#""max_accounts":3,"balance":{"maximum":"250000"},"deposit":{"minimum":"1.00"},"#,
            r#""withdrawal":{"maximum":"5000"},"#,
            r#""withdrawal_fee":{"free_withdrawals":6,"fee":"5.00"},"contributions":{"minimum_amount":"10"}}"#
        );
        let terms: BankTerms = serde_json::from_str(stored).unwrap();
        assert_eq!(serde_json::to_string(&terms).unwrap(), stored);
        let plain = r#"{"kind":"for_benefit_of"}"#;
        assert_eq!(serde_json::to_string(&serde_json::from_str::<BankTerms>(plain).unwrap()).unwrap(), plain);
    }
}
