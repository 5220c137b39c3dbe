//! `bursar client`: programs with credentials of their own for one API. The command generates a secret and shows it
//! once; the database and a running server only get its hash.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ipnet::IpNet;
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use uuid::Uuid;

use super::control::ControlCommand;
use super::outcome::{Exit, Failure};
use super::output::{list, table};
use super::token::{network, state};
use super::{Session, data_dir};
use crate::app::access::FreshToken;
use crate::dialects::kit::ApiClients;
use crate::domain::access::{ClientKey, PublicKey};
use crate::domain::clock::{Clock, Moment};
use crate::http::{api_clients, apis_with_clients};
use crate::store::{ApiClientRow, TokenKind, TokenRow};
use crate::system::{SystemClock, SystemRandomness};

#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// Create a client of an API; its secret is printed only once
    Create(CreateArgs),
    /// List all clients, including revoked ones
    List,
    /// Give a client a new secret, and a new key; the old ones stay good for a while
    Rotate(RotateArgs),
    /// Revoke a client with all its secrets and tokens
    Revoke {
        /// Id of the client, as shown by `bursar client list`
        #[arg(value_parser = id)]
        id: Uuid,
    },
}

fn id(text: &str) -> Result<Uuid, String> {
    text.parse().map_err(|_| "expected the id of a client; `bursar client list` shows it".to_owned())
}

#[derive(Debug, Args)]
pub struct CreateArgs {
    /// The API that it calls
    #[arg(long, value_parser = api)]
    api: String,
    /// What the client is
    #[arg(long, value_name = "TEXT")]
    label: String,
    /// Allow only this scope of the API; may be repeated [default: all scopes]
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// Show the client only clients of the broker with this tag; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Limit the client to this network, such as 10.0.0.0/8, or to one address; may be repeated
    #[arg(long = "network", value_name = "CIDR", value_parser = network)]
    networks: Vec<IpNet>,
    /// Its public key in PEM, with which its signatures are checked: ECDSA on P-256, P-384 or P-521, or Ed25519
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
    /// Days until the secret expires [default: never]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: Option<u32>,
}

#[derive(Debug, Args)]
pub struct RotateArgs {
    /// Id of the client, as shown by `bursar client list`
    #[arg(value_parser = id)]
    id: Uuid,
    /// Replace its public keys by this one, in PEM
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
    /// Hours for which the old secrets, and the old keys if there is a new one, stay good
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u32).range(0..=8760))]
    overlap_hours: u32,
    /// Days until the new secret expires [default: never]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: Option<u32>,
}

fn api(text: &str) -> Result<String, String> {
    match api_clients(text) {
        Some(_) => Ok(text.to_owned()),
        None => Err(format!("expected one of {}", apis_with_clients().join(", "))),
    }
}

pub(super) fn run(command: ClientCommand, session: &mut Session<'_>) -> Result<(), Failure> {
    match command {
        ClientCommand::Create(args) => create(args, session),
        ClientCommand::List => show(session),
        ClientCommand::Rotate(args) => rotate(&args, session),
        ClientCommand::Revoke { id } => {
            let value = data_dir::write(session.config()?, ControlCommand::RevokeApiClient { id: id.into() })?;
            session.output.print(&value, format!("Revoked {id} with all its secrets and tokens."))
        }
    }
}

fn create(args: CreateArgs, session: &mut Session<'_>) -> Result<(), Failure> {
    let CreateArgs { api, label, scopes, tags, networks, public_key, days } = args;
    let known = api_clients(&api).ok_or_else(|| Failure::new(Exit::Usage, format!("{api} takes no clients")))?;
    let names: Vec<&str> = scopes.iter().map(String::as_str).collect();
    let rights = known.rights(&names).map_err(|unknown| {
        let all: Vec<&str> = known.scopes.iter().map(|scope| scope.name).collect();
        Failure::new(Exit::Usage, format!("{api} has no scope {unknown:?}")).next(format!("Scopes: {}", all.join(", ")))
    })?;
    let fresh = FreshToken::new(&SystemRandomness);
    let command = ControlCommand::CreateApiClient {
        api,
        label,
        rights,
        tags: tags.into_iter().collect(),
        networks,
        days,
        secret: fresh.hash(),
        key: public_key.as_ref().map(read_key).transpose()?,
    };
    print_credentials(fresh, command, &known, session)
}

fn rotate(args: &RotateArgs, session: &mut Session<'_>) -> Result<(), Failure> {
    let fresh = FreshToken::new(&SystemRandomness);
    let command = ControlCommand::RotateApiClient {
        id: args.id.into(),
        secret: fresh.hash(),
        key: args.public_key.as_ref().map(read_key).transpose()?,
        overlap_hours: args.overlap_hours,
        days: args.days,
    };
    let names = ApiClients { id: "client_id", secret: "client_secret", scopes: &[] };
    print_credentials(fresh, command, &names, session)
}

/// Runs a command that makes a secret, and prints what its client needs.
fn print_credentials(
    secret: FreshToken,
    command: ControlCommand,
    names: &ApiClients,
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    let made = data_dir::write(session.config()?, command)?;
    let (id, secret) = (made["id"].as_str().unwrap_or_default(), secret.reveal());
    let mut value = json!({"client_id": id, "client_secret": secret});
    let mut text = format!("{:14} {id}\n{:14} {secret}\n", names.id, names.secret);
    if let Some(key) = made["key"].as_str() {
        value["key_id"] = key.into();
        text = format!("{text}{:14} {key}\n", "key id");
    }
    let text = format!("{text}\nThe secret is shown only once. Revoke the client with: bursar client revoke {id}");
    session.output.print(&value, text)
}

fn read_key(file: &PathBuf) -> Result<PublicKey, Failure> {
    let text = std::fs::read(file).map_err(|error| Failure::of_file(file.display(), &error))?;
    let key = SubjectPublicKeyInfoDer::from_pem_slice(&text).ok();
    key.and_then(|key| PublicKey::from_der(key.as_ref().to_vec())).ok_or_else(|| {
        let message = format!("{} has no public key that can be used", file.display());
        let next = "It begins with -----BEGIN PUBLIC KEY----- and is for ECDSA on P-256, P-384 or P-521, or for \
                    Ed25519: openssl pkey -in private.pem -pubout";
        Failure::new(Exit::Failure, message).next(next)
    })
}

/// A client with its secrets and keys.
struct Listed {
    client: ApiClientRow,
    secrets: Vec<TokenRow>,
    keys: Vec<ClientKey>,
    maker: Option<String>,
}

fn show(session: &mut Session<'_>) -> Result<(), Failure> {
    let dir = data_dir::existing(session.config()?)?;
    let listed: Vec<Listed> = data_dir::read(&dir.database_file(), |tx| {
        let mut makers = tx.makers()?;
        let listed = tx.api_clients()?.into_iter().map(|client| {
            let mut secrets = tx.tokens_of(client.serial)?;
            secrets.retain(|token| token.kind == TokenKind::LongLived);
            let maker = makers.remove(&client.id.uuid());
            Ok(Listed { keys: tx.client_keys(client.serial)?, secrets, maker, client })
        });
        listed.collect()
    })?;
    let now = SystemClock.now();
    let rows: Vec<_> = listed.iter().map(|client| client.row(now)).collect();
    let header = ["ID", "API", "LABEL", "MADE BY", "STATE", "SCOPES", "TAGS", "NETWORKS", "SECRETS", "KEYS"];
    session.output.print(&listed.iter().map(|client| client.view(now)).collect(), table(header, &rows))
}

impl Listed {
    fn state(&self) -> &'static str {
        if self.client.disabled_at.is_some() { "revoked" } else { "good" }
    }

    fn scopes(&self) -> Vec<String> {
        let known = api_clients(&self.client.api);
        known.map_or(Vec::new(), |known| known.scopes(&self.client.rights)).into_iter().map(str::to_owned).collect()
    }

    fn networks(&self) -> &[String] {
        self.secrets.last().and_then(|secret| secret.networks.as_deref()).unwrap_or_default()
    }

    fn row(&self, now: Moment) -> [String; 10] {
        let good = self.secrets.iter().filter(|secret| state(secret, now) == "good").count();
        let keys = self.keys.iter().filter(|key| key.expires_at.is_none_or(|end| end > now)).count();
        [
            self.client.id.to_string(),
            self.client.api.clone(),
            self.client.label.clone(),
            self.maker.clone().unwrap_or_else(|| "-".into()),
            self.state().into(),
            list(self.scopes()),
            list(&self.client.tags),
            list(self.networks()),
            good.to_string(),
            keys.to_string(),
        ]
    }

    fn view(&self, now: Moment) -> Value {
        let time = |at: Option<Moment>| at.map(|at| at.to_string());
        let secrets = self.secrets.iter().map(|secret| {
            json!({
                "id": secret.id,
                "state": state(secret, now),
                "created_at": secret.created_at.to_string(),
                "expires_at": time(secret.expires_at),
                "last_used_at": time(secret.last_used_at),
            })
        });
        let keys = self.keys.iter().map(
            |key| json!({"key_id": key.id, "algorithm": key.public.kind().name(), "expires_at": time(key.expires_at)}),
        );
        json!({
            "client_id": self.client.id,
            "api": self.client.api,
            "label": self.client.label,
            "made_by": self.maker,
            "state": self.state(),
            "scopes": self.scopes(),
            "tags": self.client.tags,
            "networks": self.networks(),
            "created_at": self.client.created_at.to_string(),
            "revoked_at": time(self.client.disabled_at),
            "secrets": secrets.collect::<Value>(),
            "keys": keys.collect::<Value>(),
        })
    }
}
