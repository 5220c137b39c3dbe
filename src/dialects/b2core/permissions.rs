//! The permissions of an account in B2Core's words. Two of them are the flags for credits and debits.

use crate::dialects::kit::Rejection;
use crate::dialects::kit::formats::{Fault, one_of};
use crate::domain::accounts::{Account, Permission, Permissions};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Credits,
    Debits,
    Other(Permission),
}

const WORDS: [(&str, Word); 8] = [
    ("deposit", Word::Credits),
    ("enabled", Word::Other(Permission::Enabled)),
    ("exchange", Word::Other(Permission::Exchange)),
    ("trade", Word::Other(Permission::Trade)),
    ("transferDeposit", Word::Other(Permission::TransferDeposit)),
    ("transferWithdrawal", Word::Other(Permission::TransferWithdrawal)),
    ("visible", Word::Other(Permission::Visible)),
    ("withdrawal", Word::Debits),
];

/// Those that an account has.
pub(super) fn of(account: &Account) -> Vec<&'static str> {
    let is_given = |word: Word| match word {
        Word::Credits => account.allows_credits,
        Word::Debits => account.allows_debits,
        Word::Other(permission) => account.permissions.has(permission),
    };
    WORDS.into_iter().filter(|(_, word)| is_given(*word)).map(|(name, _)| name).collect()
}

/// A whole set of permissions.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) allows_credits: bool,
    pub(super) allows_debits: bool,
    pub(super) others: Permissions,
}

/// Reads a set; a name may be repeated.
pub(super) fn parse(names: &[String]) -> Result<Sent, Rejection> {
    let words: Result<Vec<Word>, Fault> = names.iter().map(|name| one_of(&WORDS)(name)).collect();
    let words = words.map_err(|_| {
        let known = WORDS.map(|(name, _)| name).join(", ");
        Rejection::invalid("permissions", format!("any of {known}"))
    })?;
    let others = words.iter().filter_map(|word| if let Word::Other(it) = word { Some(*it) } else { None });
    Ok(Sent {
        allows_credits: words.contains(&Word::Credits),
        allows_debits: words.contains(&Word::Debits),
        others: Permissions::of(&others.collect::<Vec<_>>()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_read_whole_and_repetitions_do_not_matter() {
        let sent = |names: &[&str]| parse(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        let some = sent(&["trade", "deposit", "trade"]).unwrap();
        assert_eq!((some.allows_credits, some.allows_debits), (true, false));
        assert_eq!(some.others, Permissions::of(&[Permission::Trade]));
        let none = Sent { allows_credits: false, allows_debits: false, others: Permissions::of(&[]) };
        assert_eq!(sent(&[]), Ok(none));
        assert_eq!(sent(&WORDS.map(|(name, _)| name)).unwrap().others, Permissions::default());
        for wrong in ["Deposit", "", "transfer"] {
            assert!(sent(&[wrong]).unwrap_err().to_string().starts_with("permissions: any of deposit, enabled"));
        }
    }
}
