//! `bursar token`: long-lived API tokens. The command generates a token and shows it once; the database and a running
//! server only get its hash.

use std::net::IpAddr;

use clap::{Args, Subcommand};
use ipnet::IpNet;
use serde_json::{Value, json};
use uuid::Uuid;

use super::control::ControlCommand;
use super::outcome::Failure;
use super::output::{list, table};
use super::{Session, data_dir};
use crate::app::access::FreshToken;
use crate::domain::access::Right;
use crate::domain::clock::{Clock, Moment};
use crate::store::TokenRow;
use crate::system::{SystemClock, SystemRandomness};

#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Create a token for a program; it is printed only once
    Create(CreateArgs),
    /// List all tokens: long-lived ones and logins
    List,
    /// Revoke a token, which ends its use at once
    Revoke {
        /// Id of the token, as shown by `bursar token list`
        #[arg(value_parser = id)]
        id: Uuid,
    },
}

fn id(text: &str) -> Result<Uuid, String> {
    text.parse()
        .map_err(|_| "expected the id of a token, not the token itself; `bursar token list` shows it".to_owned())
}

#[derive(Debug, Args)]
pub struct CreateArgs {
    /// Operator to whom the token belongs
    #[arg(long, value_name = "NAME")]
    operator: String,
    /// What the token is for
    #[arg(long, value_name = "TEXT")]
    label: String,
    /// Limit the token to this right; may be repeated [default: all rights of the operator's role]
    #[arg(long = "scope", value_name = "SCOPE", value_parser = scope)]
    scopes: Vec<String>,
    /// Limit the token to clients with this tag; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Limit the token to callers from this network, such as 10.0.0.0/8, or from one address; may be repeated
    #[arg(long = "network", value_name = "CIDR", value_parser = network)]
    networks: Vec<IpNet>,
    /// Days until the token expires [default: never]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: Option<u32>,
}

pub(super) fn network(text: &str) -> Result<IpNet, String> {
    text.parse()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| "not a network such as 10.0.0.0/8 or 2001:db8::/32, or an address".to_owned())
}

fn scope(text: &str) -> Result<String, String> {
    match Right::parse(text) {
        Some(right) => Ok(right.name().into()),
        None => Err(format!("expected one of {}", Right::ALL.map(Right::name).join(", "))),
    }
}

pub(super) fn run(command: TokenCommand, session: &mut Session<'_>) -> Result<(), Failure> {
    match command {
        TokenCommand::Create(args) => create(args, session),
        TokenCommand::List => show(session),
        TokenCommand::Revoke { id } => {
            let value = data_dir::write(session.config()?, ControlCommand::RevokeToken { id: id.into() })?;
            session.output.print(&value, format!("Revoked {id}."))
        }
    }
}

fn create(args: CreateArgs, session: &mut Session<'_>) -> Result<(), Failure> {
    let fresh = FreshToken::new(&SystemRandomness);
    let command = ControlCommand::CreateToken {
        operator: args.operator,
        label: args.label,
        scopes: args.scopes,
        tags: args.tags.into_iter().collect(),
        networks: args.networks,
        days: args.days,
        token: fresh.hash(),
    };
    let mut value = data_dir::write(session.config()?, command)?;
    let token = fresh.reveal();
    let id = value["id"].as_str().unwrap_or_default().to_owned();
    value["token"] = token.clone().into();
    let text = format!("{token}\n\nIt is shown only once. Revoke it with: bursar token revoke {id}");
    session.output.print(&value, text)
}

fn show(session: &mut Session<'_>) -> Result<(), Failure> {
    let dir = data_dir::existing(session.config()?)?;
    let (tokens, makers) = data_dir::read(&dir.database_file(), |tx| Ok((tx.tokens()?, tx.makers()?)))?;
    let maker = |token: &TokenRow| makers.get(&token.id.uuid()).map(String::as_str);
    let now = SystemClock.now();
    let rows: Vec<_> = tokens.iter().map(|token| row(token, maker(token), now)).collect();
    let header = ["ID", "OPERATOR", "KIND", "LABEL", "MADE BY", "STATE", "SCOPES", "TAGS", "NETWORKS", "EXPIRES"];
    let views = tokens.iter().map(|token| view(token, maker(token), now)).collect();
    session.output.print(&views, table(header, &rows))
}

pub(super) fn state(token: &TokenRow, now: Moment) -> &'static str {
    if token.revoked_at.is_some() {
        "revoked"
    } else if token.expires_at.is_some_and(|end| end <= now) {
        "expired"
    } else {
        "good"
    }
}

fn row(token: &TokenRow, maker: Option<&str>, now: Moment) -> [String; 10] {
    let limits = |names: &Option<Vec<String>>| list(names.iter().flatten());
    [
        token.id.to_string(),
        token.principal_name.clone(),
        token.kind.name().into(),
        token.label.clone(),
        maker.unwrap_or("-").into(),
        state(token, now).into(),
        limits(&token.scopes),
        list(token.tags.iter().flatten()),
        limits(&token.networks),
        token.expires_at.map_or("never".into(), |at| at.to_string()),
    ]
}

fn view(token: &TokenRow, maker: Option<&str>, now: Moment) -> Value {
    json!({
        "id": token.id,
        "operator": token.principal_name,
        "kind": token.kind.name(),
        "label": token.label,
        "made_by": maker,
        "state": state(token, now),
        "scopes": token.scopes,
        "tags": token.tags,
        "networks": token.networks,
        "created_at": token.created_at.to_string(),
        "expires_at": token.expires_at.map(|at| at.to_string()),
        "revoked_at": token.revoked_at.map(|at| at.to_string()),
    })
}
