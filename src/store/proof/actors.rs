//! Proves that everybody in the audit log existed, was enabled, had the right, and used a valid token of their own.

use crate::domain::access::{Right, Role};
use crate::domain::clock::Moment;
use crate::store::StoreError;
use crate::store::database::lists::text_list;
use crate::store::database::transaction::{ReadTx, sql};
use crate::store::proof::Proof;
use ipnet::IpNet;
use rusqlite::Row;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::IpAddr;
use uuid::Uuid;

/// How long calls that were admitted before may be done after a token or an operator was disabled, in milliseconds.
const IN_FLIGHT_MS: i64 = 300_000;

/// The principal of background work and of commands on the machine.
const SYSTEM: i64 = 1;

struct Actor {
    name: String,
    id: Uuid,
    /// None for the system and for API clients.
    role: Option<Role>,
    granted: BTreeSet<Right>,
    /// What was granted before a change, with the audit row of the change, in order.
    granted_before: Vec<(i64, BTreeSet<Right>)>,
    created_at: i64,
    disabled_at: Option<i64>,
    /// The audit row that added it.
    added: Option<i64>,
}

impl Actor {
    fn had(&self, right: Right, row: i64) -> bool {
        let before = self.granted_before.iter().find(|(changed, _)| *changed > row);
        let granted = before.map_or(&self.granted, |(_, granted)| granted);
        self.role.is_some_and(|role| role.allows(right)) || granted.contains(&right)
    }
}

struct Token {
    principal: i64,
    is_login: bool,
    scopes: Option<Vec<String>>,
    networks: Vec<IpNet>,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    is_recorded: bool,
}

/// A row of the audit log.
struct Act {
    row: i64,
    at: i64,
    principal: i64,
    token: Option<Uuid>,
    action: String,
    object: Option<Uuid>,
    /// Rows of earlier versions do not say what they are about.
    is_old: bool,
    address: Option<IpAddr>,
    is_of_machine: bool,
    /// The time by the clock, with which expiries were compared.
    clock: i64,
}

#[derive(Default, Deserialize)]
struct Detail {
    clock: Option<i64>,
}

fn act(row: &Row<'_>) -> rusqlite::Result<Act> {
    let at = row.get(1)?;
    let detail: Option<String> = row.get(9)?;
    let detail: Detail = detail.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    Ok(Act {
        row: row.get(0)?,
        at,
        principal: row.get(2)?,
        token: row.get(3)?,
        action: row.get(4)?,
        object: row.get(5)?,
        is_old: row.get::<_, Option<String>>(6)?.is_none(),
        address: row.get::<_, Option<String>>(7)?.and_then(|text| text.parse().ok()),
        is_of_machine: row.get::<_, Option<String>>(8)?.is_some(),
        clock: detail.clock.unwrap_or(at),
    })
}

/// What the rows read so far say of operators and tokens.
struct Actors {
    actors: BTreeMap<i64, Actor>,
    tokens: BTreeMap<Uuid, Token>,
    /// When operators were added and disabled, and tokens made and revoked: rows of earlier versions do not say which.
    added_at: HashSet<i64>,
    made_at: HashSet<i64>,
    ended_at: HashSet<i64>,
    disabled_at: HashSet<i64>,
    is_sandbox: bool,
    /// Whether the log of a sandbox started over, after operators and tokens were made.
    is_reset: bool,
}

fn rights(names: Option<BTreeSet<String>>) -> BTreeSet<Right> {
    names.into_iter().flatten().filter_map(|name| Right::parse(&name)).collect()
}

impl ReadTx<'_> {
    pub(in crate::store) fn prove_actors(&self, proof: &mut Proof) -> Result<(), StoreError> {
        let mut actors = Actors::read(self)?;
        let mut statement = self.connection().prepare(sql!("who/rows"))?;
        let mut rows = statement.query([])?;
        let mut latest = (0, i64::MIN);
        while let Some(row) = rows.next()? {
            let act = act(row)?;
            if !act.is_old {
                if act.at < latest.1 {
                    let (row, before) = (act.row, latest.0);
                    proof.find("record", || format!("row {row} of the audit log is earlier than row {before}"));
                }
                latest = (act.row, act.at);
            }
            actors.learn(&act);
            actors.check(proof, &act);
        }
        actors.finish(proof);
        Ok(())
    }
}

impl Actors {
    fn read(tx: &ReadTx<'_>) -> Result<Actors, StoreError> {
        let actor = |row: &Row<'_>| {
            let role: Option<String> = row.get(4)?;
            let actor = Actor {
                id: row.get(1)?,
                name: row.get(3)?,
                role: role.as_deref().and_then(Role::parse),
                granted: rights(text_list(row, "rights")?),
                granted_before: Vec::new(),
                created_at: row.get(6)?,
                disabled_at: row.get(7)?,
                added: None,
            };
            let kind: String = row.get(2)?;
            Ok((row.get(0)?, Actor { role: actor.role.filter(|_| kind == "operator"), ..actor }))
        };
        let token = |row: &Row<'_>| {
            let networks: Option<Vec<String>> = text_list(row, "networks")?;
            let token = Token {
                principal: row.get(1)?,
                is_login: row.get::<_, String>(2)? == "login",
                scopes: text_list(row, "scopes")?,
                networks: networks.iter().flatten().filter_map(|text| text.parse().ok()).collect(),
                created_at: row.get(5)?,
                expires_at: row.get(6)?,
                revoked_at: row.get(7)?,
                is_recorded: false,
            };
            Ok((row.get::<_, Uuid>(0)?, token))
        };
        let mut actors: BTreeMap<i64, Actor> = tx.all(sql!("who/actors"), [], actor)?.into_iter().collect();
        let grant = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, rights(text_list(row, "old")?)));
        for (principal, changed, before) in tx.all::<(i64, i64, _)>(sql!("who/grants"), [], grant)? {
            if let Some(actor) = actors.get_mut(&principal) {
                actor.granted_before.push((changed, before));
            }
        }
        Ok(Actors {
            actors,
            tokens: tx.all(sql!("who/tokens"), [], token)?.into_iter().collect(),
            added_at: HashSet::new(),
            made_at: HashSet::new(),
            ended_at: HashSet::new(),
            disabled_at: HashSet::new(),
            is_sandbox: tx.find("SELECT mode = 'sandbox' FROM installation", [], |row| row.get(0))?.unwrap_or(false),
            is_reset: false,
        })
    }

    /// Takes in what a row says of operators and tokens.
    fn learn(&mut self, act: &Act) {
        match act.action.as_str() {
            "sandbox.reset" => self.is_reset = self.is_sandbox,
            "operator.add" | "api_client.create" => {
                self.added_at.insert(act.at);
                // The first secret of an API client is made with it.
                self.made_at.extend(Some(act.at).filter(|_| act.action == "api_client.create"));
                if let Some(actor) = self.actors.values_mut().find(|actor| Some(actor.id) == act.object) {
                    actor.added = Some(act.row);
                }
            }
            "operator.disable" | "api_client.revoke" => drop(self.disabled_at.insert(act.at)),
            "api_client.rotate" => drop(self.made_at.insert(act.at)),
            "token.create" | "token.refresh" | "login" | "api_client.sign_in" => {
                self.made_at.insert(act.at);
                // Rows of earlier versions name the token of a log-in only as the one that was used.
                let made = act.object.or(act.token.filter(|_| act.action == "login"));
                if let Some(token) = made.and_then(|id| self.tokens.get_mut(&id)) {
                    token.is_recorded = true;
                }
            }
            _ => {}
        }
        if matches!(
            act.action.as_str(),
            "token.revoke"
                | "token.revoke_own"
                | "token.reuse"
                | "logout"
                | "operator.disable"
                | "api_client.revoke"
                | "restore.apply"
                | "operator.reset_password"
                | "operator.change_own_password"
        ) {
            self.ended_at.insert(act.at);
        }
    }

    fn check(&self, proof: &mut Proof, act: &Act) {
        let Act { row, action, .. } = act;
        let Some(actor) = self.actors.get(&act.principal) else {
            return proof.find("actors", || format!("row {row} of the audit log is by somebody who does not exist"));
        };
        let name = &actor.name;
        if act.principal == SYSTEM {
            if act.token.is_some() {
                proof.find("tokens", || format!("row {row} of the audit log: the system used a token"));
            }
            return;
        }
        if act.is_of_machine {
            proof.find("actors", || format!("row {row} of the audit log: {name} gave a command on the machine"));
        }
        // The clock of earlier versions could go back, and that of a sandbox does when it is reset.
        let is_in_time = !act.is_old && !self.is_reset;
        if actor.added.is_some_and(|added| added > *row) || (is_in_time && actor.created_at > act.at) {
            proof.find("actors", || format!("row {row} of the audit log is by {name}, who was added later"));
        }
        if is_in_time && actor.disabled_at.is_some_and(|at| act.at > at + IN_FLIGHT_MS) {
            proof.find("actors", || format!("row {row} of the audit log is by {name}, who had been disabled"));
        }
        let right = Right::of_action(action);
        if let Some(right) = right
            && (!act.is_old || !Right::GRANTABLE.contains(&right))
            && !actor.had(right, *row)
        {
            let right = right.name();
            proof.find("rights", || format!("row {row} of the audit log: {name} did {action} without {right}"));
        }
        self.check_token(proof, act, actor, right);
    }

    fn check_token(&self, proof: &mut Proof, act: &Act, actor: &Actor, right: Option<Right>) {
        let (row, name) = (act.row, &actor.name);
        let Some(id) = act.token else {
            return proof.find("tokens", || format!("row {row} of the audit log: {name} used no token"));
        };
        // The tokens of log-ins are forgotten some time after they have expired.
        let Some(token) = self.tokens.get(&id) else { return };
        if token.principal != act.principal {
            proof.find("tokens", || format!("row {row} of the audit log is by {name}, with somebody else's token"));
        }
        let is_refresh = matches!(act.action.as_str(), "token.refresh" | "token.reuse");
        if act.is_old || is_refresh || self.is_reset {
            return;
        }
        if act.at < token.created_at
            || token.expires_at.is_some_and(|end| act.clock > end + IN_FLIGHT_MS)
            || token.revoked_at.is_some_and(|end| act.at > end + IN_FLIGHT_MS)
        {
            proof.find("tokens", || format!("row {row} of the audit log: the token {id} was not valid then"));
        }
        if let (Some(right), Some(scopes)) = (right, &token.scopes)
            && !scopes.iter().any(|scope| scope == right.name())
            && act.action != "login"
        {
            let right = right.name();
            proof.find("tokens", || format!("row {row} of the audit log: the token {id} does not allow {right}"));
        }
        if let Some(address) = act.address
            && !token.networks.is_empty()
            && !token.networks.iter().any(|network| network.contains(&address))
        {
            proof.find("tokens", || {
                format!("row {row} of the audit log: the token {id} may not be used from {address}")
            });
        }
    }

    /// Operators and tokens that nobody made, or that nobody disabled.
    fn finish(&self, proof: &mut Proof) {
        if self.is_reset {
            return;
        }
        for (_, actor) in self.actors.iter().filter(|(serial, _)| **serial != SYSTEM) {
            let name = &actor.name;
            if actor.added.is_none() && !self.added_at.contains(&actor.created_at) {
                proof.find("actors", || format!("no row of the audit log says who added {name}"));
            }
            if let Some(at) = actor.disabled_at
                && !self.disabled_at.contains(&at)
            {
                let at = Moment::from_unix_ms(at);
                proof.find("actors", || format!("no row of the audit log says who disabled {name} at {at}"));
            }
        }
        for (id, token) in &self.tokens {
            if !token.is_recorded && !self.made_at.contains(&token.created_at) {
                let kind = if token.is_login { "login" } else { "long-lived" };
                proof.find("tokens", || format!("no row of the audit log says who made the {kind} token {id}"));
            }
            if token.revoked_at.is_some_and(|at| !self.ended_at.contains(&at)) {
                proof.find("tokens", || format!("no row of the audit log says who revoked the token {id}"));
            }
        }
    }
}
