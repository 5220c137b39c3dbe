//! Platforms, groups and currencies with their serial numbers, for dialects that show these as ids.

use crate::app::{Failure, Query, View};
use crate::domain::access::Right;
use crate::domain::clock::Moment;
use crate::domain::ids::GroupSerial;
use crate::domain::reference::{Currency, Group, Offer, label_serial};
use crate::domain::refusal::Refusal;
pub use crate::store::Platform;

/// All reference data that accounts are opened with. It is small: tens of groups, some hundred currencies.
pub struct Catalogue {
    /// In the order of declaration, as all lists here.
    pub platforms: Vec<Platform>,
    /// Disabled ones included.
    pub groups: Vec<Group>,
    pub currencies: Vec<Currency>,
    /// Withdrawn ones included.
    pub offers: Vec<Offer>,
    /// When the installation was set up. Whatever does not say when it came is taken to be as old.
    pub since: Moment,
}

impl Catalogue {
    /// The labels of groups, each with its number.
    pub fn labels(&self) -> Vec<(GroupSerial, &str)> {
        let label = |group: &Group| label_serial(&self.groups, &group.declared.label).filter(|it| *it == group.serial);
        let labelled = self.groups.iter().filter_map(|group| Some((label(group)?, group.declared.label.as_str())));
        labelled.collect()
    }
}

pub struct ReadCatalogue;

impl Query for ReadCatalogue {
    type Answer = Catalogue;
    const RIGHT: Right = Right::ReadReference;

    fn run(self, view: &View<'_>) -> Result<Catalogue, Failure> {
        Ok(Catalogue {
            platforms: view.tx.platforms()?,
            groups: view.tx.groups()?,
            currencies: view.tx.currencies()?,
            offers: view.tx.offers()?,
            since: view.tx.installation()?.ok_or(Refusal::Internal)?.created_at,
        })
    }
}
