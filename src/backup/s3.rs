//! A bucket of S3 or of a compatible service as a target.

use super::target::{Object, Target, TargetError, TargetFault};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{
    BackoffConfig, ClientOptions, MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload, RetryConfig,
};
use secrecy::{ExposeSecret, SecretString};
use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// The smallest part of an upload, and the largest object that is sent in one request, in bytes.
const PART: u64 = 8 << 20;
/// S3 takes at most 10 000 parts for an object.
const PARTS_MAX: u64 = 9_000;

/// The longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The address of a bucket and its credentials.
#[derive(Clone, Debug)]
pub struct S3Settings {
    /// The URL of the service; none: AWS in the region.
    pub endpoint: Option<String>,
    pub region: String,
    pub bucket: String,
    /// The prefix of all keys, without a slash at its end; may be empty.
    pub prefix: String,
    pub access_key_id: String,
    pub secret_access_key: SecretString,
    /// The session token of temporary credentials.
    pub session_token: Option<SecretString>,
    /// The longest silence of the service before it counts as unreachable.
    pub timeout: Duration,
}

impl S3Settings {
    /// `s3://BUCKET/PREFIX`, as messages and the record show it.
    pub fn name(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix.trim_matches('/'))
    }
}

/// Objects in a bucket.
pub struct S3Target {
    store: Arc<AmazonS3>,
    prefix: String,
    name: String,
    runtime: Arc<Runtime>,
}

impl S3Target {
    /// Prepares the client; nothing is sent.
    pub fn new(settings: &S3Settings) -> Result<S3Target, TargetError> {
        let prefix = settings.prefix.trim_matches('/').to_owned();
        let name = settings.name();
        let wrong = |error: &dyn std::fmt::Display| TargetError::new(&name, TargetFault::Other, error);
        // No limit for a whole request: an upload sends at most one part, and the read timeout limits every silence.
        let client = ClientOptions::new()
            .with_allow_http(true) // the configuration decides where that is allowed
            .with_connect_timeout(CONNECT_TIMEOUT.min(settings.timeout))
            .with_read_timeout(settings.timeout)
            .with_timeout_disabled();
        let retry = RetryConfig {
            max_retries: 3,
            retry_timeout: settings.timeout.saturating_mul(2),
            backoff: BackoffConfig {
                init_backoff: Duration::from_millis(100),
                max_backoff: Duration::from_secs(5),
                base: 2.0,
            },
        };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&settings.bucket)
            .with_region(&settings.region)
            .with_access_key_id(&settings.access_key_id)
            .with_secret_access_key(settings.secret_access_key.expose_secret())
            .with_client_options(client)
            .with_retry(retry)
            .with_disable_bulk_delete(true);
        if let Some(endpoint) = &settings.endpoint {
            builder = builder.with_endpoint(endpoint.trim_end_matches('/')).with_allow_http(true);
        }
        if let Some(token) = &settings.session_token {
            builder = builder.with_token(token.expose_secret());
        }
        let store = Arc::new(builder.build().map_err(|error| wrong(&error))?);
        let runtime = Arc::new(Builder::new_current_thread().enable_all().build().map_err(|error| wrong(&error))?);
        Ok(S3Target { store, prefix, name, runtime })
    }

    fn path(&self, key: &str) -> Path {
        match (self.prefix.as_str(), key) {
            ("", key) => Path::from(key),
            (prefix, "") => Path::from(prefix),
            (prefix, key) => Path::from(format!("{prefix}/{key}")),
        }
    }

    /// The key without the prefix of this target.
    fn key(&self, path: &Path) -> String {
        let path = path.as_ref();
        path.strip_prefix(&self.prefix).unwrap_or(path).trim_start_matches('/').to_owned()
    }

    fn error(&self, error: object_store::Error) -> TargetError {
        TargetError::new(&self.name, fault_of(&error), &error).because(error)
    }

    fn source(&self, key: &str, what: impl std::fmt::Display) -> TargetError {
        TargetError::new(&self.name, TargetFault::Source, format!("{key}: {what}"))
    }

    fn put_parts(&self, key: &str, bytes: u64, from: &mut dyn Read) -> Result<(), TargetError> {
        let path = self.path(key);
        let mut upload = self.runtime.block_on(self.store.put_multipart(&path)).map_err(|error| self.error(error))?;
        let sent = self.send_parts(upload.as_mut(), key, bytes, from);
        if sent.is_err() {
            // If the abort fails, the bucket's own lifecycle rule removes the unfinished upload.
            let _ = self.runtime.block_on(upload.abort());
        }
        sent
    }

    fn send_parts(
        &self,
        upload: &mut dyn MultipartUpload,
        key: &str,
        bytes: u64,
        from: &mut dyn Read,
    ) -> Result<(), TargetError> {
        let size = PART.max(bytes.div_ceil(PARTS_MAX));
        let mut sent = 0;
        loop {
            let mut part = Vec::new();
            from.take(size).read_to_end(&mut part).map_err(|error| self.source(key, error))?;
            if part.is_empty() {
                break;
            }
            sent += part.len() as u64;
            self.runtime.block_on(upload.put_part(PutPayload::from(part))).map_err(|error| self.error(error))?;
        }
        if sent != bytes {
            return Err(self.source(key, format!("received {sent} bytes instead of {bytes}")));
        }
        self.runtime.block_on(upload.complete()).map_err(|error| self.error(error)).map(|_| ())
    }
}

impl Target for S3Target {
    fn name(&self) -> &str {
        &self.name
    }

    fn put(&self, key: &str, bytes: u64, from: &mut dyn Read) -> Result<(), TargetError> {
        if bytes > PART {
            return self.put_parts(key, bytes, from);
        }
        let mut body = Vec::new();
        from.take(PART + 1).read_to_end(&mut body).map_err(|error| self.source(key, error))?;
        if body.len() as u64 != bytes {
            return Err(self.source(key, format!("received {} bytes instead of {bytes}", body.len())));
        }
        let path = self.path(key);
        self.runtime
            .block_on(self.store.put(&path, PutPayload::from(body)))
            .map_err(|error| self.error(error))
            .map(|_| ())
    }

    fn replace(&self, key: &str, content: &[u8]) -> Result<(), TargetError> {
        self.put(key, content.len() as u64, &mut &content[..])
    }

    fn get(&self, key: &str) -> Result<Box<dyn Read + Send>, TargetError> {
        let path = self.path(key);
        let found = self.runtime.block_on(self.store.get(&path)).map_err(|error| self.error(error))?;
        let runtime = Arc::clone(&self.runtime);
        Ok(Box::new(Streamed { runtime, stream: found.into_stream(), chunk: Bytes::new() }))
    }

    fn list(&self, prefix: &str) -> Result<Vec<Object>, TargetError> {
        let prefix = self.path(prefix);
        let listing = self.store.list(Some(&prefix)).map_ok(|meta| (meta.location, meta.size)).try_collect::<Vec<_>>();
        let found = self.runtime.block_on(listing).map_err(|error| self.error(error))?;
        let mut objects: Vec<_> =
            found.into_iter().map(|(path, bytes)| Object { key: self.key(&path), bytes }).collect();
        objects.sort_by(|one, other| one.key.cmp(&other.key));
        Ok(objects)
    }

    fn folders(&self, prefix: &str) -> Result<Vec<String>, TargetError> {
        let prefix = self.path(prefix);
        let listing = self.store.list_with_delimiter(Some(&prefix));
        let found = self.runtime.block_on(listing).map_err(|error| self.error(error))?;
        let names = found.common_prefixes.iter().filter_map(|path| path.filename().map(str::to_owned));
        Ok(names.collect())
    }

    fn delete(&self, key: &str) -> Result<(), TargetError> {
        match self.runtime.block_on(self.store.delete(&self.path(key))) {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            done => done.map_err(|error| self.error(error)),
        }
    }

    fn sweep(&self, _: &str) -> Result<usize, TargetError> {
        Ok(0) // an upload that was cut short has no name
    }
}

/// A reader of an object that is being downloaded.
struct Streamed<S> {
    runtime: Arc<Runtime>,
    stream: S,
    chunk: Bytes,
}

impl<S> Read for Streamed<S>
where
    S: futures_util::Stream<Item = object_store::Result<Bytes>> + Unpin,
{
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            match self.runtime.block_on(self.stream.next()) {
                None => return Ok(0),
                Some(chunk) => self.chunk = chunk.map_err(|error| io::Error::new(io_kind(&error), error))?,
            }
        }
        let length = into.len().min(self.chunk.len());
        into[..length].copy_from_slice(&self.chunk.split_to(length));
        Ok(length)
    }
}

fn io_kind(error: &object_store::Error) -> io::ErrorKind {
    match fault_of(error) {
        TargetFault::Denied | TargetFault::Credentials => io::ErrorKind::PermissionDenied,
        TargetFault::NoObject => io::ErrorKind::NotFound,
        TargetFault::Unreachable => io::ErrorKind::TimedOut,
        _ => io::ErrorKind::Other,
    }
}

fn fault_of(error: &object_store::Error) -> TargetFault {
    use object_store::Error;
    let text = error.to_string();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    match error {
        _ if says(&["NoSuchBucket"]) => TargetFault::Missing,
        _ if says(&["RequestTimeTooSkewed"]) => TargetFault::Skewed,
        _ if says(&["SlowDown", "Throttl", "TooManyRequests", "status code: 429"]) => TargetFault::Throttled,
        _ if says(&[
            "PermanentRedirect",
            "TemporaryRedirect",
            "AuthorizationHeaderMalformed",
            "IllegalLocationConstraint",
            "status code: 30",
            "redirect without LOCATION",
        ]) =>
        {
            TargetFault::Elsewhere
        }
        _ if says(&["InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"]) => {
            TargetFault::Credentials
        }
        // The client tells this apart for single objects only.
        _ if says(&["AccessDenied", "AllAccessDisabled", "status code: 403"]) => TargetFault::Denied,
        _ if says(&["QuotaExceeded", "XMinioStorageFull", "EntityTooLarge", "InsufficientStorage"]) => {
            TargetFault::Full
        }
        Error::NotFound { .. } => TargetFault::NoObject,
        Error::AlreadyExists { .. } | Error::Precondition { .. } => TargetFault::Exists,
        Error::PermissionDenied { .. } => TargetFault::Denied,
        Error::Unauthenticated { .. } => TargetFault::Credentials,
        // All other errors are network errors, after the allowed retries.
        Error::Generic { .. } => TargetFault::Unreachable,
        _ => TargetFault::Other,
    }
}
