//! Raw requests that no HTTP client would send.

use super::process::{PATIENCE, Server};
use socket2::{Domain, Socket, Type};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;

impl Server {
    /// A new connection from this address of this machine, such as `127.0.0.66`.
    pub(crate) fn connect_from(&self, source: &str) -> TcpStream {
        self.connect_to_from(self.address(), source)
    }

    /// The same to another address of this server.
    pub(crate) fn connect_to_from(&self, address: &str, source: &str) -> TcpStream {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let source = SocketAddr::new(source.parse().unwrap(), 0);
        socket.bind(&source.into()).unwrap();
        socket.connect(&address.parse::<SocketAddr>().unwrap().into()).unwrap();
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends bytes over a new connection and returns everything received until the server closes it.
    pub(crate) fn raw(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Sends bytes, closes the sending side, and returns what comes back.
    pub(crate) fn raw_once(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Sends bytes that the server may stop reading, and returns what comes back.
    pub(crate) fn raw_until_refused(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut answer = [0; 64];
        thread::scope(|scope| {
            // Write and read at the same time: a server that stops reading resets the connection, and the reply would
            // be lost.
            let mut writer = stream.try_clone().unwrap();
            scope.spawn(move || writer.write_all(request));
            let length = stream.read(&mut answer).unwrap();
            String::from_utf8_lossy(&answer[..length]).into_owned()
        })
    }
}
