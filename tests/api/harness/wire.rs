//! Requests that no HTTP client would send: bytes, as they are.

use super::process::{PATIENCE, Server};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;

impl Server {
    /// Sends bytes over a connection of its own and returns all that comes back until the server closes it.
    pub(crate) fn raw(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Sends bytes and nothing more, and returns what comes back.
    pub(crate) fn raw_once(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Sends bytes of which the server may not take all, and returns what comes back.
    pub(crate) fn raw_until_refused(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut answer = [0; 64];
        thread::scope(|scope| {
            // Both at once: a server that stops reading resets the connection, and with it the answer.
            let mut writer = stream.try_clone().unwrap();
            scope.spawn(move || writer.write_all(request));
            let length = stream.read(&mut answer).unwrap();
            String::from_utf8_lossy(&answer[..length]).into_owned()
        })
    }
}
