//! Account groups: callers list them, the operator configures them.

use crate::app::{Failure, Query, View};
use crate::domain::access::Right;
use crate::domain::ids::{SymbolId, SymbolSerial};
use crate::domain::page::{Listing, Page, Part, Position};
use crate::domain::reference::{Group, GroupKind, GroupSymbol, Symbol};
use crate::domain::text;
pub use crate::store::GroupFilter;
use std::collections::BTreeMap;

/// A group with the symbols that it offers.
pub struct OfferingGroup {
    pub group: Group,
    /// In the order of declaration; none of a group of wallets.
    pub symbols: Vec<OfferedSymbol>,
}

/// An enabled symbol, and what the platform applies to it in a group.
pub struct OfferedSymbol {
    pub serial: SymbolSerial,
    pub id: SymbolId,
    pub applied: GroupSymbol,
}

/// One page of the groups that accounts can join.
pub struct ListGroups {
    pub filter: GroupFilter,
    pub page: Page,
}

impl Query for ListGroups {
    type Answer = Listing<OfferingGroup>;
    const RIGHT: Right = Right::ReadReference;

    fn run(self, view: &View<'_>) -> Result<Listing<OfferingGroup>, Failure> {
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
        let page = Part::cut(fetched, self.page.size(), position).of(total, self.page);
        let (symbols, mut applied) = (view.tx.symbols()?, view.tx.group_symbols()?);
        Ok(page.map(|group| {
            let applied = applied.remove(&group.declared.code).unwrap_or_default();
            OfferingGroup { symbols: offered(&group, &symbols, applied), group }
        }))
    }
}

fn offered(group: &Group, symbols: &[Symbol], applied: Vec<GroupSymbol>) -> Vec<OfferedSymbol> {
    if group.declared.kind == GroupKind::Wallet {
        return Vec::new();
    }
    let mut applied: BTreeMap<String, GroupSymbol> = applied.into_iter().map(|a| (a.symbol.clone(), a)).collect();
    let offered = symbols.iter().filter(|symbol| symbol.declared.enabled).filter_map(|symbol| {
        let code = &symbol.declared.code;
        let plain = || GroupSymbol { symbol: code.clone(), ..GroupSymbol::default() };
        let applied = applied.remove(code).or_else(|| (!group.declared.lists_symbols).then(plain))?;
        Some(OfferedSymbol { serial: symbol.serial, id: symbol.id, applied })
    });
    offered.collect()
}
