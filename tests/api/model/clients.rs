//! The model's clients, owners, and labels of accounts.

use super::books::{Account, Books, Reason};

#[derive(Clone)]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) number: i64,
    pub(super) email: String,
    pub(super) status: &'static str,
    pub(super) by_second: bool,
}

/// An owner: the client and its access.
pub(super) type Owner = (usize, &'static str);

/// What a newly opened account is waiting for.
#[derive(Clone, Copy)]
pub(super) struct Wait {
    /// Waits for the review of its client rather than for an operator.
    pub(super) is_for_client: bool,
    pub(super) by_second: bool,
}

fn refused_by(status: &'static str) -> Result<(), Reason> {
    match status {
        "PENDING" => Err("PROFILE_PENDING"),
        "DENIED" => Err("PROFILE_DENIED"),
        "DECEASED" => Err("PROFILE_DECEASED"),
        "ARCHIVED" => Err("PROFILE_ARCHIVED"),
        _ => Ok(()),
    }
}

/// The index that corresponds to a priority.
fn place(priority: Option<i64>, last: usize) -> Result<Option<usize>, Reason> {
    let Some(priority) = priority else { return Ok(None) };
    let index = usize::try_from(priority - 1).ok().filter(|index| *index < last);
    index.map(Some).ok_or("OUT_OF_RANGE")
}

fn check_primary(index: usize, access: &str) -> Result<(), Reason> {
    if index == 0 && access != "FULL" { Err("INVALID_FIELD") } else { Ok(()) }
}

/// The owners of an account after a change.
pub(super) fn owners_with(
    old: &[Owner],
    client: usize,
    access: &'static str,
    priority: Option<i64>,
) -> Result<Vec<Owner>, Reason> {
    let mut new = old.to_vec();
    if old.iter().any(|owner| owner.0 == client) {
        return Err("DUPLICATE_OWNER");
    }
    let index = place(priority, old.len() + 1)?.unwrap_or(old.len());
    check_primary(index, access)?;
    new.insert(index, (client, access));
    Ok(new)
}

pub(super) fn owners_altered(
    old: &[Owner],
    client: usize,
    access: Option<&'static str>,
    priority: Option<i64>,
) -> Result<Vec<Owner>, Reason> {
    let mut new = old.to_vec();
    let present = old.iter().position(|owner| owner.0 == client).ok_or("NOT_FOUND")?;
    let index = place(priority, old.len())?.unwrap_or(present);
    if let Some(access) = access {
        check_primary(index, access)?;
    }
    let (_, before) = new.remove(present);
    new.insert(index, (client, access.unwrap_or(before)));
    new[0].1 = "FULL";
    Ok(new)
}

pub(super) fn owners_without(old: &[Owner], client: usize) -> Result<Vec<Owner>, Reason> {
    let mut new = old.to_vec();
    let present = old.iter().position(|owner| owner.0 == client).ok_or("NOT_FOUND")?;
    if old.len() == 1 {
        return Err("LAST_OWNER");
    }
    new.remove(present);
    new[0].1 = "FULL";
    Ok(new)
}

/// The owners of an account after the death of one: only one with full access inherits.
fn owners_after_death(old: &[Owner], client: usize) -> Result<Vec<Owner>, Reason> {
    let mut new: Vec<Owner> = old.iter().copied().filter(|owner| owner.0 != client).collect();
    let heir = new.iter().position(|owner| owner.1 == "FULL").ok_or("LAST_OWNER")?;
    if old[0].0 == client {
        let heir = new.remove(heir);
        new.insert(0, heir);
    }
    Ok(new)
}

impl Account {
    pub(super) fn is_owned_by(&self, client: usize) -> bool {
        self.owners.iter().any(|owner| owner.0 == client)
    }

    /// Whether an account of this client blocks the alias.
    fn has_alias(&self, client: usize, alias: usize) -> bool {
        self.life != "closed" && self.owners[0].0 == client && self.alias == Some(alias)
    }
}

impl Books {
    fn open_accounts_of(&self, client: usize) -> Vec<usize> {
        let is_meant = |of: &Account| of.life != "closed" && of.is_owned_by(client);
        (0..self.accounts.len()).filter(|&number| is_meant(&self.accounts[number])).collect()
    }

    fn first_unchecked(&self, account: usize) -> Result<(), Reason> {
        self.accounts[account].owners.iter().try_for_each(|&(client, _)| refused_by(self.clients[client].status))
    }

    fn admit_alias(&self, account: usize, client: usize, alias: Option<usize>) -> Result<(), Reason> {
        let Some(alias) = alias else { return Ok(()) };
        let is_taken = |(number, of): (usize, &Account)| number != account && of.has_alias(client, alias);
        if self.accounts.iter().enumerate().any(is_taken) { Err("DUPLICATE_ALIAS") } else { Ok(()) }
    }

    fn admit_owners(&self, account: usize, new: &[Owner]) -> Result<(), Reason> {
        let of = &self.accounts[account];
        if of.owners[0].0 == new[0].0 { Ok(()) } else { self.admit_alias(account, new[0].0, of.alias) }
    }

    // Predictions.

    /// Whether an account can get these owners; `client` is the one who joins, if any.
    pub(super) fn predict_owners(
        &self,
        account: usize,
        new: Result<Vec<Owner>, Reason>,
        client: Option<usize>,
    ) -> Result<(), Reason> {
        let new = new?;
        client.map_or(Ok(()), |client| refused_by(self.clients[client].status))?;
        self.predict_change(account)?;
        self.admit_owners(account, &new)
    }

    pub(super) fn predict_client_decision(&self, client: usize, action: &str, is_second: bool) -> Result<(), Reason> {
        let of = &self.clients[client];
        match (action, of.status) {
            ("approve", "VERIFIED") | ("deny", "DENIED") | ("deceased", "DECEASED") | ("archive", "ARCHIVED") => Ok(()),
            ("approve", "DECEASED") if is_second => Err("RIGHT_MISSING"),
            ("approve" | "deceased", "ARCHIVED") => refused_by("ARCHIVED"),
            ("approve", _) if is_second && of.by_second => Err("OWN_REQUEST"),
            ("deny", "VERIFIED") => Err("PROFILE_VERIFIED"),
            ("deny", status @ ("DECEASED" | "ARCHIVED")) => refused_by(status),
            ("archive", _) if !self.open_accounts_of(client).is_empty() => Err("ACCOUNTS_LEFT"),
            _ => Ok(()),
        }
    }

    pub(super) fn predict_profile_change(&self, client: usize) -> Result<(), Reason> {
        if self.clients[client].status == "ARCHIVED" { Err("PROFILE_ARCHIVED") } else { Ok(()) }
    }

    pub(super) fn predict_opening(&self, client: usize) -> Result<(), Reason> {
        match self.clients[client].status {
            "PENDING" => Ok(()),
            status => refused_by(status),
        }
    }

    pub(super) fn predict_approval(&self, account: usize, is_second: bool) -> Result<(), Reason> {
        let of = &self.accounts[account];
        let is_own = of.wait.is_some_and(|wait| wait.by_second == is_second);
        match of.life {
            "active" => return Ok(()),
            "pending" if is_own && (of.requires_approval || is_second) => return Err("OWN_REQUEST"),
            _ => {}
        }
        self.first_unchecked(account)?;
        if of.life == "pending" { Ok(()) } else { of.admit_life(true) }
    }

    pub(super) fn predict_labels(
        &self,
        account: usize,
        reference: Option<usize>,
        alias: Option<usize>,
    ) -> Result<(), Reason> {
        let mut others = self.accounts.iter().enumerate().filter(|(number, _)| *number != account);
        if reference.is_some() && others.any(|(_, of)| of.reference == reference) {
            return Err("DUPLICATE_REFERENCE");
        }
        let is_new = alias != self.accounts[account].alias;
        self.admit_alias(account, self.accounts[account].owners[0].0, alias.filter(|_| is_new))?;
        self.predict_change(account)
    }

    // Effects.

    pub(super) fn decide_client(&mut self, client: usize, action: &str, is_second: bool) {
        let before = self.clients[client].status;
        let after = match action {
            "approve" => "VERIFIED",
            "deny" => "DENIED",
            "archive" => "ARCHIVED",
            _ => "DECEASED",
        };
        self.clients[client].status = after;
        if before == after {
            return;
        }
        for account in self.open_accounts_of(client) {
            match after {
                "VERIFIED" => self.end_review(account, is_second),
                "DECEASED" => match owners_after_death(&self.accounts[account].owners, client) {
                    Ok(new) => {
                        if self.admit_owners(account, &new).is_err() {
                            self.accounts[account].alias = None;
                        }
                        self.accounts[account].owners = new;
                    }
                    Err(_) => (self.accounts[account].lock, self.accounts[account].is_lock_kept) = ("FULL", true),
                },
                _ => {}
            }
        }
    }

    /// Activates an account that was waiting only for its client.
    fn end_review(&mut self, account: usize, is_second: bool) {
        let of = &self.accounts[account];
        let is_due = |wait: Wait| wait.is_for_client && !(of.requires_approval && wait.by_second == is_second);
        if of.life == "pending" && of.wait.is_some_and(is_due) && self.first_unchecked(account).is_ok() {
            self.accounts[account].life = "active";
        }
    }
}
