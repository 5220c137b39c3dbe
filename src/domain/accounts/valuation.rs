//! What of an account depends on the prices of now.

use crate::domain::clock::Moment;
use crate::domain::refusal::Refusal;

/// What an account has open at trading platforms.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Valuation {
    pub has_positions: bool,
    pub has_orders: bool,
    /// The prices and rates that its open positions are valued at.
    pub prices: Vec<UsedPrice>,
}

/// A quote that counts in the value of a position.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UsedPrice {
    /// A symbol or, for a conversion, a pair of currencies such as `USD/EUR`.
    pub of: String,
    /// By the platform. None: there is no quote.
    pub quoted_at: Option<Moment>,
}

impl Valuation {
    pub fn is_flat(&self) -> bool {
        !self.has_positions && !self.has_orders
    }

    /// Refuses a debit while what the open positions are worth is not known, or known only from old quotes.
    pub fn admit_debit(&self, now: Moment, max_age_s: u32) -> Result<(), Refusal> {
        if let Some(price) = self.prices.iter().find(|price| price.quoted_at.is_none()) {
            return Err(Refusal::QuoteMissing { of: price.of.clone() });
        }
        let oldest = self.prices.iter().filter_map(|price| Some((price.quoted_at?, &price.of))).min();
        match oldest {
            Some((at, of)) if at.plus_s(i64::from(max_age_s)) < now => {
                let age_s = (now.unix_ms() - at.unix_ms()) / 1000;
                Err(Refusal::QuoteStale { of: of.clone(), age_s, max_age_s })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_debit_needs_every_price_and_none_may_be_too_old() {
        let at = |s: i64| Moment::from_unix_ms(s * 1000);
        let price = |of: &str, quoted_at| UsedPrice { of: of.into(), quoted_at };
        let held =
            |prices: &[UsedPrice]| Valuation { has_positions: true, prices: prices.to_vec(), ..Valuation::default() };
        let admit = |prices: &[UsedPrice]| held(prices).admit_debit(at(1000), 300).err();
        assert_eq!(Valuation::default().admit_debit(at(1000), 0), Ok(()));
        assert_eq!(admit(&[price("EURUSD", Some(at(700))), price("USD/CHF", Some(at(999)))]), None);
        let stale = Refusal::QuoteStale { of: "EURUSD".into(), age_s: 301, max_age_s: 300 };
        assert_eq!(admit(&[price("USD/CHF", Some(at(700))), price("EURUSD", Some(at(699)))]), Some(stale));
        let missing = Refusal::QuoteMissing { of: "USD/CHF".into() };
        assert_eq!(admit(&[price("EURUSD", Some(at(1))), price("USD/CHF", None)]), Some(missing));
    }
}
