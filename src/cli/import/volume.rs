//! What the volumes of a file count.

use clap::ValueEnum;

use super::item::Fault;

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Volume {
    Lots,
    /// Of the underlying
    Units,
    /// Hundredths of a unit, as in the API of cTrader
    Hundredths,
}

impl Volume {
    /// The quantity of an event, and its unit.
    pub(super) fn quantity(self, volume: &str) -> Result<(String, Option<&'static str>), Fault> {
        Ok(match self {
            Volume::Lots => (volume.to_owned(), Some("lots")),
            Volume::Units => (volume.to_owned(), Some("units")),
            Volume::Hundredths => (hundredth(volume)?, Some("units")),
        })
    }
}

/// Moves the decimal point by two places.
fn hundredth(volume: &str) -> Result<String, Fault> {
    let digits = volume.trim_start_matches('-');
    let sign = &volume[..volume.len() - digits.len()];
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::invalid(format!("{volume} is not a number")));
    }
    let whole = format!("{whole:0>3}");
    let (units, cents) = whole.split_at(whole.len() - 2);
    Ok(format!("{sign}{units}.{cents}{fraction}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hundredths_are_exact() {
        let of = |volume| hundredth(volume).ok();
        assert_eq!(of("1000000").as_deref(), Some("10000.00"));
        assert_eq!(of("7").as_deref(), Some("0.07"));
        assert_eq!(of("-12.5").as_deref(), Some("-0.125"));
        assert_eq!(of("1e3"), None);
        assert_eq!(of(""), None);
    }
}
