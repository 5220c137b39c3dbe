//! Text that callers send: any script, limited length, no control characters.

use super::refusal::{Field, Refusal};

/// Comment of an entry, in characters.
pub const COMMENT_MAX: usize = 255;
/// Ordinary text field, in characters.
pub const FIELD_MAX: usize = 255;
/// The free-form text of a profile, in characters.
pub const META_DATA_MAX: usize = 16_384;
/// E-mail address, in characters (RFC 5321 limits a path to 256 octets including its brackets).
pub const EMAIL_MAX: usize = 254;

/// Checks a text field: at most `max` characters, no control characters except tabs and line breaks.
pub fn check(field: Field, text: &str, max: usize) -> Result<(), Refusal> {
    if text.chars().count() > max {
        return Err(Refusal::out_of_range(field, format!("at most {max} characters")));
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(Refusal::invalid(field, "control characters are not allowed"));
    }
    Ok(())
}

/// Checks an e-mail address: one `@` with text on both sides, a domain without empty labels, no blanks.
///
/// Deliberately lenient: only a delivered message proves an address.
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

/// Folds text for case-insensitive comparison.
pub fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_script_is_allowed_but_control_characters_are_not() {
        assert!(check(Field::Name, "Žofie 鈴木 🙂 عمر", 20).is_ok());
        assert!(check(Field::Name, "a\u{0}b", 20).is_err());
        assert!(check(Field::Name, "é".repeat(21).as_str(), 20).is_err());
    }

    #[test]
    fn email_addresses_need_one_at_sign_and_a_domain() {
        for good in ["jane.doe@example.com", "j@localhost", "ünïcode@exämple.org", "a+b@c.d"] {
            assert!(check_email(Field::Email, good).is_ok(), "{good}");
        }
        for bad in ["", "jane", "@example.com", "jane@", "a@b@c", "a b@c.d", "a@.com", "a@b..c", "<a@b.c>"] {
            assert!(check_email(Field::Email, bad).is_err(), "{bad}");
        }
    }
}
