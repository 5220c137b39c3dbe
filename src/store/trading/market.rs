//! Present prices and rates, and what accounts are worth at them.

use crate::domain::accounts::{Account, UsedPrice};
use crate::domain::ids::{GroupSerial, SymbolSerial};
use crate::domain::money::{Amount, DecimalText};
use crate::domain::reference::{MarginBasis, MarginCalculation, Symbol};
use crate::domain::trading::{
    Exact, Holdings, Instrument, MarginFigures, MarginTerms, Need, OrderType, Position, Quote, RateTable, WorkingOrder,
};
use crate::store::StoreError;
use crate::store::database::transaction::{ReadTx, named, named_if_any, unreadable};
use crate::store::trading::{ListedOrder, OrderFills, OrderRow, PositionRow};
use rusqlite::Row;
use std::cell::{OnceCell, RefCell};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A symbol with its last quote.
#[derive(Debug)]
pub struct Listed {
    pub symbol: Symbol,
    pub instrument: Instrument,
    pub quote: Option<Quote>,
}

/// How a group computes margin.
#[derive(Debug)]
pub struct MarginRules {
    calculation: MarginCalculation,
    basis: MarginBasis,
    max_leverage: u32,
    /// In percent.
    pub margin_call_level: Exact,
    /// In percent.
    pub stop_out_level: Exact,
}

/// What an account has in one symbol.
#[derive(Debug)]
pub struct Held {
    pub listed: Arc<Listed>,
    /// The open ones, oldest first.
    pub positions: Vec<PositionRow>,
    /// The working ones, oldest first.
    pub orders: Vec<(OrderRow, OrderFills)>,
}

/// What an account has open, and what it is worth now.
#[derive(Debug)]
pub struct Worth {
    /// By symbol, in the order of declaration.
    pub held: Vec<Held>,
    /// Positions in the same order.
    pub figures: MarginFigures,
    pub rules: Arc<MarginRules>,
}

/// The prices and rates of now. What was read is kept, so that one market serves many accounts.
pub struct Market<'t, 'c> {
    tx: &'t ReadTx<'c>,
    symbols: RefCell<HashMap<SymbolSerial, Arc<Listed>>>,
    rules: RefCell<HashMap<GroupSerial, Arc<MarginRules>>>,
    rates: OnceCell<RateTable>,
}

impl<'t, 'c> Market<'t, 'c> {
    pub fn of(tx: &'t ReadTx<'c>) -> Market<'t, 'c> {
        Market { tx, symbols: RefCell::default(), rules: RefCell::default(), rates: OnceCell::new() }
    }

    pub fn listed(&self, symbol: SymbolSerial) -> Result<Arc<Listed>, StoreError> {
        if let Some(known) = self.symbols.borrow().get(&symbol) {
            return Ok(Arc::clone(known));
        }
        let found = self.tx.symbol_numbered(symbol)?;
        let found = found.ok_or_else(|| StoreError::corrupt(format!("there is no symbol {symbol}")))?;
        let quote = self.tx.quote(symbol)?;
        let listed = Arc::new(Listed { instrument: Instrument::from(&found), symbol: found, quote });
        self.symbols.borrow_mut().insert(symbol, Arc::clone(&listed));
        Ok(listed)
    }

    pub fn rates(&self) -> Result<&RateTable, StoreError> {
        if let Some(known) = self.rates.get() {
            return Ok(known);
        }
        let table = self.tx.rate_table()?;
        Ok(self.rates.get_or_init(|| table))
    }

    fn rules(&self, group: GroupSerial) -> Result<Arc<MarginRules>, StoreError> {
        if let Some(known) = self.rules.borrow().get(&group) {
            return Ok(Arc::clone(known));
        }
        let rules = Arc::new(self.tx.margin_rules(group)?);
        self.rules.borrow_mut().insert(group, Arc::clone(&rules));
        Ok(rules)
    }

    /// What an account has open, and what it is worth now.
    pub fn worth(&self, account: &Account) -> Result<Worth, StoreError> {
        let rules = self.rules(account.standing.group)?;
        if account.valuation.is_flat() {
            return Ok(Worth { held: Vec::new(), figures: MarginFigures::default(), rules });
        }
        let held = self.held(account)?;
        let figures = self.figures(account, &held)?;
        Ok(Worth { held, figures, rules })
    }

    /// What a working order adds to the margin of an account that has nothing else.
    pub fn margin_of(&self, account: &Account, listed: &ListedOrder) -> Result<Exact, StoreError> {
        let order = (listed.order.clone(), listed.fills.clone());
        let held = Held { listed: self.listed(listed.order.symbol)?, positions: Vec::new(), orders: vec![order] };
        Ok(self.figures(account, &[held])?.pending)
    }

    fn figures(&self, account: &Account, held: &[Held]) -> Result<MarginFigures, StoreError> {
        let rules = self.rules(account.standing.group)?;
        let inputs: Vec<_> = held.iter().map(Held::inputs).collect();
        let holdings: Vec<_> = held
            .iter()
            .zip(&inputs)
            .map(|(held, (positions, orders))| Holdings {
                symbol: &held.listed.instrument,
                quote: held.listed.quote.as_ref(),
                positions,
                orders,
            })
            .collect();
        let currency = account.standing.currency;
        let terms = MarginTerms {
            currency,
            calculation: account.margin_calculation_override.unwrap_or(rules.calculation),
            basis: rules.basis,
            leverage: if account.max_leverage == 0 { rules.max_leverage } else { account.max_leverage },
        };
        let is_foreign = |held: &Held| {
            let symbol = &held.listed.instrument;
            symbol.profit_currency != currency || symbol.margin_currency != currency
        };
        let none = RateTable::default();
        let rates = if held.iter().any(is_foreign) { self.rates()? } else { &none };
        Ok(MarginFigures::of(&terms, &holdings, rates))
    }

    fn held(&self, account: &Account) -> Result<Vec<Held>, StoreError> {
        let mut symbols = BTreeMap::new();
        if account.valuation.has_positions {
            for position in self.tx.open_positions_of(account.book)? {
                self.held_in(&mut symbols, position.symbol)?.positions.push(position);
            }
        }
        if account.valuation.has_orders {
            for order in self.tx.working_orders_of(account.book)? {
                self.held_in(&mut symbols, order.0.symbol)?.orders.push(order);
            }
        }
        Ok(symbols.into_values().collect())
    }

    fn held_in<'s>(
        &self,
        symbols: &'s mut BTreeMap<SymbolSerial, Held>,
        symbol: SymbolSerial,
    ) -> Result<&'s mut Held, StoreError> {
        Ok(match symbols.entry(symbol) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                new.insert(Held { listed: self.listed(symbol)?, positions: Vec::new(), orders: Vec::new() })
            }
        })
    }

    /// Completes an account that has something open with what follows from present prices.
    pub(in crate::store) fn valued(&self, account: Account) -> Result<Account, StoreError> {
        if account.valuation.is_flat() { Ok(account) } else { Ok(self.appraised(account)?.0) }
    }

    /// The same, with what it is worth.
    pub(in crate::store) fn appraised(&self, mut account: Account) -> Result<(Account, Worth), StoreError> {
        let worth = self.worth(&account)?;
        if account.valuation.is_flat() {
            return Ok((account, worth));
        }
        let figures = &worth.figures;
        // What does not fit leaves nothing free.
        account.balances.margin = figures.reserve(account.decimals).unwrap_or(Amount::from_minor(i64::MAX));
        if account.valuation.has_positions {
            for dependency in &figures.dependencies {
                let of = self.words(dependency.need)?;
                account.valuation.prices.push(UsedPrice { of, quoted_at: dependency.quoted_at });
            }
        }
        Ok((account, worth))
    }

    /// What people call a quote or a rate: `EURUSD`, `USD/EUR`.
    fn words(&self, need: Need) -> Result<String, StoreError> {
        let code = |currency| {
            let code = self.tx.currency_code(currency)?;
            code.map(|code| code.to_string()).ok_or_else(|| StoreError::corrupt("there is no such currency"))
        };
        match need {
            Need::Quote(symbol) => Ok(self.listed(symbol)?.symbol.declared.code.clone()),
            Need::Rate { from, to } => Ok(format!("{}/{}", code(from)?, code(to)?)),
        }
    }
}

impl Held {
    fn inputs(&self) -> (Vec<Position>, Vec<WorkingOrder>) {
        let order = |(order, fills): &(OrderRow, OrderFills)| {
            let mut prices = [&order.limit_price, &order.stop_price].into_iter().flatten();
            let price = prices.find(|price| !price.is_zero() && order.kind != Some(OrderType::Market)).cloned();
            Some(WorkingOrder { side: order.side?, quantity: order.unfilled(fills), price })
        };
        let positions = self.positions.iter().map(|row| row.position.clone()).collect();
        (positions, self.orders.iter().filter_map(order).collect())
    }
}

fn level(row: &Row<'_>, column: &str) -> rusqlite::Result<Exact> {
    let text: String = row.get(column)?;
    DecimalText::parse(&text).map(Exact::from).map_err(|_| unreadable(column, &text))
}

impl ReadTx<'_> {
    /// The rates of now: quotes of enabled currency pairs, and the reference rates.
    pub fn rate_table(&self) -> Result<RateTable, StoreError> {
        let mut table = RateTable::default();
        for symbol in self.currency_pairs()? {
            // Only prices above zero are rates.
            if let Some(quote) = self.quote(symbol.serial)?.filter(|quote| quote.bid.is_positive()) {
                table.quote(&Instrument::from(&symbol), quote);
            }
        }
        for (from, to, rate) in self.numbered_rates()? {
            table.reference(from, to, rate.into());
        }
        Ok(table)
    }

    fn margin_rules(&self, group: GroupSerial) -> Result<MarginRules, StoreError> {
        let sql = "SELECT margin_calculation, margin_basis, max_leverage, margin_call_level, stop_out_level
                   FROM account_groups WHERE id = ?1";
        self.one(sql, [group.0], |row| {
            Ok(MarginRules {
                calculation: named(row, "margin_calculation")?,
                basis: named_if_any(row, "margin_basis")?.unwrap_or_default(),
                max_leverage: row.get("max_leverage")?,
                margin_call_level: level(row, "margin_call_level")?,
                stop_out_level: level(row, "stop_out_level")?,
            })
        })
    }
}
