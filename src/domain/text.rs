//! Text that callers send: any script, but of bounded length and without control characters.

use super::refusal::{Field, Refusal};

/// The longest comment of an entry, in characters.
pub const COMMENT_MAX: usize = 255;
/// The longest ordinary text field, in characters.
pub const FIELD_MAX: usize = 255;
/// The longest free-form text that a profile carries for its caller, in characters.
pub const META_DATA_MAX: usize = 16_384;
/// The longest e-mail address, in characters (RFC 5321 limits a path to 256 octets with its brackets).
pub const EMAIL_MAX: usize = 254;

/// Checks one text field: at most `max` characters, no control characters but tab and line breaks.
pub fn check(field: Field, text: &str, max: usize) -> Result<(), Refusal> {
    if text.chars().count() > max {
        return Err(Refusal::out_of_range(field, format!("at most {max} characters")));
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(Refusal::invalid(field, "control characters are not allowed"));
    }
    Ok(())
}

/// Checks an e-mail address: one `@`, something on both sides, a domain without empty labels, no blanks.
///
/// Deliberately mild: only a message that arrives proves an address.
pub fn check_email(field: Field, email: &str) -> Result<(), Refusal> {
    check(field.clone(), email, EMAIL_MAX)?;
    let valid = email.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.contains('@')
            && domain.split('.').all(|label| !label.is_empty())
            && !email.chars().any(|c| c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';' | '"'))
    });
    if valid { Ok(()) } else { Err(Refusal::invalid(field, "not an e-mail address")) }
}

/// Folds text for comparison without regard to case.
pub fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_script_is_text_and_control_characters_are_not() {
        assert!(check(Field::Name, "Žofie 鈴木 🙂 عمر", 20).is_ok());
        assert!(check(Field::Name, "a\u{0}b", 20).is_err());
        assert!(check(Field::Name, "é".repeat(21).as_str(), 20).is_err());
    }

    #[test]
    fn addresses() {
        for good in ["jane.doe@example.com", "j@localhost", "ünïcode@exämple.org", "a+b@c.d"] {
            assert!(check_email(Field::Email, good).is_ok(), "{good}");
        }
        for bad in ["", "jane", "@example.com", "jane@", "a@b@c", "a b@c.d", "a@.com", "a@b..c", "<a@b.c>"] {
            assert!(check_email(Field::Email, bad).is_err(), "{bad}");
        }
    }
}
