//! Search text: folds words, numbers and addresses so that people find a client or an account however they type it.
//!
//! The index and the query are folded the same way: compatibility decomposition (Unicode Standard Annex 15, NFKD)
//! without combining marks, lower case, and plain letters for the few Latin letters that have no decomposition.

use super::text;
use icu_normalizer::DecomposingNormalizerBorrowed;
use icu_normalizer::properties::CanonicalCombiningClassMapBorrowed;

/// The longest search text, in characters.
pub const SEARCH_MAX: usize = 100;
/// Words in one search text.
pub const SEARCH_WORDS_MAX: usize = 10;
/// From this many digits on, a number is also found inside phone numbers, not only at their start.
const PHONE_DIGITS_MIN: usize = 5;

/// Folds a text into words without punctuation, separated by single blanks.
pub fn fold_words(text: &str) -> String {
    let marks = CanonicalCombiningClassMapBorrowed::new();
    let decomposed = DecomposingNormalizerBorrowed::new_nfkd().normalize(text);
    let mut words = String::with_capacity(decomposed.len());
    for letter in decomposed.chars().filter(|letter| marks.get_u8(*letter) == 0).flat_map(char::to_lowercase) {
        match plain_letters(letter) {
            Some(plain) => words.push_str(plain),
            None if text::is_ignorable(letter) => {}
            None if letter.is_alphanumeric() => words.push(letter),
            // "O'Brien" is a single word, like "OBrien".
            None if matches!(letter, '\'' | '’' | 'ʼ' | '\u{307}') => {}
            None if !words.is_empty() && !words.ends_with(' ') => words.push(' '),
            None => {}
        }
    }
    words.truncate(words.trim_end().len());
    words
}

/// Plain letters for Latin ones that do not decompose into a letter and a mark.
fn plain_letters(letter: char) -> Option<&'static str> {
    Some(match letter {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ħ' => "h",
        'ı' => "i",
        _ => return None,
    })
}

/// A phone number as indexed: its words, its digits in one piece, and the suffixes of that piece, so that it is also
/// found without its country code.
pub fn fold_phone(text: &str) -> String {
    let mut words = fold_words(&without_trunk_zero(text));
    let digits: String = words.chars().filter(char::is_ascii_digit).collect();
    for start in 0..(digits.len() + 1).saturating_sub(PHONE_DIGITS_MIN) {
        words.push(' ');
        words.push_str(&digits[start..]);
    }
    words
}

/// `+49 (0) 170` is `+49 170`: the zero is dialled only inside the country.
fn without_trunk_zero(phone: &str) -> String {
    phone.replace("(0)", " ")
}

/// A parsed search text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SearchText {
    given: String,
    words: Vec<String>,
}

/// Why a search text is invalid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SearchTextError {
    /// It has no letter or digit.
    NothingToFind,
    /// It exceeds [`SEARCH_MAX`] characters or [`SEARCH_WORDS_MAX`] words.
    TooLong,
}

impl SearchText {
    /// Parses the text as typed. Anything between blanks counts as one word, even with punctuation inside
    /// (`jane.doe@example.com`).
    pub fn parse(typed: &str) -> Result<SearchText, SearchTextError> {
        if typed.chars().count() > SEARCH_MAX {
            return Err(SearchTextError::TooLong);
        }
        let given = text::nfc(typed.trim());
        let words: Vec<_> = match phone_digits(&given) {
            Some(digits) => vec![digits],
            None => given.split_whitespace().map(fold_words).filter(|word| !word.is_empty()).collect(),
        };
        match words.len() {
            0 => Err(SearchTextError::NothingToFind),
            1..=SEARCH_WORDS_MAX => Ok(SearchText { given, words }),
            _ => Err(SearchTextError::TooLong),
        }
    }

    /// The text as typed, without surrounding blanks, in normalization form C.
    pub fn given(&self) -> &str {
        &self.given
    }

    /// The folded words, at least one. A folded word can consist of several consecutive words.
    pub fn words(&self) -> &[String] {
        &self.words
    }
}

/// The digits of a text that looks like a phone number, without its prefix zeros.
fn phone_digits(text: &str) -> Option<String> {
    let is_number = text.chars().all(|c| c.is_ascii_digit() || c.is_whitespace() || "+-()/.".contains(c));
    let looks_like_phone = text.starts_with(['+', '0', '(']) || text.contains(|c: char| !c.is_ascii_digit());
    let digits: String = without_trunk_zero(text).chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0');
    (is_number && looks_like_phone && digits.len() >= PHONE_DIGITS_MIN).then(|| digits.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded_without_case_accents_and_punctuation() {
        for (text, words) in [
            ("  Jürgen  MÜLLER-Lüdenscheidt ", "jurgen muller ludenscheidt"),
            ("Ju\u{308}rgen", "jurgen"),
            ("Søren Łukasz Straße Ðorđe ŒUVRE", "soren lukasz strasse dorde oeuvre"),
            ("İstanbul Isparta ısı", "istanbul isparta isi"),
            ("O'Brien O’Brien", "obrien obrien"),
            ("ΆΝΝΑ", "αννα"),
            ("Наталья Йорк", "наталья иорк"),
            ("ﬁnance ＡＣＭＥ №7", "finance acme no7"),
            ("鈴木 一朗", "鈴木 一朗"),
            ("jane.doe+x@Example.COM", "jane doe x example com"),
            ("🙂 -- ", ""),
            ("\" OR * ^ : NEAR(", "or near"),
            ("Ju\u{ad}r\u{200b}gen", "jurgen"),
        ] {
            assert_eq!(fold_words(text), words, "{text}");
        }
    }

    #[test]
    fn phone_numbers_are_found_with_and_without_their_prefixes() {
        let indexed = fold_phone("+49 (170) 123-4567");
        assert!(indexed.starts_with("49 170 123 4567 491701234567 91701234567 "), "{indexed}");
        assert!(indexed.ends_with(" 34567"), "{indexed}");
        assert_eq!(fold_phone("+49 (0)170 1234567"), fold_phone("+49 170 1234567"));
        assert_eq!(fold_phone("12"), "12");
        assert_eq!(fold_phone(""), "");
        for typed in [
            "+49 170 1234567",
            "0049-170-1234567",
            "0170/1234567",
            "(0170) 123 45 67",
            "170 123 4567",
            "+49 (0)170 1234567",
        ] {
            let search = SearchText::parse(typed).unwrap();
            assert_eq!(search.words().len(), 1, "{typed}");
            let is_start = |word: &str| word.starts_with(search.words()[0].as_str());
            assert!(indexed.split(' ').any(is_start), "{typed}");
        }
    }

    #[test]
    fn a_search_text_has_one_to_ten_words() {
        let words = |text: &str| SearchText::parse(text).map(|search| search.words().to_vec());
        assert_eq!(words(" Jane  Doe "), Ok(vec!["jane".to_owned(), "doe".to_owned()]));
        assert_eq!(words("jane.doe@example.com x"), Ok(vec!["jane doe example com".to_owned(), "x".to_owned()]));
        assert_eq!(words("2100000017"), Ok(vec!["2100000017".to_owned()]));
        assert_eq!(words(""), Err(SearchTextError::NothingToFind));
        assert_eq!(words("--- \"*\""), Err(SearchTextError::NothingToFind));
        assert_eq!(words(&"a ".repeat(SEARCH_WORDS_MAX + 1)), Err(SearchTextError::TooLong));
        assert_eq!(words(&"a".repeat(SEARCH_MAX + 1)), Err(SearchTextError::TooLong));
    }
}
