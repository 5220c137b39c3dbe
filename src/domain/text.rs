//! Text that callers send. It enters the core through [`name`], [`title`], [`identifier`] or [`note`], which return it
//! in Unicode normalization form C, so that texts that look the same are the same. What is looked up goes through
//! [`nfc`].
//!
//! Characters that cannot be seen are refused where texts are compared or shown in one line: they make two clients look
//! like one. Exceptions are the joiners, in the contexts where Persian, Sinhala and other scripts need them (RFC 5892,
//! appendices A.1 and A.2), and variation selectors, which Japanese names need.

use super::refusal::{Field, Refusal};
use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{
    CanonicalCombiningClass, DefaultIgnorableCodePoint, GeneralCategory, JoiningType, VariationSelector,
};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Comment of an entry, in characters.
pub const COMMENT_MAX: usize = 255;
/// Ordinary text field, in characters.
pub const FIELD_MAX: usize = 255;
/// The free-form text of a profile, in characters.
pub const META_DATA_MAX: usize = 16_384;
/// E-mail address, in characters (RFC 5321 limits a path to 256 octets including its brackets).
pub const EMAIL_MAX: usize = 254;

/// Normalises a text to form C (Unicode Standard Annex 15).
pub fn nfc(text: impl Into<String>) -> String {
    let text = text.into();
    if text.is_ascii() {
        return text;
    }
    match ComposingNormalizerBorrowed::new_nfc().normalize(&text) {
        std::borrow::Cow::Borrowed(_) => text,
        std::borrow::Cow::Owned(normalised) => normalised,
    }
}

/// A number of which only the last four characters are shown, each character before them as `*`. Blanks and hyphens do
/// not count.
pub fn masked(number: &str) -> String {
    let plain: Vec<char> = number.chars().filter(|c| c.is_alphanumeric() || *c == '*').collect();
    let hidden = plain.len().saturating_sub(4);
    plain.iter().enumerate().map(|(place, c)| if place < hidden { '*' } else { *c }).collect()
}

/// Folds text for case-insensitive comparison.
pub fn fold(text: &str) -> String {
    nfc(nfc(text.trim()).to_lowercase())
}

/// A text that programs and people type again to find something: one line, nothing invisible in it, no blanks around
/// it.
pub fn identifier(field: Field, text: String, max: usize) -> Result<String, Refusal> {
    let text = bounded(&field, text, max)?;
    match text.trim() == text {
        false => Err(Refusal::invalid(field, "no leading or trailing blanks")),
        true if text.chars().any(is_invisible) => Err(invisible(field)),
        true => Ok(text),
    }
}

/// A line that is shown to people, such as the name of a person: nothing invisible in it, except joiners where a script
/// needs them and variation selectors.
pub fn name(field: Field, text: String, max: usize) -> Result<String, Refusal> {
    let text = bounded(&field, text, max)?;
    let is_hidden = |(place, c): (usize, char)| is_invisible(c) && !is_needed(&text, place, c);
    if text.char_indices().any(is_hidden) { Err(invisible(field)) } else { Ok(text) }
}

/// The name of a thing, such as an account or a ledger: like [`name`], without blanks around it.
pub fn title(field: Field, text: String, max: usize) -> Result<String, Refusal> {
    let text = name(field.clone(), text, max)?;
    if text.trim() == text { Ok(text) } else { Err(Refusal::invalid(field, "no leading or trailing blanks")) }
}

/// Free text of several lines. Refuses control characters other than tabs and line breaks, byte order marks, and the
/// characters that reorder what follows them.
pub fn note(field: Field, text: String, max: usize) -> Result<String, Refusal> {
    const REORDER: [char; 10] = [
        '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}',
        '\u{feff}',
    ];
    let text = bounded(&field, text, max)?;
    if text.chars().any(|c| (c.is_control() && !matches!(c, '\n' | '\r' | '\t')) || REORDER.contains(&c)) {
        return Err(Refusal::invalid(field, "control characters are not allowed"));
    }
    Ok(text)
}

fn bounded(field: &Field, text: String, max: usize) -> Result<String, Refusal> {
    let text = nfc(text);
    // No character takes more than 4 bytes or less than one.
    if text.len() > max && text.chars().count() > max {
        return Err(Refusal::out_of_range(field.clone(), format!("at most {max} characters")));
    }
    Ok(text)
}

fn invisible(field: Field) -> Refusal {
    Refusal::invalid(field, "control characters and invisible characters are not allowed")
}

/// Whether a character shows nothing, or nothing that everyone knows: controls, format characters, line separators,
/// private use and unassigned code points, fillers.
fn is_invisible(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    matches!(
        CodePointMapData::<GeneralCategory>::new().get(c),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            | GeneralCategory::PrivateUse
            | GeneralCategory::Unassigned
    ) || is_ignorable(c)
}

/// Whether a program may treat the character as if it were not there.
pub(super) fn is_ignorable(c: char) -> bool {
    !c.is_ascii() && CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// Whether the invisible character at a place is a part of how the text is spelled.
fn is_needed(text: &str, place: usize, c: char) -> bool {
    let (before, after) = (&text[..place], &text[place + c.len_utf8()..]);
    let Some(last) = before.chars().next_back() else { return false };
    if CodePointSetData::new::<VariationSelector>().contains(c) {
        return !last.is_whitespace() && !is_invisible(last);
    }
    let joiner = matches!(c, '\u{200c}' | '\u{200d}');
    let follows_virama =
        || CodePointMapData::<CanonicalCombiningClass>::new().get(last) == CanonicalCombiningClass::Virama;
    joiner && (follows_virama() || (c == '\u{200c}' && keeps_letters_apart(before, after)))
}

/// Whether the letters on both sides would be joined if nothing were between them.
fn keeps_letters_apart(before: &str, after: &str) -> bool {
    let joining = |c: char| CodePointMapData::<JoiningType>::new().get(c);
    let is_solid = |kind: &JoiningType| *kind != JoiningType::Transparent;
    let left = before.chars().rev().map(joining).find(is_solid);
    let right = after.chars().map(joining).find(is_solid);
    matches!(left, Some(JoiningType::LeftJoining | JoiningType::DualJoining))
        && matches!(right, Some(JoiningType::RightJoining | JoiningType::DualJoining))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_four_characters_of_a_number_are_shown() {
        for (number, shown) in [
            ("2100004711", "******4711"),
            ("012-34-1234", "*****1234"),
            ("*****1234", "*****1234"),
            ("12345", "*2345"),
            ("1234", "1234"),
            ("", ""),
        ] {
            assert_eq!(masked(number), shown);
        }
    }

    #[test]
    fn texts_that_look_the_same_become_the_same() {
        assert_eq!(name(Field::Name, "Zoe\u{308}".into(), 3), Ok("Zoë".into()));
        assert_eq!(identifier(Field::Reference, "a\u{30a}".into(), 9), Ok("\u{e5}".into()));
        assert_eq!(note(Field::Comment, "\u{212b}\n".into(), 9), Ok("\u{c5}\n".into()));
        assert_eq!(fold(" JU\u{308}RGEN "), fold("jürgen"));
        assert!(name(Field::Name, "é".repeat(21), 20).is_err());
        assert!(name(Field::Name, "é".repeat(20), 20).is_ok());
    }

    #[test]
    fn any_script_is_allowed() {
        for good in [
            "Žofie 鈴木 🙂 عمر",
            "می\u{200c}خواهم",   // ZWNJ between letters that would join
            "ක\u{dca}\u{200d}රි", // ZWJ after a virama
            "葛\u{e0100}飾",     // an ideographic variation
            "O’Brien-Łukasz",
        ] {
            assert_eq!(name(Field::Name, good.into(), 40), Ok(good.into()));
        }
        assert!(identifier(Field::Reference, "Konto-鈴木 7".into(), 40).is_ok());
        assert!(note(Field::Comment, "two\r\nlines\tשלום\u{200f} \u{2028}".into(), 40).is_ok());
    }

    #[test]
    fn what_cannot_be_seen_is_refused() {
        for c in [
            '\0',
            '\t',
            '\n',
            '\r',
            '\u{7f}',
            '\u{85}',
            '\u{ad}',
            '\u{34f}',
            '\u{115f}',
            '\u{200b}',
            '\u{200c}',
            '\u{200d}',
            '\u{200e}',
            '\u{200f}',
            '\u{2028}',
            '\u{2029}',
            '\u{202a}',
            '\u{202e}',
            '\u{2060}',
            '\u{2064}',
            '\u{2066}',
            '\u{2069}',
            '\u{3164}',
            '\u{feff}',
            '\u{fff9}',
            '\u{e000}',
            '\u{378}',
            '\u{e0041}',
        ] {
            for text in [format!("a{c}b"), format!("{c}ab"), format!("ab{c}")] {
                assert!(name(Field::Name, text.clone(), 9).is_err(), "{text:?}");
                assert!(identifier(Field::Reference, text.clone(), 9).is_err(), "{text:?}");
            }
        }
        for bad in ["\u{fe0f}a", " \u{fe0f}", "می\u{200c}", "a\u{200d}ක\u{dca}"] {
            assert!(name(Field::Name, bad.into(), 9).is_err(), "{bad:?}");
        }
        for bad in ["می\u{200c}خ", "葛\u{e0100}", " a", "a ", "\u{a0}a", "a\u{3000}"] {
            assert!(identifier(Field::Reference, bad.into(), 9).is_err(), "{bad:?}");
        }
        for bad in [" a", "a ", "\u{a0}a", "a\u{3000}", "a\tb"] {
            assert!(title(Field::Name, bad.into(), 9).is_err(), "{bad:?}");
        }
        for bad in ["a\0", "a\u{1b}[2J", "a\u{202e}b", "\u{feff}a", "\u{2066}"] {
            assert!(note(Field::Comment, bad.into(), 9).is_err(), "{bad:?}");
        }
    }
}
