//! Reference rates: declared in the reference file, and the judge of the rates that callers ask for.

use crate::app::reference::{Change, ReferenceFile};
use crate::app::{Context, Failure};
use crate::domain::approvals::Cause;
use crate::domain::clock::Moment;
use crate::domain::ids::CurrencySerial;
use crate::domain::money::DecimalText;
use crate::domain::reference::{Conversion, CurrencyCode, RATE_DIGITS_MAX, ReferenceRate};
use crate::domain::refusal::{Field, Refusal};
use crate::store::Mode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A reference rate in the file. It also serves the other direction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateEntry {
    /// A currency code.
    pub from: String,
    /// A currency code.
    pub to: String,
    /// What one unit of `from` is worth in `to`.
    pub rate: String,
    /// When it was the rate, RFC 3339. Only a sandbox accepts a rate without it, which never ages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
}

/// How far ahead of the server's clock a rate may be dated.
const CLOCKS_DIFFER_S: i64 = 60;

impl RateEntry {
    fn code(&self) -> String {
        format!("{}/{}", self.from, self.to)
    }

    /// Refusals: not a currency code, a rate or a time.
    fn rate(&self) -> Result<ReferenceRate, Refusal> {
        let rate = DecimalText::parse(&self.rate).ok().filter(|rate| !rate.is_zero() && !rate.is_negative());
        let digits = self.rate.trim_start_matches(['0', '.']).bytes().filter(u8::is_ascii_digit).count();
        let rate = rate.filter(|_| digits <= RATE_DIGITS_MAX).ok_or_else(|| {
            Refusal::invalid(
                Field::Rates,
                format!("rate: above zero, with at most {RATE_DIGITS_MAX} digits, in quotes"),
            )
        })?;
        let moment = |text: &String| {
            let wrong = || Refusal::invalid(Field::Rates, "as_of: a time such as \"2026-03-02T08:15:00Z\"");
            Moment::parse(text).ok_or_else(wrong)
        };
        Ok(ReferenceRate {
            from: CurrencyCode::parse(Field::Currency, &self.from)?,
            to: CurrencyCode::parse(Field::Currency, &self.to)?,
            rate,
            as_of: self.as_of.as_ref().map(moment).transpose()?,
        })
    }
}

impl From<ReferenceRate> for RateEntry {
    fn from(rate: ReferenceRate) -> RateEntry {
        RateEntry {
            from: rate.from.to_string(),
            to: rate.to.to_string(),
            rate: rate.rate.into(),
            as_of: rate.as_of.map(|at| at.to_string()),
        }
    }
}

/// Adds the problems of rates that can be found without the database.
pub(super) fn check_rates(file: &ReferenceFile, currencies: &BTreeSet<&str>, problems: &mut Vec<String>) {
    let mut pairs = BTreeSet::new();
    for entry in file.rates.iter().flatten() {
        let mut wrong = |what: String| problems.push(format!("rate {}: {what}", entry.code()));
        if let Err(refusal) = entry.rate() {
            wrong(refusal.to_string());
        }
        for code in [&entry.from, &entry.to] {
            if !currencies.contains(code.as_str()) {
                wrong(format!("currency {code} is not declared"));
            }
        }
        if entry.from == entry.to {
            wrong("the two currencies are the same".into());
        } else if !pairs.insert((entry.from.clone().min(entry.to.clone()), entry.from.clone().max(entry.to.clone()))) {
            wrong("declared twice; a rate also serves the other direction".into());
        }
    }
}

/// What applying the file would change. A file without rates leaves them as they are.
pub(super) fn rate_differences(file: &ReferenceFile, stored: &ReferenceFile) -> Result<Vec<Change>, Refusal> {
    let Some(wanted) = &file.rates else { return Ok(Vec::new()) };
    let present = stored.rates.as_deref().unwrap_or_default();
    let same_pair = |one: &RateEntry, other: &RateEntry| (&one.from, &one.to) == (&other.from, &other.to);
    let change =
        |action: &str, entry: &RateEntry| Change { action: action.into(), kind: "rate".into(), code: entry.code() };
    let mut changes = Vec::new();
    for old in present.iter().filter(|old| !wanted.iter().any(|entry| same_pair(entry, old))) {
        changes.push(change("remove", old));
    }
    for entry in wanted {
        match present.iter().find(|old| same_pair(entry, old)) {
            None => changes.push(change("create", entry)),
            Some(old) if old.rate()? != entry.rate()? => changes.push(change("change", entry)),
            Some(_) => {}
        }
    }
    Ok(changes)
}

/// Makes one change of a rate. Refusals: a rate without a time outside of a sandbox, or one of the future.
pub(super) fn apply_rate(
    context: &Context<'_>,
    file: &ReferenceFile,
    stored: &ReferenceFile,
    change: &Change,
) -> Result<(), Failure> {
    let named = |file: &ReferenceFile| {
        let mut entries = file.rates.iter().flatten();
        entries.find(|entry| entry.code() == change.code).map(RateEntry::rate).transpose()
    };
    if change.action == "remove" {
        let old = named(stored)?.ok_or(Refusal::Internal)?;
        return Ok(context.tx.remove_rate(&old.from, &old.to)?);
    }
    let rate = named(file)?.ok_or(Refusal::Internal)?;
    match rate.as_of {
        None if context.app.installation().mode != Mode::Sandbox => {
            let reason = format!("rate {} needs as_of: it counts for a limited time", change.code);
            Err(Refusal::invalid(Field::Rates, reason).into())
        }
        Some(as_of) if as_of > context.clock_now.plus_s(CLOCKS_DIFFER_S) => {
            let reason = format!("as_of of rate {} is in the future", change.code);
            Err(Refusal::out_of_range(Field::Rates, reason).into())
        }
        _ => Ok(context.tx.put_rate(&rate)?),
    }
}

/// The reference rate between the currencies of a conversion, and why the conversion takes a second operator; None if
/// it does not.
pub(in crate::app) fn judge(
    context: &Context<'_>,
    (from, from_code): (CurrencySerial, &CurrencyCode),
    to: CurrencySerial,
    conversion: Conversion,
) -> Result<(Option<ReferenceRate>, Option<Cause>), Failure> {
    let rules = &context.app.settings().approvals;
    let Some(reference) = context.tx.rate_between(from, to)? else { return Ok((None, Some(Cause::NoFreshRate))) };
    let cause = if !reference.is_fresh(context.clock_now, i64::from(rules.rate_age_hours) * 3600) {
        Some(Cause::NoFreshRate)
    } else if !reference.admits(from_code, conversion, rules.rate_band) {
        Some(Cause::RateOutsideBand)
    } else {
        None
    };
    Ok((Some(reference), cause))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::reference::parse;

    const CURRENCIES: &str = "[[currencies]]\ncode = \"USD\"\nname = \"Dollar\"\ndecimals = 2\n\
                              [[currencies]]\ncode = \"EUR\"\nname = \"Euro\"\ndecimals = 2\n";

    fn file(rates: &str) -> Result<ReferenceFile, String> {
        parse(&format!("{CURRENCIES}{rates}"))
    }

    #[test]
    fn every_problem_of_a_rate_is_reported() {
        let rate = |from: &str, to: &str, more: &str| format!("[[rates]]\nfrom = \"{from}\"\nto = \"{to}\"\n{more}\n");
        for (rates, part) in [
            (rate("USD", "EUR", "rate = \"0\""), "above zero"),
            (rate("USD", "EUR", "rate = \"-1\""), "above zero"),
            (rate("USD", "EUR", "rate = \"1e2\""), "above zero"),
            (rate("USD", "EUR", "rate = \"1.234567890123\""), "12 digits"),
            (rate("USD", "EUR", "rate = 0.92"), "string"),
            (rate("USD", "XAU", "rate = \"1\""), "XAU is not declared"),
            (rate("USD", "USD", "rate = \"1\""), "the same"),
            (rate("USD", "EUR", "rate = \"1\"\nas_of = \"today\""), "a time such as"),
            (rate("USD", "EUR", "rate = \"1\"\nbid = \"1\""), "bid"),
            (rate("USD", "EUR", "rate = \"1\"") + &rate("EUR", "USD", "rate = \"1\""), "declared twice"),
        ] {
            let problem = file(&rates).unwrap_err();
            assert!(problem.contains(part), "{part}: {problem}");
        }
        let tiny = file(&rate("USD", "EUR", "rate = \"0.000000000000123456789012\"")).unwrap();
        assert!(tiny.rates.is_some());
    }

    #[test]
    fn only_what_differs_is_changed_and_a_file_without_rates_changes_none() {
        let rates = |rates: &str| file(rates).unwrap();
        let changes = |new: &ReferenceFile, old: &ReferenceFile| {
            let list = rate_differences(new, old).unwrap().into_iter();
            list.map(|change| format!("{} {} {}", change.action, change.kind, change.code)).collect::<Vec<_>>()
        };
        let there =
            rates("[[rates]]\nfrom = \"USD\"\nto = \"EUR\"\nrate = \"0.92\"\nas_of = \"2026-03-02T08:15:00Z\"\n");
        let same =
            rates("[[rates]]\nfrom = \"USD\"\nto = \"EUR\"\nrate = \"0.920\"\nas_of = \"2026-03-02T09:15:00+01:00\"\n");
        let later =
            rates("[[rates]]\nfrom = \"USD\"\nto = \"EUR\"\nrate = \"0.92\"\nas_of = \"2026-03-02T08:15:01Z\"\n");
        let back = rates("[[rates]]\nfrom = \"EUR\"\nto = \"USD\"\nrate = \"1.08\"\n");
        assert_eq!(changes(&same, &there), [""; 0]);
        assert_eq!(changes(&later, &there), ["change rate USD/EUR"]);
        assert_eq!(changes(&back, &there), ["remove rate USD/EUR", "create rate EUR/USD"]);
        assert_eq!(changes(&rates(""), &there), [""; 0]);
        assert_eq!(changes(&parse(&format!("rates = []\n{CURRENCIES}")).unwrap(), &there), ["remove rate USD/EUR"]);
    }
}
