//! E-mail addresses: what is accepted, and the form in which they are compared.

use crate::domain::refusal::{Field, Refusal};
use crate::domain::text;
use idna::AsciiDenyList;

/// The form in which addresses are compared: the local part without regard to case, the domain as in the DNS (Unicode
/// Technical Standard 46), so that `jane@MÜNCHEN.example` and `jane@xn--mnchen-3ya.example` are one address.
///
/// Mail servers may treat local parts that differ in case as different. None of weight does, and people type either.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EmailKey(String);

impl EmailKey {
    /// The form of any text; one that is not an address is equal only to itself.
    pub fn of(email: &str) -> EmailKey {
        let email = email.trim();
        let Some((local, domain)) = email.rsplit_once('@') else { return EmailKey(text::fold(email)) };
        EmailKey(format!("{}@{}", text::fold(local), ascii_domain(domain).unwrap_or_else(|| text::fold(domain))))
    }

    /// The form of a text that is looked up as an address. Refuses blanks and what is invisible, which no address has.
    pub fn parse(field: Field, email: &str) -> Result<EmailKey, Refusal> {
        let email = text::identifier(field.clone(), email.to_owned(), text::EMAIL_MAX)?;
        match email.contains(char::is_whitespace) {
            true => Err(Refusal::invalid(field, "an e-mail address has no blanks")),
            false => Ok(EmailKey::of(&email)),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Checks and normalises an e-mail address: one `@` with text on both sides, a domain that exists in the DNS or could,
/// no blanks, nothing invisible.
///
/// Deliberately lenient: only a delivered message proves an address.
pub fn check_email(field: Field, email: String) -> Result<String, Refusal> {
    let email = text::identifier(field.clone(), email, text::EMAIL_MAX)?;
    let is_plain = |part: &str| {
        !part.is_empty()
            && !part.contains(|c: char| c.is_whitespace() || matches!(c, '@' | '<' | '>' | ',' | ';' | '"'))
    };
    let valid = email.split_once('@').is_some_and(|(local, domain)| {
        is_plain(local)
            && is_plain(domain)
            && ascii_domain(domain)
                .is_some_and(|ascii| is_plain(&ascii) && ascii.split('.').all(|label| !label.is_empty()))
    });
    if valid { Ok(email) } else { Err(Refusal::invalid(field, "not an e-mail address")) }
}

/// The domain in lower-case ASCII; none if it cannot be one.
fn ascii_domain(domain: &str) -> Option<String> {
    idna::domain_to_ascii_cow(domain.as_bytes(), AsciiDenyList::EMPTY).ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_need_one_at_sign_and_a_domain() {
        for good in
            ["jane.doe@example.com", "j@localhost", "ünïcode@exämple.org", "a+b@c.d", "a_b@c_d.e", "日本@例え.jp"]
        {
            assert_eq!(check_email(Field::Email, good.into()), Ok(good.into()));
        }
        for bad in [
            "",
            "jane",
            "@example.com",
            "jane@",
            "a@b@c",
            "a b@c.d",
            "a@.com",
            "a@b..c",
            "<a@b.c>",
            " a@b.c",
            "a@b.c\u{a0}",
            "a\u{200b}@b.c",
            "a@b\u{ad}.c",
            "a\u{202e}@b.c",
            "\u{feff}a@b.c",
            "a@b.c\t",
            "a@b。。c",
            "a@b\u{ff20}c.d",
            "a@xn--a.com",
        ] {
            assert!(check_email(Field::Email, bad.into()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn one_address_has_one_form() {
        let key = |email: &str| EmailKey::of(email).as_str().to_owned();
        assert_eq!(key("Jane.Doe@Example.COM"), "jane.doe@example.com");
        for same in [
            "JANE@MÜNCHEN.example",
            "jane@xn--mnchen-3ya.example",
            "jane@mu\u{308}nchen.example",
            "jane@XN--MNCHEN-3YA.example",
        ] {
            assert_eq!(key(same), "jane@xn--mnchen-3ya.example", "{same}");
        }
        assert_eq!(key("zoe\u{308}@b.c"), key("ZOË@b.c"));
        assert_eq!(key("a@b。c"), "a@b.c");
        for other in ["jane@muenchen.example", "jane@munchen.example"] {
            assert_ne!(key(other), key("jane@münchen.example"));
        }
        for odd in ["", "no address", "a@xn--a.com", "a@b@c", "A@B@C"] {
            assert_eq!(key(&key(odd)), key(odd));
        }
    }
}
