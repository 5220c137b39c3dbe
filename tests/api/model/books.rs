//! The model's accounts, movements and entries, in a few lines of arithmetic.

use super::clients::{Client, Owner, Wait};
use super::step::{Arrival, Decision, Kind};
use super::trading::{Fill, Open};
use serde_json::Value;
use std::collections::BTreeMap;

/// The reason for a refusal.
pub(super) type Reason = &'static str;

#[derive(Clone)]
pub(super) struct Account {
    pub(super) id: String,
    pub(super) number: i64,
    pub(super) is_wallet: bool,
    /// Opening time, in ms.
    pub(super) opened: i64,
    pub(super) currency: &'static str,
    pub(super) decimals: u32,
    /// The lowest minimum that the group allows, in minor units.
    pub(super) least: i128,
    pub(super) hold_hours: i64,
    pub(super) requires_approval: bool,
    pub(super) balance: i128,
    pub(super) held: i128,
    pub(super) uncleared: i128,
    pub(super) pending: i128,
    pub(super) credit_net: i128,
    pub(super) minimum: i128,
    pub(super) life: &'static str,
    pub(super) lock: &'static str,
    /// Whether only an administrator can remove the lock.
    pub(super) is_lock_kept: bool,
    pub(super) allows_credits: bool,
    pub(super) allows_debits: bool,
    /// The primary owner comes first.
    pub(super) owners: Vec<Owner>,
    pub(super) wait: Option<Wait>,
    pub(super) reference: Option<usize>,
    pub(super) alias: Option<usize>,
}

impl Account {
    pub(super) fn available(&self) -> i128 {
        self.balance - self.held - self.uncleared
    }

    pub(super) fn withdrawable(&self) -> i128 {
        self.available() - self.credit_net.max(0) - self.minimum
    }

    /// Whether the account's state allows credits or debits.
    pub(super) fn admit_life(&self, is_credit: bool) -> Result<(), Reason> {
        match (self.life, is_credit) {
            ("active", _) | ("closing", false) => Ok(()),
            ("pending", _) => Err("ACCOUNT_PENDING_APPROVAL"),
            ("inactive", _) => Err("ACCOUNT_INACTIVE"),
            ("dormant", _) => Err("ACCOUNT_DORMANT"),
            ("closing", true) => Err("ACCOUNT_CLOSING"),
            _ => Err("ACCOUNT_ARCHIVED"),
        }
    }

    /// Whether the lock and the flags allow credits or debits.
    fn admit_lock(&self, is_credit: bool) -> Result<(), Reason> {
        match (self.lock, is_credit) {
            ("none", true) | ("CREDITS_ONLY", true) if !self.allows_credits => Err("CREDITS_OFF"),
            ("none", false) | ("DEBITS_ONLY", false) if !self.allows_debits => Err("DEBITS_OFF"),
            ("none", _) | ("CREDITS_ONLY", true) | ("DEBITS_ONLY", false) => Ok(()),
            _ => Err("ACCOUNT_LOCKED"),
        }
    }

    /// Whether a credit is allowed. A closing account accepts only what it owes.
    pub(super) fn admits_credit(&self, minor: i128, is_trading_credit: bool) -> Result<(), Reason> {
        match self.life {
            "closing" if !is_trading_credit && self.balance + minor <= 0 => self.admit_lock(true),
            _ => self.admits(true),
        }
    }

    /// Whether state, lock and flags allow credits or debits.
    pub(super) fn admits(&self, is_credit: bool) -> Result<(), Reason> {
        self.admit_life(is_credit)?;
        self.admit_lock(is_credit)
    }

    /// Whether a debit is allowed that first releases `freed` minor units of held or uncleared money.
    pub(super) fn admits_debit(&self, minor: i128, is_trading_credit: bool, freed: i128) -> Result<(), Reason> {
        self.admits(false)?;
        let (withdrawable, credit) = (self.withdrawable() + freed, self.credit_net.max(0));
        // Trading credit can be taken back only up to what was granted and not lost; nothing else may touch it.
        let most = if is_trading_credit { credit.min(withdrawable + credit) } else { withdrawable };
        if minor <= most { Ok(()) } else { Err("INSUFFICIENT_FUNDS") }
    }

    fn is_empty(&self) -> bool {
        self.balance == 0 && self.held == 0 && self.uncleared == 0 && self.pending == 0
    }

    /// An amount in the account's currency, formatted.
    pub(super) fn text(&self, minor: i128) -> String {
        let unit = 10i128.pow(self.decimals);
        let sign = if minor < 0 { "-" } else { "" };
        let (whole, rest) = (minor.abs() / unit, minor.abs() % unit);
        match usize::try_from(self.decimals).unwrap() {
            0 => format!("{sign}{whole}"),
            width => format!("{sign}{whole}.{rest:0width$}"),
        }
    }
}

#[derive(Clone)]
pub(super) struct Movement {
    pub(super) id: String,
    pub(super) kind: Kind,
    pub(super) account: usize,
    pub(super) minor: i128,
    pub(super) state: &'static str,
    pub(super) by_second: bool,
    pub(super) approved_by_second: Option<bool>,
    /// The hour at which it expires.
    pub(super) ends: Option<i64>,
}

impl Movement {
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, "PENDING" | "APPROVED")
    }
}

#[derive(Clone)]
pub(super) struct Entry {
    pub(super) id: String,
    /// The client accounts in order, each with the change of its balance in minor units.
    pub(super) legs: Vec<(usize, i128)>,
    pub(super) is_trading_credit: bool,
    pub(super) is_reversal: bool,
    pub(super) is_reversed: bool,
    pub(super) by_second: bool,
    /// Who asked for the movement that it posts.
    pub(super) asked_by_second: bool,
    /// When the file says it was recorded, in ms.
    pub(super) recorded: i64,
    /// The effective time of a back-dated entry, in ms.
    pub(super) effective: Option<i64>,
    /// The uncleared amount, and the hour at which it clears.
    pub(super) uncleared: Option<(i128, i64)>,
}

#[derive(Clone, Default)]
pub(super) struct Books {
    pub(super) hour: i64,
    /// A time in the past, in ms.
    pub(super) now: i64,
    pub(super) clients: Vec<Client>,
    pub(super) accounts: Vec<Account>,
    pub(super) movements: Vec<Movement>,
    pub(super) entries: Vec<Entry>,
    /// Executions that a platform reported, in the order in which they came.
    pub(super) fills: Vec<Fill>,
    /// All events that were sent.
    pub(super) told: Vec<Value>,
    /// What is open, by account and symbol.
    pub(super) open: BTreeMap<usize, BTreeMap<&'static str, Open>>,
}

impl Books {
    // Predictions.

    pub(super) fn predict_post(&self, account: usize, action: &str, minor: i128) -> Result<(), Reason> {
        let account = &self.accounts[account];
        let is_one_sided = matches!(action, "deposit" | "withdraw");
        let signed = if action == "withdraw" { -minor } else { minor };
        match signed {
            _ if is_one_sided && minor <= 0 => Err("INVALID_FIELD"),
            0 => Err("INVALID_FIELD"),
            1.. => account.admits_credit(minor, action == "CREDIT"),
            _ if account.requires_approval => Err("NEEDS_APPROVAL"),
            _ => account.admits_debit(-signed, action == "CREDIT", 0),
        }
    }

    pub(super) fn predict_backdating(
        &self,
        account: usize,
        action: &str,
        minor: i128,
        effective: i64,
    ) -> Result<(), Reason> {
        match self.accounts[account].opened {
            _ if minor == 0 || action == "BALANCE" => Err("INVALID_FIELD"),
            opened if effective < opened || effective > self.now.max(opened) => Err("OUT_OF_RANGE"),
            _ => self.predict_post(account, action, minor),
        }
    }

    pub(super) fn predict_request(&self, account: usize, kind: Kind, minor: i128) -> Result<(), Reason> {
        let account = &self.accounts[account];
        match kind {
            _ if minor <= 0 => Err("INVALID_FIELD"),
            Kind::Deposit => account.admits(true),
            _ => account.admits_debit(minor, false, 0),
        }
    }

    pub(super) fn predict_decision(
        &self,
        movement: usize,
        decision: Decision,
        part: Option<i128>,
        is_second: bool,
    ) -> Result<(), Reason> {
        let movement = &self.movements[movement];
        let account = &self.accounts[movement.account];
        let is_own = movement.by_second == is_second;
        let amount = if decision == Decision::Capture { part.unwrap_or(movement.minor) } else { movement.minor };
        match decision {
            _ if decision.kind() != movement.kind => Err("NOT_FOUND"),
            Decision::Capture if amount == 0 => Err("INVALID_FIELD"),
            Decision::Capture if amount < 0 || amount > movement.minor => Err("OUT_OF_RANGE"),
            _ if !movement.is_open() => Err("WRONG_STATE"),
            Decision::Approve if movement.state == "APPROVED" => Err("WRONG_STATE"),
            Decision::Approve | Decision::Capture if account.requires_approval && is_own => Err("OWN_REQUEST"),
            Decision::Pay
                if account.requires_approval
                    && movement.approved_by_second.is_none_or(|checker| checker == movement.by_second) =>
            {
                Err("NEEDS_APPROVAL")
            }
            Decision::Settle => account.admits(true),
            Decision::Pay | Decision::Capture => account.admits_debit(amount, false, movement.minor),
            _ => Ok(()),
        }
    }

    /// Replaces the terms of a transfer across currencies by others that are at most 3 % off the sample rates of a
    /// sandbox, so that it does not wait.
    pub(super) fn near_reference(&self, from: usize, to: usize, minor: i64, arrival: Arrival) -> Arrival {
        let (payer, receiver) = (&self.accounts[from], &self.accounts[to]);
        let (Arrival::Rate(terms) | Arrival::Amount(terms)) = arrival else { return arrival };
        if payer.currency == receiver.currency || minor <= 0 {
            return arrival;
        }
        // Thousandths of a unit for one dollar.
        let worth = |account: &Account| match account.currency {
            "EUR" => 920,
            "JPY" => 150_000,
            "KWD" => 307,
            _ => 1_000i128,
        };
        let percent = 97 + i128::from(terms).rem_euclid(7);
        let (above, below) = (worth(receiver) * percent, worth(payer) * 100);
        let rounded = |above: i128, below: i128| i64::try_from((2 * above + below) / (2 * below)).unwrap_or(i64::MAX);
        match arrival {
            Arrival::Amount(_) => {
                let above = above * i128::from(minor) * 10i128.pow(receiver.decimals);
                Arrival::Amount(rounded(above, below * 10i128.pow(payer.decimals)))
            }
            _ => Arrival::Rate(rounded(above * 10_000, below)),
        }
    }

    /// Whether money moves from an account that requires approval to one of another client. Such accounts have a single
    /// owner here.
    pub(super) fn hands_over(&self, from: usize, to: usize) -> bool {
        let (from, to) = (&self.accounts[from], &self.accounts[to]);
        from.requires_approval && from.owners[0].0 != to.owners[0].0
    }

    /// The amount that arrives, if the transfer is accepted.
    pub(super) fn predict_transfer(
        &self,
        from: usize,
        to: usize,
        minor: i128,
        arrival: Arrival,
    ) -> Result<i128, Reason> {
        let (payer, receiver) = (&self.accounts[from], &self.accounts[to]);
        if minor <= 0 {
            return Err("INVALID_FIELD");
        }
        let arriving = match (arrival, payer.currency == receiver.currency) {
            (Arrival::Same, true) => minor,
            (Arrival::Amount(arriving), false) => i128::from(arriving),
            (Arrival::Rate(rate), false) => {
                let above = minor * i128::from(rate) * 10i128.pow(receiver.decimals);
                let below = 10_000 * 10i128.pow(payer.decimals);
                // Round half away from zero; both values are positive.
                (2 * above + below) / (2 * below)
            }
            _ => return Err("INVALID_FIELD"),
        };
        match arriving {
            ..=0 => return Err("INVALID_FIELD"),
            100_000_000_000_000_001.. => return Err("INVALID_FIELD"),
            _ => {}
        }
        if from == to {
            return Err("SAME_ACCOUNT");
        }
        if payer.requires_approval && !receiver.requires_approval {
            return Err("NEEDS_APPROVAL");
        }
        payer.admits(false)?;
        receiver.admits_credit(arriving, false)?;
        payer.admits_debit(minor, false, 0)?;
        Ok(arriving)
    }

    pub(super) fn predict_reversal(&self, entry: usize, force: bool, is_second: bool) -> Result<(), Reason> {
        let entry = &self.entries[entry];
        match entry {
            _ if force && is_second => return Err("RIGHT_MISSING"),
            Entry { is_reversal: true, .. } => return Err("NOT_REVERSIBLE"),
            Entry { is_reversed: true, .. } => return Err("ALREADY_REVERSED"),
            _ => {}
        }
        let guarded = |of: &(usize, i128)| self.accounts[of.0].requires_approval;
        let mut receivers = entry.legs.iter().filter(|leg| leg.1 < 0).peekable();
        let is_to_house = receivers.peek().is_none();
        let is_way_out = entry.legs.iter().any(|leg| leg.1 > 0 && guarded(leg))
            && (is_to_house || receivers.any(|leg| !guarded(leg)));
        if is_second && is_way_out {
            return Err("NEEDS_APPROVAL");
        }
        let freed = entry.uncleared.map_or(0, |(minor, _)| minor);
        entry.legs.iter().try_for_each(|&(account, minor)| {
            let account = &self.accounts[account];
            match minor {
                // The reversal credits what the debit took.
                ..0 => account.admits_credit(-minor, entry.is_trading_credit),
                _ if account.requires_approval && [entry.by_second, entry.asked_by_second].contains(&is_second) => {
                    Err("OWN_REQUEST")
                }
                _ if force => account.admits(false),
                _ => account.admits_debit(minor, entry.is_trading_credit, freed),
            }
        })
    }

    pub(super) fn predict_state(&self, account: usize, state: &str) -> Result<(), Reason> {
        match self.accounts[account].life {
            "inactive" | "dormant" => Ok(()),
            "closing" if state == "activate" => Ok(()),
            _ => self.accounts[account].admit_life(true),
        }
    }

    pub(super) fn predict_lock(&self, account: usize, is_kept: bool, is_second: bool) -> Result<(), Reason> {
        if is_second && is_kept {
            return Err("RIGHT_MISSING");
        }
        self.predict_change(account)?;
        if is_second && self.accounts[account].is_lock_kept { Err("LOCK_KEPT") } else { Ok(()) }
    }

    pub(super) fn predict_unlock(&self, account: usize, is_second: bool) -> Result<(), Reason> {
        self.predict_change(account)?;
        if is_second && self.accounts[account].is_lock_kept { Err("LOCK_KEPT") } else { Ok(()) }
    }

    pub(super) fn predict_change(&self, account: usize) -> Result<(), Reason> {
        if self.accounts[account].life == "closed" { Err("ACCOUNT_ARCHIVED") } else { Ok(()) }
    }

    pub(super) fn predict_minimum(&self, account: usize, minor: i128) -> Result<(), Reason> {
        let of = &self.accounts[account];
        if minor != of.minimum && minor < of.least { Err("OUT_OF_RANGE") } else { self.predict_change(account) }
    }

    /// The amount swept when an account is closed, if it can be closed.
    pub(super) fn predict_close(&self, account: usize, sweep_to: Option<usize>) -> Result<i128, Reason> {
        let from = &self.accounts[account];
        let state = match from.life {
            "pending" => Err("ACCOUNT_PENDING_APPROVAL"),
            "closed" => Err("ACCOUNT_ARCHIVED"),
            _ => Ok(()),
        };
        let Some(number) = sweep_to else { return state.map(|()| 0) };
        let to = &self.accounts[number];
        if from.currency != to.currency {
            return Err("INVALID_FIELD");
        }
        if number == account {
            return Err("SAME_ACCOUNT");
        }
        state?;
        let own = from.available() - from.credit_net.max(0);
        let amount = own.min(from.withdrawable());
        if amount <= 0 {
            return Ok(0);
        }
        if from.requires_approval && (!to.requires_approval || self.hands_over(account, number)) {
            return Err("NEEDS_APPROVAL");
        }
        from.admit_lock(false)?;
        to.admits_credit(amount, false)?;
        Ok(amount)
    }

    pub(super) fn predict_archive(&self, account: usize) -> Result<(), Reason> {
        match &self.accounts[account] {
            Account { life: "closed", .. } => Ok(()),
            of if of.balance != 0 => Err("BALANCE_NOT_ZERO"),
            of if of.held != 0 => Err("HOLDS_LEFT"),
            of if !of.is_empty() => Err("PENDING_LEFT"),
            _ => Ok(()),
        }
    }

    // Effects.

    pub(super) fn post(&mut self, id: String, legs: Vec<(usize, i128)>, is_trading_credit: bool, by_second: bool) {
        for &(account, minor) in &legs {
            self.accounts[account].balance += minor;
            self.accounts[account].credit_net += if is_trading_credit { minor } else { 0 };
        }
        self.entries.push(Entry {
            id,
            legs,
            is_trading_credit,
            is_reversal: false,
            is_reversed: false,
            by_second,
            asked_by_second: by_second,
            recorded: i64::MAX,
            effective: None,
            uncleared: None,
        });
    }

    /// Marks the last entry as an external deposit.
    pub(super) fn hold_back(&mut self) {
        let entry = self.entries.last_mut().unwrap();
        let (account, minor) = entry.legs[0];
        let account = &mut self.accounts[account];
        if account.hold_hours > 0 {
            account.uncleared += minor;
            entry.uncleared = Some((minor, self.hour + account.hold_hours));
        }
    }

    pub(super) fn ask(&mut self, movement: Movement) {
        let account = &mut self.accounts[movement.account];
        match movement.kind {
            Kind::Deposit => account.pending += movement.minor,
            _ => account.held += movement.minor,
        }
        self.movements.push(movement);
    }

    /// Releases what a movement reserves, and records its final state.
    pub(super) fn end(&mut self, movement: usize, state: &'static str) {
        let movement = &mut self.movements[movement];
        let account = &mut self.accounts[movement.account];
        match movement.kind {
            Kind::Deposit => account.pending -= movement.minor,
            _ => account.held -= movement.minor,
        }
        movement.state = state;
    }

    pub(super) fn reverse(&mut self, number: usize, id: String, by_second: bool) {
        self.clear(number);
        let entry = &mut self.entries[number];
        entry.is_reversed = true;
        let legs = entry.legs.iter().map(|&(account, minor)| (account, -minor)).collect();
        let is_trading_credit = entry.is_trading_credit;
        self.post(id, legs, is_trading_credit, by_second);
        self.entries.last_mut().unwrap().is_reversal = true;
    }

    fn clear(&mut self, entry: usize) {
        let entry = &mut self.entries[entry];
        if let Some((minor, _)) = entry.uncleared.take() {
            self.accounts[entry.legs[0].0].uncleared -= minor;
        }
    }

    pub(super) fn begin_closing(&mut self, account: usize) {
        self.accounts[account].life = "closing";
        for number in 0..self.movements.len() {
            let movement = &self.movements[number];
            if movement.account == account && movement.kind == Kind::Deposit && movement.is_open() {
                self.end(number, "VOIDED");
            }
        }
    }

    /// Advances the clock by hours and applies everything that falls due.
    pub(super) fn pass(&mut self, hours: i64) {
        self.hour += hours;
        for number in 0..self.movements.len() {
            let movement = &self.movements[number];
            if movement.is_open() && movement.ends.is_some_and(|ends| ends <= self.hour) {
                self.end(number, "EXPIRED");
            }
        }
        for number in 0..self.entries.len() {
            if self.entries[number].uncleared.is_some_and(|(_, at)| at <= self.hour) {
                self.clear(number);
            }
        }
    }

    /// Closes a closing account once it is empty.
    pub(super) fn finish_closing(&mut self) {
        for account in self.accounts.iter_mut().filter(|account| account.life == "closing" && account.is_empty()) {
            account.life = "closed";
        }
    }
}
