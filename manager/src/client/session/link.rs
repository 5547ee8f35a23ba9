//! A connection with TLS, and the messages in it.

use std::{
    io::{self, Read, Write},
    net::SocketAddr,
};

use lcms_snmp::ber;
use rustls::{ClientConnection, pki_types::ServerName};
use tokio::{io::Interest, net::TcpStream};

use super::SessionFault;
use crate::tls::Peer;

/// No message that comes may be longer.
const LONGEST: usize = 65_535;

/// A connection whose other end has shown who it is.
pub(super) struct Link {
    tls: ClientConnection,
    stream: TcpStream,
    /// What has come of messages that are not whole.
    received: Vec<u8>,
}

impl Link {
    pub(super) async fn open(address: SocketAddr, peer: &Peer) -> Result<Self, SessionFault> {
        // Of an address nothing is said in the handshake.
        let name = peer.name().cloned().unwrap_or_else(|| ServerName::from(address.ip()));
        let mut tls = ClientConnection::new(peer.config(), name).map_err(SessionFault::of_tls)?;
        tls.set_buffer_limit(None);
        let connected = TcpStream::connect(address).await;
        let stream = connected.map_err(|error| SessionFault::of_system(&error))?;
        stream.set_nodelay(true).map_err(|error| SessionFault::of_system(&error))?;
        let mut link = Self { tls, stream, received: Vec::new() };
        while link.tls.is_handshaking() {
            link.turn().await.map_err(|fault| match fault {
                SessionFault::Closed => SessionFault::NoTls,
                fault => fault,
            })?;
        }
        Ok(link)
    }

    /// Has a message go out as soon as the peer takes it.
    pub(super) fn send(&mut self, message: &[u8]) {
        // It has room, for whoever sends bounds what is under way. And what hinders it from
        // going out shows itself in the next turn, which sees what the peer has said of it.
        let _ = self.tls.writer().write_all(message);
        let _ = self.write();
    }

    /// Whether the peer has not taken all there is for it.
    pub(super) fn is_behind(&self) -> bool {
        self.tls.wants_write()
    }

    /// Waits until the connection moves something. Nothing is lost where it is not waited
    /// for to the end.
    pub(super) async fn turn(&mut self) -> Result<(), SessionFault> {
        loop {
            let is_behind = self.is_behind();
            let interest = match is_behind {
                true => Interest::READABLE | Interest::WRITABLE,
                false => Interest::READABLE,
            };
            let written = match self.stream.ready(interest).await {
                Ok(_) => self.write(),
                Err(error) => Err(error),
            };
            // Before it closes a connection the peer may have said why.
            let has_come = self.read()?;
            written.map_err(|error| SessionFault::of_system(&error))?;
            // Else the system had said so of octets that have been read since.
            if has_come || is_behind {
                return Ok(());
            }
        }
    }

    fn write(&mut self) -> io::Result<()> {
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut Ready(&self.stream)) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Whether there was anything to read.
    fn read(&mut self) -> Result<bool, SessionFault> {
        match self.tls.read_tls(&mut Ready(&self.stream)) {
            Ok(0) => return Err(SessionFault::Closed),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(SessionFault::of_system(&error)),
        }
        let processed = self.tls.process_new_packets();
        // An answer of the handshake, or an alert for the peer.
        let written = self.write();
        processed.map_err(SessionFault::of_tls)?;
        written.map_err(|error| SessionFault::of_system(&error))?;
        match self.tls.reader().read_to_end(&mut self.received) {
            Ok(_) => Err(SessionFault::Closed),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(true),
            Err(error) => Err(SessionFault::of_system(&error)),
        }
    }

    /// The next message that has come whole.
    pub(super) fn message(&mut self) -> Result<Option<Vec<u8>>, SessionFault> {
        match ber::message_len(&self.received).map_err(|_| SessionFault::NoSnmp)? {
            Some(length) if length > LONGEST => Err(SessionFault::NoSnmp),
            Some(length) if length <= self.received.len() => {
                Ok(Some(self.received.drain(..length).collect()))
            }
            _ => Ok(None),
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.tls.send_close_notify();
        // Whoever has gone need not be told.
        let _ = self.write();
    }
}

/// What the system takes and gives without waiting.
struct Ready<'s>(&'s TcpStream);

impl Read for Ready<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buffer)
    }
}

impl Write for Ready<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.try_write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
