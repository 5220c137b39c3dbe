//! Passwords: the same characters must match whatever keyboard typed them.

use crate::domain::refusal::{Field, Refusal};
use icu_normalizer::ComposingNormalizerBorrowed;

/// In characters (Helio, "Accounts & Funding": change-password).
pub const PASSWORD_MIN: usize = 8;
/// The longest password, in characters.
pub const PASSWORD_MAX: usize = 200;

/// A new password, normalised.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Refusals: not 8 to 200 characters once normalised; a control character, which not every keyboard can type again.
    pub fn new(field: Field, text: &str) -> Result<Password, Refusal> {
        let normalised = normalise(text);
        if normalised.chars().any(char::is_control) {
            return Err(Refusal::invalid(field, "control characters are not allowed"));
        }
        if !(PASSWORD_MIN..=PASSWORD_MAX).contains(&normalised.chars().count()) {
            return Err(Refusal::out_of_range(field, format!("{PASSWORD_MIN} to {PASSWORD_MAX} characters")));
        }
        Ok(Password(normalised))
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// A password to be compared with a stored one.
#[derive(Clone, PartialEq, Eq)]
pub struct TypedPassword {
    normalised: String,
    /// If it differs. Versions up to 0.1.0 stored hashes of passwords as they were typed.
    as_typed: Option<String>,
}

impl TypedPassword {
    /// Refusals: more than 200 characters once normalised.
    pub fn new(field: Field, text: &str) -> Result<TypedPassword, Refusal> {
        let normalised = normalise(text);
        if normalised.chars().count() > PASSWORD_MAX {
            return Err(Refusal::out_of_range(field, format!("at most {PASSWORD_MAX} characters")));
        }
        let as_typed = (normalised != text).then(|| text.to_owned());
        Ok(TypedPassword { normalised, as_typed })
    }

    /// The forms that may have been stored.
    pub fn forms(&self) -> impl Iterator<Item = &str> {
        [Some(&self.normalised), self.as_typed.as_ref()].into_iter().flatten().map(String::as_str)
    }
}

/// The mapping and normalisation of OpaqueString (RFC 8265, 4.2): every space becomes an ASCII space, then NFC. Its
/// table of allowed characters is left out: it ends with an old version of Unicode and excludes joined emoji.
fn normalise(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if is_space(c) { ' ' } else { c }).collect();
    ComposingNormalizerBorrowed::new_nfc().normalize(&spaced).into_owned()
}

/// Unicode's general category Zs, to which tabs and line feeds do not belong.
fn is_space(c: char) -> bool {
    matches!(c, '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(..)")
    }
}

impl std::fmt::Debug for TypedPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TypedPassword(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(text: &str) -> Result<Password, Refusal> {
        Password::new(Field::Password, text)
    }

    #[test]
    fn a_password_matches_however_it_is_composed_and_spaced() {
        let password = new("pa\u{df}wört\u{3000}1").unwrap();
        for text in ["pa\u{df}wo\u{308}rt 1", "pa\u{df}w\u{f6}rt\u{a0}1", "pa\u{df}wört\u{3000}1"] {
            let typed = TypedPassword::new(Field::Password, text).unwrap();
            assert_eq!(typed.forms().next().unwrap().as_bytes(), password.as_bytes(), "{text:?}");
            assert_eq!(typed.forms().last(), Some(text), "as an earlier version stored it");
        }
        let other = |text| TypedPassword::new(Field::Password, text).unwrap().normalised.into_bytes();
        // Nothing is folded: neither case nor compatibility characters.
        assert!(["PA\u{df}WÖRT 1", "pa\u{df}ｗört 1"].iter().all(|text| other(text) != password.as_bytes()));
    }

    #[test]
    fn the_length_is_counted_in_normalised_characters() {
        assert!(new("ňäûñöéßš").is_ok() && new("1234567").is_err());
        assert!(new("e\u{301}e\u{301}e\u{301}e\u{301}").is_err(), "four characters, typed as eight");
        assert!(new(&"鍵".repeat(200)).is_ok() && new(&"k".repeat(201)).is_err());
        let decomposed = "e\u{301}".repeat(200);
        assert!(new(&decomposed).is_ok() && TypedPassword::new(Field::Password, &decomposed).is_ok());
        assert!(TypedPassword::new(Field::Password, &"k".repeat(201)).is_err());
    }

    #[test]
    fn control_characters_are_refused_and_emoji_are_not() {
        assert!(new("12345678\u{7}").is_err() && new("12345678\t").is_err());
        assert!(new("family \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}").is_ok());
    }
}
