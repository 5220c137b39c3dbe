//! `[server]`: where bursar listens, where it keeps its file, and how much it takes on at once.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::section::section;

section! {
    /// Where the server listens, where it keeps its data and what it refuses to be burdened with.
    pub struct Server {
        /// Address and port of the main listener; port 0 takes a free one.
        listen: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080));
        /// The directory of the database and its local backups; on a local disk, open to its owner only.
        data_dir: PathBuf = "/var/lib/bursar".into();
        /// Allows plain HTTP beyond this machine, for a proxy that does TLS on a network you trust.
        insecure_http: bool = false;
        /// Threads that answer requests; 0 means one for each processor core.
        workers: u64 = 0, in 0..=1024;
        /// Milliseconds that a client has to send its request before the connection is closed.
        request_timeout_ms: u64 = 10_000, in 100..=600_000;
        /// Milliseconds after which a connection is closed whose client does not take what it was sent.
        send_timeout_ms: u64 = 30_000, in 100..=600_000;
        /// The largest request body in bytes; no call of any API needs more than the default of 1 MiB.
        body_limit_bytes: u64 = 1_048_576, in 1024..=1_048_576;
        /// Connections open at once, on all listeners together; more wait outside.
        max_connections: u64 = 2048, in 1..=1_000_000;
        /// Seconds that running requests have to finish when the server stops.
        shutdown_timeout_s: u64 = 30, in 0..=600;
    }
}

impl Server {
    /// The number of worker threads, with 0 resolved to the cores of this machine.
    pub fn worker_count(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        usize::try_from(self.workers).ok().filter(|workers| *workers > 0).unwrap_or_else(cores)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_of_workers_means_one_for_each_core() {
        assert!(Server::default().worker_count() >= 1);
        assert_eq!(Server { workers: 3, ..Server::default() }.worker_count(), 3);
    }
}
