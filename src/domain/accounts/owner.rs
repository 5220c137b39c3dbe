//! The owners of an account: in order, the primary owner first.

use crate::domain::clock::Moment;
use crate::domain::ids::{ProfileId, ProfileSerial};
use crate::domain::named::named_enum;
use crate::domain::refusal::{Field, Noun, Refusal};

named_enum! {
    /// What an owner may do with an account.
    pub enum OwnerAccess {
        /// Look, trade and move money.
        Full = "full",
        /// Look.
        Read = "read",
        /// Nothing; it only has its place in the succession.
        None = "none",
    }
}

/// One owner. Its priority is its place in the list, from 1.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Owner {
    /// The client.
    pub profile: ProfileId,
    /// The client's serial.
    pub serial: ProfileSerial,
    /// What it may do.
    pub access: OwnerAccess,
    /// Since when it is an owner.
    pub since: Moment,
}

/// The most owners that an account may have.
pub const OWNERS_MAX: usize = 10;

/// The owners of one account in order of priority. There is always one, and the first has full access.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Owners(Vec<Owner>);

impl Owners {
    /// Owners in order of priority; none if there are none, which no account is.
    pub fn new(list: Vec<Owner>) -> Option<Owners> {
        if list.is_empty() { None } else { Some(Owners(list)) }
    }

    /// All of them, the primary owner first.
    pub fn list(&self) -> &[Owner] {
        &self.0
    }

    pub fn primary(&self) -> &Owner {
        &self.0[0]
    }

    /// The priority of a client; none if it is not an owner.
    pub fn priority(&self, profile: ProfileId) -> Option<usize> {
        self.0.iter().position(|owner| owner.profile == profile).map(|index| index + 1)
    }

    /// What a client may do; none if it is not an owner.
    pub fn access(&self, profile: ProfileId) -> Option<OwnerAccess> {
        self.0.iter().find(|owner| owner.profile == profile).map(|owner| owner.access)
    }

    /// Adds an owner, last or at this priority; those from there on move back.
    ///
    /// Refusals: it is an owner; too many; a priority beyond the end; a primary owner without full access.
    pub fn add(&mut self, owner: Owner, priority: Option<u64>) -> Result<(), Refusal> {
        if self.priority(owner.profile).is_some() {
            return Err(Refusal::DuplicateOwner);
        }
        if self.0.len() >= OWNERS_MAX {
            return Err(Refusal::out_of_range(Field::Profile, format!("an account has at most {OWNERS_MAX} owners")));
        }
        let index = place(priority, self.0.len() + 1)?.unwrap_or(self.0.len());
        check_primary(index, owner.access)?;
        self.0.insert(index, owner);
        Ok(())
    }

    /// Changes what an owner may do, or its priority; the others close up. Who becomes the primary owner has full access.
    ///
    /// Refusals: not an owner; a priority beyond the end; a primary owner without full access.
    pub fn alter(
        &mut self,
        profile: ProfileId,
        access: Option<OwnerAccess>,
        priority: Option<u64>,
    ) -> Result<(), Refusal> {
        let present = self.priority(profile).ok_or(Refusal::not_found(Noun::Owner))? - 1;
        let index = place(priority, self.0.len())?.unwrap_or(present);
        if let Some(access) = access {
            check_primary(index, access)?;
        }
        let mut owner = self.0.remove(present);
        owner.access = access.unwrap_or(owner.access);
        self.0.insert(index, owner);
        self.0[0].access = OwnerAccess::Full;
        Ok(())
    }

    /// Removes an owner; the others close up. Who becomes the primary owner has full access.
    ///
    /// Refusals: not an owner; the last one.
    pub fn remove(&mut self, profile: ProfileId) -> Result<(), Refusal> {
        let present = self.priority(profile).ok_or(Refusal::not_found(Noun::Owner))? - 1;
        if self.0.len() == 1 {
            return Err(Refusal::LastOwner);
        }
        self.0.remove(present);
        self.0[0].access = OwnerAccess::Full;
        Ok(())
    }
}

/// The index of a priority.
fn place(priority: Option<u64>, last: usize) -> Result<Option<usize>, Refusal> {
    let Some(priority) = priority else { return Ok(None) };
    let index = usize::try_from(priority).ok().filter(|priority| (1..=last).contains(priority));
    index
        .map(|priority| Some(priority - 1))
        .ok_or_else(|| Refusal::out_of_range(Field::Priority, format!("1 to {last}")))
}

fn check_primary(index: usize, access: OwnerAccess) -> Result<(), Refusal> {
    if index == 0 && access != OwnerAccess::Full {
        return Err(Refusal::invalid(Field::Access, "the primary owner has full access"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn id(number: u128) -> ProfileId {
        ProfileId::from(Uuid::from_u128(number))
    }

    fn owner(number: u128, access: OwnerAccess) -> Owner {
        let serial = ProfileSerial(i64::try_from(number).unwrap());
        Owner { profile: id(number), serial, access, since: Moment::from_unix_ms(0) }
    }

    fn three() -> Owners {
        let mut owners = Owners::new(vec![owner(1, OwnerAccess::Full)]).unwrap();
        owners.add(owner(2, OwnerAccess::None), None).unwrap();
        owners.add(owner(3, OwnerAccess::Read), None).unwrap();
        owners
    }

    fn order(owners: &Owners) -> Vec<i64> {
        owners.list().iter().map(|owner| owner.serial.0).collect()
    }

    #[test]
    fn an_owner_is_put_in_between_and_the_others_move_back() {
        let mut owners = three();
        owners.add(owner(4, OwnerAccess::Read), Some(2)).unwrap();
        assert_eq!(order(&owners), [1, 4, 2, 3]);
        owners.add(owner(5, OwnerAccess::Full), Some(1)).unwrap();
        assert_eq!(order(&owners), [5, 1, 4, 2, 3]);
        assert_eq!(owners.add(owner(5, OwnerAccess::Full), None), Err(Refusal::DuplicateOwner));
        for (access, priority) in [(OwnerAccess::Full, 0), (OwnerAccess::Full, 7), (OwnerAccess::Read, 1)] {
            assert!(owners.add(owner(6, access), Some(priority)).is_err());
        }
        for number in 6..=10 {
            owners.add(owner(number, OwnerAccess::Read), Some(6)).unwrap();
        }
        assert!(owners.add(owner(11, OwnerAccess::Read), None).is_err());
    }

    #[test]
    fn who_becomes_the_primary_owner_has_full_access() {
        let mut owners = three();
        owners.remove(id(1)).unwrap();
        assert_eq!((order(&owners), owners.primary().access), (vec![2, 3], OwnerAccess::Full));
        owners.alter(id(2), Some(OwnerAccess::Read), Some(2)).unwrap();
        assert_eq!((order(&owners), owners.primary().access), (vec![3, 2], OwnerAccess::Full));
        assert_eq!(owners.access(id(2)), Some(OwnerAccess::Read));
        assert!(owners.alter(id(3), Some(OwnerAccess::None), None).is_err());
        assert!(owners.alter(id(2), Some(OwnerAccess::Read), Some(1)).is_err());
        owners.alter(id(2), None, Some(1)).unwrap();
        assert_eq!((order(&owners), owners.primary().access), (vec![2, 3], OwnerAccess::Full));
        owners.remove(id(3)).unwrap();
        assert_eq!(owners.remove(id(2)), Err(Refusal::LastOwner));
        assert_eq!(owners.remove(id(3)), Err(Refusal::not_found(Noun::Owner)));
    }
}
