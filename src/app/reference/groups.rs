//! Account groups: callers list them, the operator configures them.

use crate::app::{Failure, Query, View};
use crate::domain::access::Right;
use crate::domain::page::{Listing, Page, Part, Position};
use crate::domain::reference::Group;
use crate::domain::text;
pub use crate::store::GroupFilter;

/// One page of the groups that accounts can join.
pub struct ListGroups {
    pub filter: GroupFilter,
    pub page: Page,
}

impl Query for ListGroups {
    type Answer = Listing<Group>;
    const RIGHT: Right = Right::ReadReference;

    fn run(self, view: &View<'_>) -> Result<Listing<Group>, Failure> {
        // A broker has tens of groups at most.
        let mut groups = view.tx.groups()?;
        let name = self.filter.name.as_deref().map(text::fold);
        groups.retain(|group| {
            group.declared.enabled
                && (self.filter.ids.is_empty() || self.filter.ids.contains(&group.id))
                && name.as_ref().is_none_or(|name| text::fold(&group.declared.name).contains(name))
                && self.filter.currency.as_ref().is_none_or(|code| group.currencies.contains(code))
                && self.filter.status.is_none_or(|status| group.declared.status == status)
        });
        let total = groups.len() as u64;
        let position = |group: &Group| Position::of(group.serial.0);
        groups.retain(|group| self.page.position().is_none_or(|shown| position(group) > shown));
        let offset = usize::try_from(self.page.offset()).unwrap_or(usize::MAX);
        let fetched = groups.into_iter().skip(offset).take(self.page.fetched() as usize).collect();
        Ok(Part::cut(fetched, self.page.size(), position).of(total, self.page))
    }
}
