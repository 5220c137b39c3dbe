//! TLS from certificate files. They are reloaded on SIGHUP and when they change; open connections continue, and an
//! unusable pair leaves the current one in place.

use crate::config::Tls;
use crate::dialects::kit::Connection;
use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use socket2::SockRef;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;
use thiserror::Error;

/// Why a certificate and its key cannot be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A required key of the configuration is missing.
    #[error("{0} is not set")]
    NotSet(&'static str),
    /// A file cannot be read, or is not PEM.
    #[error("{}: {source}", file.display())]
    Pem { file: PathBuf, source: pem::Error },
    /// The certificate file has no certificate.
    #[error("{} contains no certificate", .0.display())]
    NoCertificate(PathBuf),
    /// The TLS library does not support the private key.
    #[error("{}: {source}", file.display())]
    Key { file: PathBuf, source: rustls::Error },
    /// Certificate and key are valid, but do not belong together.
    #[error("{} does not belong to {}", key.display(), certificate.display())]
    Mismatch { key: PathBuf, certificate: PathBuf },
    /// The TLS library refuses the settings.
    #[error(transparent)]
    Library(#[from] rustls::Error),
}

/// Protocols that are negotiated in the handshake (ALPN).
const HTTP1: &[u8] = b"http/1.1";
const HTTP2: &[u8] = b"h2";

/// The modification times of certificate and key.
type Stamp = (Option<SystemTime>, Option<SystemTime>);

/// The certificate in use, and its files.
pub(super) struct Certificates {
    certificate_file: PathBuf,
    key_file: PathBuf,
    provider: Arc<CryptoProvider>,
    current: Arc<Current>,
    seen: Mutex<Stamp>,
}

/// The certificate for new handshakes.
struct Current(RwLock<Arc<CertifiedKey>>);

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Current(..)")
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Certificates {
    pub(super) fn load(tls: &Tls) -> Result<Arc<Certificates>, TlsError> {
        let certificate_file = tls.certificate_file.clone().ok_or(TlsError::NotSet("tls.certificate_file"))?;
        let key_file = tls.key_file.clone().ok_or(TlsError::NotSet("tls.key_file"))?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let pair = read(&certificate_file, &key_file, &provider)?;
        let seen = Mutex::new(stamp(&certificate_file, &key_file));
        let current = Arc::new(Current(RwLock::new(pair)));
        Ok(Arc::new(Certificates { certificate_file, key_file, provider, current, seen }))
    }

    /// `http2` offers HTTP/2 beside HTTP/1.1. A client that insists on a protocol that is not offered fails to connect.
    pub(super) fn server_config(&self, http2: bool) -> Result<ServerConfig, TlsError> {
        let builder =
            ServerConfig::builder_with_provider(Arc::clone(&self.provider)).with_safe_default_protocol_versions()?;
        let resolver = Arc::clone(&self.current) as Arc<dyn ResolvesServerCert>;
        let mut config = builder.with_no_client_auth().with_cert_resolver(resolver);
        let offered: &[&[u8]] = if http2 { &[HTTP2, HTTP1] } else { &[HTTP1] };
        config.alpn_protocols = offered.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(config)
    }

    /// If the files cannot be used, logs why and keeps the old certificate.
    pub(super) fn reload(&self) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = stamp(&self.certificate_file, &self.key_file);
        match read(&self.certificate_file, &self.key_file, &self.provider) {
            Ok(pair) => {
                *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = pair;
                tracing::info!("the certificate was reloaded");
            }
            Err(error) => tracing::error!(%error, "the certificate was not reloaded; the old one stays"),
        }
    }

    /// Reloads the files if their modification times have changed.
    pub(super) fn reload_if_changed(&self) {
        let now = stamp(&self.certificate_file, &self.key_file);
        if *self.seen.lock().unwrap_or_else(PoisonError::into_inner) != now {
            self.reload();
        }
    }
}

/// Whether the client chose HTTP/2.
pub(super) fn is_http2(stream: &TlsStream<TcpStream>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(HTTP2)
}

/// Lets handlers close HTTP/2 connections of clients that do not read. The timeout of the socket does not: one stream
/// may be stuck while the connection as a whole makes progress.
pub(super) fn note_http2(stream: &TlsStream<TcpStream>, noted: &mut Extensions) {
    if is_http2(stream) {
        match SockRef::from(stream.get_ref().0).try_clone() {
            Ok(socket) => noted.insert(Connection::new(socket)),
            Err(error) => {
                tracing::warn!(%error, "HTTP/2 clients that do not read cannot be disconnected");
                None
            }
        };
    }
}

fn stamp(certificate: &Path, key: &Path) -> Stamp {
    let written = |file: &Path| fs::metadata(file).and_then(|data| data.modified()).ok();
    (written(certificate), written(key))
}

fn read(certificate: &Path, key: &Path, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, TlsError> {
    let pem = |file: &Path| {
        let file = file.to_owned();
        |source| TlsError::Pem { file, source }
    };
    let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(pem(certificate))?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate(certificate.to_owned()));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(pem(key))?;
    let private = provider.key_provider.load_private_key(private);
    let private = private.map_err(|source| TlsError::Key { file: key.to_owned(), source })?;
    let pair = CertifiedKey::new(chain, private);
    let mismatch = |_| TlsError::Mismatch { key: key.to_owned(), certificate: certificate.to_owned() };
    pair.keys_match().map_err(mismatch)?;
    Ok(Arc::new(pair))
}
