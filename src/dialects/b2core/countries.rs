//! Countries as numbers of ISO 3166-1. The core stores a country as any text; this API writes its two-letter code, and
//! reads every spelling of the standard: two or three letters, the number, the English name.

use isocountry::CountryCode;

/// The number of a stored country; none if the text is no spelling of the standard.
pub(super) fn number(stored: &str) -> Option<u32> {
    let text = stored.trim();
    let is_spelling = |country: &&CountryCode| spellings(**country).iter().any(|it| it.eq_ignore_ascii_case(text));
    CountryCode::as_array().iter().find(is_spelling).map(CountryCode::numeric_id)
}

/// The text to store for a number.
pub(super) fn text(number: i64) -> Option<&'static str> {
    country(number).map(|country| country.alpha2())
}

/// All texts that a country may be stored as.
pub(super) fn texts(number: i64) -> Option<Vec<String>> {
    country(number).map(|country| spellings(country).to_vec())
}

fn country(number: i64) -> Option<CountryCode> {
    u32::try_from(number).ok().and_then(|number| CountryCode::for_id(number).ok())
}

fn spellings(country: CountryCode) -> [String; 4] {
    let digits = format!("{:03}", country.numeric_id());
    [country.alpha2().to_owned(), country.alpha3().to_owned(), country.name().to_owned(), digits]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_country_is_read_and_one_is_written() {
        for stored in ["CH", "ch", "CHE", "Switzerland", " switzerland ", "756"] {
            assert_eq!(number(stored), Some(756), "{stored}");
        }
        assert_eq!((number(""), number("Helvetia"), number("0")), (None, None, None));
        assert_eq!((text(756), text(8), text(0), text(-1), text(1 << 40)), (Some("CH"), Some("AL"), None, None, None));
        assert_eq!(texts(8), Some(vec!["AL".into(), "ALB".into(), "Albania".into(), "008".into()]));
    }
}
