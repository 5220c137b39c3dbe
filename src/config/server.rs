//! `[server]`: where bursar listens, where it stores its data, and its limits.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::section::section;

section! {
    /// Where the server listens, where it stores its data, and its limits.
    pub struct Server {
        /// Address and port of the main listener; port 0 picks a free one.
        listen: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080));
        /// Directory of the database and its local backups; mode 0700, on a local disk.
        data_dir: PathBuf = "/var/lib/bursar".into();
        /// Allows plain HTTP beyond this machine, for a proxy that terminates TLS on a trusted network.
        insecure_http: bool = false;
        /// Threads that handle requests; 0 means one per CPU core.
        workers: u64 = 0, in 0..=512;
        /// Milliseconds that a client has to send its request; then the connection is closed.
        request_timeout_ms: u64 = 10_000, in 100..=600_000;
        /// Milliseconds that a client may leave sent data unread; then the connection is closed.
        send_timeout_ms: u64 = 30_000, in 100..=600_000;
        /// Largest request body in bytes; no API call needs more than the default of 1 MiB.
        body_limit_bytes: u64 = 1_048_576, in 1024..=1_048_576;
        /// Connections open at once, across all listeners; fewer if the process may open too few files.
        max_connections: u64 = 2048, in 1..=1_000_000;
        /// Connections open at once from one address (IPv6: one /64), except trusted proxies; further ones are closed.
        max_connections_per_address: u64 = 256, in 1..=1_000_000;
        /// Offers HTTP/2 beside HTTP/1.1 over TLS; the memory that its header lists and streams take is not limited.
        http2: bool = false;
        /// Seconds that running requests get to finish when the server stops.
        shutdown_timeout_s: u64 = 30, in 0..=600;
    }
}

impl Server {
    /// The number of worker threads; 0 resolves to the CPU cores of this machine.
    pub fn worker_count(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        usize::try_from(self.workers).ok().filter(|workers| *workers > 0).unwrap_or_else(cores)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_workers_means_one_per_core() {
        assert!(Server::default().worker_count() >= 1);
        assert_eq!(Server { workers: 3, ..Server::default() }.worker_count(), 3);
    }
}
