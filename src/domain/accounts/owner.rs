//! The owners of an account, ordered by priority: the primary owner first.

use crate::domain::clock::Moment;
use crate::domain::ids::{ProfileId, ProfileSerial};
use crate::domain::named::named_enum;
use crate::domain::refusal::{Field, Noun, Refusal};

named_enum! {
    pub enum OwnerAccess {
        /// View, trade and move money.
        Full = "full",
        /// May view the account but not trade or move money.
        Read = "read",
        /// No access; the owner only has a place in the succession.
        None = "none",
    }
}

/// Its priority is its position in the list, from 1.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Owner {
    pub profile: ProfileId,
    pub serial: ProfileSerial,
    pub access: OwnerAccess,
    /// When it became an owner.
    pub since: Moment,
}

/// The most owners of one account.
pub const OWNERS_MAX: usize = 10;

/// The owners of one account in order of priority. The list is never empty, and the first owner has full access.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Owners(Vec<Owner>);

impl Owners {
    /// Takes owners in order of priority; None for an empty list.
    pub fn new(list: Vec<Owner>) -> Option<Owners> {
        if list.is_empty() { None } else { Some(Owners(list)) }
    }

    /// The primary owner comes first.
    pub fn list(&self) -> &[Owner] {
        &self.0
    }

    pub fn primary(&self) -> &Owner {
        &self.0[0]
    }

    /// The priority of a client, from 1; None if it is not an owner.
    pub fn priority(&self, profile: ProfileId) -> Option<usize> {
        self.0.iter().position(|owner| owner.profile == profile).map(|index| index + 1)
    }

    /// The access of a client; None if it is not an owner.
    pub fn access(&self, profile: ProfileId) -> Option<OwnerAccess> {
        self.0.iter().find(|owner| owner.profile == profile).map(|owner| owner.access)
    }

    /// Whether the owners after a change include somebody who controls the account and did not before.
    pub fn gives_control(&self, new: &Owners) -> bool {
        self.given_control(new).is_some()
    }

    /// The owner after a change who controls the account and did not before: another primary owner, or one who had less
    /// than full access. One change gives control to one owner at most.
    pub fn given_control<'a>(&self, new: &'a Owners) -> Option<&'a Owner> {
        let had_less =
            |owner: &&Owner| owner.access == OwnerAccess::Full && self.access(owner.profile) != Some(OwnerAccess::Full);
        let succeeds = self.primary().profile != new.primary().profile;
        if succeeds { Some(new.primary()) } else { new.0.iter().find(had_less) }
    }

    /// Adds an owner at this priority, or last if None; owners from there on move down by one.
    ///
    /// Refusals: already an owner; too many owners; priority out of range; a primary owner without full access.
    pub fn add(&mut self, owner: Owner, priority: Option<u64>) -> Result<(), Refusal> {
        if self.priority(owner.profile).is_some() {
            return Err(Refusal::DuplicateOwner);
        }
        if self.0.len() >= OWNERS_MAX {
            return Err(Refusal::out_of_range(Field::Profile, format!("an account has at most {OWNERS_MAX} owners")));
        }
        let index = index_of_priority(priority, self.0.len() + 1)?.unwrap_or(self.0.len());
        check_primary(index, owner.access)?;
        self.0.insert(index, owner);
        Ok(())
    }

    /// Changes an owner's access or priority; the others keep their order. A new primary owner gets full access.
    ///
    /// Refusals: not an owner; priority out of range; a primary owner without full access.
    pub fn alter(
        &mut self,
        profile: ProfileId,
        access: Option<OwnerAccess>,
        priority: Option<u64>,
    ) -> Result<(), Refusal> {
        let present = self.priority(profile).ok_or(Refusal::not_found(Noun::Owner))? - 1;
        let index = index_of_priority(priority, self.0.len())?.unwrap_or(present);
        if let Some(access) = access {
            check_primary(index, access)?;
        }
        let mut owner = self.0.remove(present);
        owner.access = access.unwrap_or(owner.access);
        self.0.insert(index, owner);
        self.0[0].access = OwnerAccess::Full;
        Ok(())
    }

    /// Removes an owner; the others keep their order. A new primary owner gets full access.
    ///
    /// Refusals: not an owner; it is the last owner.
    pub fn remove(&mut self, profile: ProfileId) -> Result<(), Refusal> {
        let present = self.priority(profile).ok_or(Refusal::not_found(Noun::Owner))? - 1;
        if self.0.len() == 1 {
            return Err(Refusal::LastOwner);
        }
        self.0.remove(present);
        self.0[0].access = OwnerAccess::Full;
        Ok(())
    }

    /// Removes an owner who has died; the others keep their order. The first one with full access follows a primary
    /// one.
    ///
    /// Refusals: not an owner; nobody else has full access.
    pub fn bequeath(&mut self, profile: ProfileId) -> Result<(), Refusal> {
        let present = self.priority(profile).ok_or(Refusal::not_found(Noun::Owner))? - 1;
        let mut others = self.0.clone();
        others.remove(present);
        let heir = others.iter().position(|owner| owner.access == OwnerAccess::Full).ok_or(Refusal::LastOwner)?;
        if present == 0 {
            let heir = others.remove(heir);
            others.insert(0, heir);
        }
        self.0 = others;
        Ok(())
    }

    /// The priority of a client among the owners with some access, from 1; None if it has none.
    pub fn active_priority(&self, profile: ProfileId) -> Option<usize> {
        let mut active = self.0.iter().filter(|owner| owner.access != OwnerAccess::None);
        active.position(|owner| owner.profile == profile).map(|index| index + 1)
    }
}

/// The index of a priority, which must be 1 to `last`.
fn index_of_priority(priority: Option<u64>, last: usize) -> Result<Option<usize>, Refusal> {
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
    fn an_inserted_owner_moves_the_others_down() {
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
    fn the_first_owner_with_full_access_follows_a_primary_one_who_died() {
        let mut owners = three();
        assert_eq!(owners.bequeath(id(1)), Err(Refusal::LastOwner));
        owners.add(owner(4, OwnerAccess::Full), None).unwrap();
        assert_eq!([2, 3, 4].map(|number| owners.active_priority(id(number))), [None, Some(2), Some(3)]);
        owners.bequeath(id(1)).unwrap();
        assert_eq!(order(&owners), [4, 2, 3]);
        assert_eq!((owners.access(id(2)), owners.access(id(3))), (Some(OwnerAccess::None), Some(OwnerAccess::Read)));
    }

    #[test]
    fn a_new_primary_owner_gets_full_access() {
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
