//! A check over a stream: a socket, TLS where it is asked for, and a dialogue.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustls::ClientConnection;

use super::trust;
use crate::driver::socket::{self, Handshake};
use crate::probe::{Dialogue, Outcome};

/// Octets of one check that are read, whatever they are.
const MOST: usize = 256 << 10;

pub(super) struct Conversation {
    stream: TcpStream,
    tls: Option<Box<ClientConnection>>,
    dialogue: Dialogue,
    out: Vec<u8>,
    stands: bool,
    /// The dialogue has begun.
    begun: bool,
    read: usize,
}

/// How far it came: to an end that is good, or to where an event is waited
/// for; else to an end that is not good, and why.
type Progress = Result<Option<String>, String>;

/// What a peer has to say.
enum Heard {
    Octets(usize),
    /// No more for now.
    Nothing,
    /// No more for ever.
    End,
}

impl Conversation {
    /// Begins one. The socket is to be watched for every event.
    pub(super) fn begin(
        address: SocketAddr,
        dialogue: Dialogue,
        tls: Option<ClientConnection>,
    ) -> Result<Self, Errno> {
        let (socket, _) = socket::connect(address, Handshake::Prompt)?;
        Ok(Self {
            stream: TcpStream::from(socket),
            tls: tls.map(Box::new),
            dialogue,
            out: Vec::new(),
            stands: false,
            begun: false,
            read: 0,
        })
    }

    pub(super) fn socket(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    /// Closes with a reset.
    pub(super) fn abort(self) {
        socket::abort(OwnedFd::from(self.stream));
    }

    /// Whether it ended with words that a reset would take back.
    pub(super) fn said_good_bye(&self) -> bool {
        !matches!(self.dialogue, Dialogue::Connect) || self.tls.is_some()
    }

    /// The socket has news: goes on as far as that leads. An outcome is the end.
    pub(super) fn proceed(&mut self) -> Option<Result<String, String>> {
        if !self.stands {
            if let Err(error) = socket::connected(self.stream.as_fd()) {
                return Some(Err(socket::describe(error)));
            }
            self.stands = true;
        }
        match self.tls.take() {
            None => self.in_the_clear(),
            Some(mut tls) => {
                let progress = self.through(&mut tls);
                self.tls = Some(tls);
                progress
            }
        }
        .transpose()
    }

    fn in_the_clear(&mut self) -> Progress {
        if let Some(outcome) = self.open() {
            return end(outcome);
        }
        let mut buffer = [0; 4 << 10];
        loop {
            if !self.out.is_empty() {
                match heard(self.stream.write(&self.out))? {
                    Heard::Octets(sent) => drop(self.out.drain(..sent)),
                    Heard::Nothing | Heard::End => {}
                }
            }
            match heard(self.stream.read(&mut buffer))? {
                Heard::Nothing => return Ok(None),
                Heard::End => return end(self.dialogue.end()),
                Heard::Octets(read) => {
                    if let Some(outcome) = self.hear(buffer.get(..read).unwrap_or_default())? {
                        return end(outcome);
                    }
                }
            }
        }
    }

    fn through(&mut self, tls: &mut ClientConnection) -> Progress {
        let mut buffer = [0; 4 << 10];
        loop {
            self.flush(tls)?;
            let received = heard(tls.read_tls(&mut self.stream))?;
            if let Heard::Octets(read) = received {
                self.count(read)?;
            }
            let state = match tls.process_new_packets() {
                Ok(state) => state,
                Err(error) => {
                    // The alert says why; whether it arrives is not ours.
                    let _ = self.flush(tls);
                    return Err(format!("tls: {error}"));
                }
            };
            if !tls.is_handshaking() {
                if let Some(outcome) = self.open() {
                    tls.send_close_notify();
                    let _ = self.flush(tls);
                    return end(outcome).map(|_| Some(described("handshake", tls)));
                }
                loop {
                    self.say_through(tls)?;
                    match heard(tls.reader().read(&mut buffer))? {
                        Heard::Nothing => break,
                        Heard::End => return self.ended(tls),
                        Heard::Octets(read) => {
                            let bytes = buffer.get(..read).unwrap_or_default();
                            if let Some(outcome) = self.hear(bytes)? {
                                self.say_through(tls)?;
                                tls.send_close_notify();
                                let _ = self.flush(tls);
                                return end(outcome).map(|how| with_validity(how, tls));
                            }
                        }
                    }
                }
            }
            match received {
                Heard::End if tls.is_handshaking() => {
                    return Err("tls: the server closed the connection in the handshake".to_owned());
                }
                // An end without a good-bye is one all the same: what matters
                // here is what was said before.
                Heard::End => return self.ended(tls),
                _ if state.peer_has_closed() => return self.ended(tls),
                Heard::Nothing => {
                    self.flush(tls)?;
                    return Ok(None);
                }
                Heard::Octets(_) => {}
            }
        }
    }

    fn ended(&mut self, tls: &ClientConnection) -> Progress {
        end(self.dialogue.end()).map(|how| with_validity(how, tls))
    }

    fn flush(&mut self, tls: &mut ClientConnection) -> Result<(), String> {
        while tls.wants_write() {
            match heard(tls.write_tls(&mut self.stream))? {
                Heard::Octets(_) => {}
                Heard::Nothing | Heard::End => break,
            }
        }
        Ok(())
    }

    fn say_through(&mut self, tls: &mut ClientConnection) -> Result<(), String> {
        if !self.out.is_empty() {
            tls.writer().write_all(&self.out).map_err(|error| format!("tls: {error}"))?;
            self.out.clear();
        }
        self.flush(tls)
    }

    /// Opens the dialogue, once.
    fn open(&mut self) -> Option<Outcome> {
        if std::mem::replace(&mut self.begun, true) {
            return None;
        }
        self.dialogue.open(&mut self.out)
    }

    fn hear(&mut self, bytes: &[u8]) -> Result<Option<Outcome>, String> {
        if self.tls.is_none() {
            self.count(bytes.len())?;
        }
        Ok(self.dialogue.hear(bytes, &mut self.out))
    }

    fn count(&mut self, octets: usize) -> Result<(), String> {
        self.read += octets;
        match self.read > MOST {
            true => Err(format!("more than {MOST} octets without an end")),
            false => Ok(()),
        }
    }
}

/// What a read or write has come to.
fn heard(outcome: io::Result<usize>) -> Result<Heard, String> {
    match outcome {
        Ok(0) => Ok(Heard::End),
        Ok(octets) => Ok(Heard::Octets(octets)),
        Err(error) => {
            match error.kind() {
                // Of an interrupted call epoll does not tell again, but of its
                // socket it does as soon as there is more.
                ErrorKind::WouldBlock | ErrorKind::Interrupted => Ok(Heard::Nothing),
                ErrorKind::UnexpectedEof => Ok(Heard::End),
                _ => Err(Errno::from_io_error(&error)
                    .map_or_else(|| error.to_string(), socket::describe)),
            }
        }
    }
}

fn end(outcome: Outcome) -> Progress {
    outcome.map(Some).map_err(|failure| failure.to_string())
}

fn with_validity(how: Option<String>, tls: &ClientConnection) -> Option<String> {
    how.map(|how| match trust::validity(tls) {
        Some(until) => format!("{how}, {until}"),
        None => how,
    })
}

fn described(what: &str, tls: &ClientConnection) -> String {
    with_validity(Some(format!("tls: {what}")), tls).unwrap_or_default()
}
