//! File descriptors: each connection takes one, and the database, the change journal and backups must always get
//! theirs.

use crate::config::{Config, TlsMode};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use thiserror::Error;

/// For logs, listeners, the control socket, the change journal and its uploads, backups, drills and restores.
const BASE: u64 = 128;
/// A connection to the database: its file and its write-ahead log.
const PER_READER: u64 = 2;
/// The event queues and wakers of a worker thread.
const PER_WORKER: u64 = 4;
/// With fewer connections than this, a server is of no use.
const CONNECTIONS_MIN: u64 = 16;

/// The hard limit of open files is too low.
#[derive(Debug, Error)]
#[error("the process may open {limit} files, but needs {needed} (RLIMIT_NOFILE, or LimitNOFILE of systemd)")]
pub struct TooFewDescriptors {
    limit: u64,
    needed: u64,
}

/// The number of connections to accept: `server.max_connections`, or as many as leave enough descriptors for everything
/// else. Raises the soft limit of the process to the hard one first.
pub(super) fn connections(config: &Config) -> Result<u64, TooFewDescriptors> {
    let limit = raise();
    let wanted = config.server.max_connections;
    let connections = fitting(config, limit)?;
    if connections < wanted {
        tracing::warn!(
            open_files = limit,
            max_connections = connections,
            "server.max_connections is {wanted}, but the process may not open that many files: raise its limit \
             (LimitNOFILE of systemd, ulimit -n)"
        );
    }
    Ok(connections)
}

/// Returns the limit that is in force; `u64::MAX` if there is none.
fn raise() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return current.unwrap_or(u64::MAX);
    }
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum.unwrap_or(u64::MAX),
        Err(error) => {
            tracing::warn!(%error, "the limit of open files could not be raised");
            current.unwrap_or(u64::MAX)
        }
    }
}

fn fitting(config: &Config, limit: u64) -> Result<u64, TooFewDescriptors> {
    let workers = u64::try_from(config.server.worker_count()).unwrap_or(u64::MAX);
    let reserve = BASE + PER_READER * config.store.readers + PER_WORKER * workers;
    // An HTTP/2 connection keeps a second handle, with which its client is disconnected.
    let each = if config.server.http2 && config.tls.mode != TlsMode::Off { 2 } else { 1 };
    let wanted = config.server.max_connections;
    let fitting = (limit.saturating_sub(reserve) / each).min(wanted);
    if fitting < CONNECTIONS_MIN.min(wanted) {
        return Err(TooFewDescriptors { limit, needed: reserve + CONNECTIONS_MIN * each });
    }
    Ok(fitting)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(connections: u64) -> Config {
        let mut config = Config::default();
        (config.server.max_connections, config.server.workers, config.store.readers) = (connections, 2, 8);
        config
    }

    #[test]
    fn connections_leave_the_reserve_to_everything_else() {
        let fit = |connections, limit| fitting(&config(connections), limit).ok();
        assert_eq!(fit(2048, u64::MAX), Some(2048));
        assert_eq!(fit(2048, 2048 + 152), Some(2048));
        assert_eq!(fit(2048, 2048 + 151), Some(2047));
        assert_eq!(fit(2048, 1024), Some(1024 - 152));
        assert_eq!((fit(2048, 152 + 16), fit(2048, 152 + 15)), (Some(16), None));
        assert_eq!((fit(3, 152 + 3), fit(3, 152 + 2)), (Some(3), None));
    }

    #[test]
    fn a_connection_over_http2_takes_two_descriptors() {
        let mut config = config(2048);
        config.server.http2 = true;
        assert_eq!(fitting(&config, 1152).ok(), Some(1000), "HTTP/2 needs TLS");
        config.tls.mode = TlsMode::Files;
        assert_eq!(fitting(&config, 1152).ok(), Some(500));
    }
}
