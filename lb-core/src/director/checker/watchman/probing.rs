//! Probes: how each question is put, and what comes back.

use std::hash::BuildHasher;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use super::super::conversation::Conversation;
use super::super::script::{Job, Ran};
use super::{Alarm, Watch, Watchman};
use crate::driver::socket;
use crate::model::{Question, ServerId};
use crate::probe::{Dialogue, DnsExchange, Heard};

/// The longest answer of the DNS that a datagram carries where nobody says that
/// he takes more (RFC 1035, 4.2.1), and room to see that one is longer.
const DATAGRAM: usize = 4 << 10;

pub(super) struct Probe {
    pub(super) token: u64,
    pub(super) wire: Wire,
}

pub(super) enum Wire {
    Stream(Box<Conversation>),
    /// An empty datagram, which must not come back.
    Datagram(OwnedFd),
    Dns(OwnedFd, Box<DnsExchange>),
    Script,
}

/// Why a probe did not begin.
pub(super) enum NotBegun {
    /// Something here, which says nothing about the server.
    Here(Errno),
    /// It has failed already.
    Failed(String),
}

impl From<Errno> for NotBegun {
    fn from(error: Errno) -> Self {
        match socket::is_local(error) {
            true => Self::Here(error),
            false => Self::Failed(socket::describe(error)),
        }
    }
}

impl Watchman {
    pub(super) fn begin(&mut self, id: ServerId, watch: &mut Watch, now: Instant) {
        let asked = watch.target.asked.clone();
        let Some(question) = &asked.question else { return };
        watch.begin = now;
        match self.probe(id, watch, question) {
            Ok(probe) => {
                // A script's time begins when its turn comes.
                let within = asked.check.timeout.milliseconds();
                let at = (!matches!(probe.wire, Wire::Script)).then_some(now + within);
                watch.check = Some(probe);
                self.alarm(id, watch, Alarm::Check, at);
            }
            Err(NotBegun::Failed(why)) => self.end(id, watch, Err(why)),
            Err(NotBegun::Here(error)) => {
                tracing::warn!(server = %id, %error, "cannot check");
                self.next_check(id, watch, now);
            }
        }
    }

    fn probe(
        &mut self,
        id: ServerId,
        watch: &Watch,
        question: &Question,
    ) -> Result<Probe, NotBegun> {
        let address = watch.target.checked;
        match question {
            Question::Datagram => self.datagram(id, Alarm::Check, address),
            Question::Dns(asked) => {
                let token = self.next_token();
                let number = self.dice.hash_one(token) as u16;
                let exchange = Box::new(DnsExchange::new(asked, number));
                let socket = socket::datagram(address)?;
                self.listen(id, Alarm::Check, token, socket.as_fd())?;
                send(&socket, exchange.query(), SendFlags::NOSIGNAL)?;
                Ok(Probe { token, wire: Wire::Dns(socket, exchange) })
            }
            Question::Script(command) => {
                let token = self.next_token();
                self.probes.insert(token, (id, Alarm::Check));
                self.scripts.run(Job {
                    token,
                    server: id,
                    address,
                    command: command.clone(),
                    timeout: watch.target.asked.check.timeout.milliseconds(),
                });
                Ok(Probe { token, wire: Wire::Script })
            }
            Question::Connect | Question::Http(_) | Question::Smtp(_) | Question::Tls(_) => {
                let server = address.to_string();
                let dialogue = Dialogue::new(question, &server).unwrap_or(Dialogue::Connect);
                let name = match question {
                    Question::Http(asked) if asked.secure => {
                        Some(asked.host.as_deref().map(without_port))
                    }
                    Question::Tls(name) => Some(name.as_deref()),
                    _ => None,
                };
                let ca_file = watch.target.asked.check.ca_file.as_ref();
                let tls = name.map(|name| self.trust.client(ca_file, name, address.ip()));
                let tls = tls.transpose().map_err(NotBegun::Failed)?;
                self.stream(id, Alarm::Check, Conversation::begin(address, dialogue, tls)?)
            }
        }
    }

    pub(super) fn datagram(
        &mut self,
        id: ServerId,
        of: Alarm,
        address: SocketAddr,
    ) -> Result<Probe, NotBegun> {
        let socket = socket::datagram(address)?;
        let token = self.next_token();
        self.listen(id, of, token, socket.as_fd())?;
        send(&socket, &[], SendFlags::NOSIGNAL)?;
        Ok(Probe { token, wire: Wire::Datagram(socket) })
    }

    pub(super) fn stream(
        &mut self,
        id: ServerId,
        of: Alarm,
        conversation: Conversation,
    ) -> Result<Probe, NotBegun> {
        let token = self.next_token();
        self.listen(id, of, token, conversation.socket())?;
        Ok(Probe { token, wire: Wire::Stream(Box::new(conversation)) })
    }

    fn next_token(&mut self) -> u64 {
        self.next_probe += 1;
        self.next_probe
    }

    fn listen(
        &mut self,
        id: ServerId,
        of: Alarm,
        token: u64,
        socket: impl AsFd,
    ) -> Result<(), Errno> {
        let watched = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        epoll::add(&self.epoll, socket, EventData::new_u64(token), watched)?;
        self.probes.insert(token, (id, of));
        Ok(())
    }

    pub(super) fn check_answered(&mut self, id: ServerId, watch: &mut Watch) {
        let Some(probe) = &mut watch.check else { return };
        let outcome = match &mut probe.wire {
            Wire::Stream(conversation) => conversation.proceed(),
            Wire::Datagram(socket) => datagram_answered(socket, "answered"),
            Wire::Dns(socket, exchange) => match dns_answered(socket, exchange) {
                None => None,
                Some(Ok(Heard::Answer(outcome))) => Some(outcome.map_err(|why| why.to_string())),
                Some(Ok(Heard::Other)) => None,
                Some(Ok(Heard::Truncated)) => return self.again_by_stream(id, watch),
                Some(Err(error)) => Some(Err(socket::describe(error))),
            },
            Wire::Script => None,
        };
        if let Some(outcome) = outcome {
            self.end(id, watch, outcome);
        }
    }

    /// Asks the same by stream, within the time there is.
    fn again_by_stream(&mut self, id: ServerId, watch: &mut Watch) {
        let Some(Probe { wire: Wire::Dns(_, exchange), token }) = watch.check.take() else {
            return;
        };
        self.probes.remove(&token);
        let dialogue = Dialogue::Dns(*exchange);
        let begun = Conversation::begin(watch.target.checked, dialogue, None)
            .map_err(NotBegun::from)
            .and_then(|conversation| self.stream(id, Alarm::Check, conversation));
        match begun {
            Ok(probe) => watch.check = Some(probe),
            Err(NotBegun::Failed(why)) => self.end(id, watch, Err(format!("dns: {why}"))),
            Err(NotBegun::Here(_)) => self.next_check(id, watch, Instant::now()),
        }
    }

    pub(super) fn ran(&mut self, token: u64, ran: Ran) {
        self.scripts.ended(token);
        let Some((id, _)) = self.probes.get(&token).copied() else { return };
        self.with(id, |watchman, watch| match ran {
            Some(outcome) => watchman.end(id, watch, outcome),
            None => {
                watchman.drop_probe(watch.check.take());
                watchman.next_check(id, watch, Instant::now());
            }
        });
    }

    /// Ends a probe that nobody waits for any more.
    pub(super) fn drop_probe(&mut self, probe: Option<Probe>) {
        let Some(Probe { token, wire }) = probe else { return };
        self.probes.remove(&token);
        match wire {
            Wire::Stream(conversation) => conversation.abort(),
            Wire::Script => self.scripts.forget(token),
            Wire::Datagram(_) | Wire::Dns(..) => {}
        }
    }
}

/// What a datagram's socket says: `None` if it is only that it can be written
/// to.
pub(super) fn datagram_answered(socket: &OwnedFd, how: &str) -> Option<Result<String, String>> {
    let mut buffer = [0; 1];
    match recv(socket, &mut buffer, RecvFlags::TRUNC) {
        Ok(_) => Some(Ok(how.to_owned())),
        Err(Errno::AGAIN | Errno::INTR) => None,
        Err(error) => Some(Err(socket::describe(error))),
    }
}

/// The first datagram that says something; each that does not is passed over,
/// a bounded number of times.
fn dns_answered(socket: &OwnedFd, exchange: &DnsExchange) -> Option<Result<Heard, Errno>> {
    let mut buffer = [0; DATAGRAM];
    for _ in 0..16 {
        match recv(socket, &mut buffer, RecvFlags::empty()) {
            Ok((read, _)) => match exchange.hear(buffer.get(..read).unwrap_or_default()) {
                Heard::Other => {}
                heard => return Some(Ok(heard)),
            },
            Err(Errno::AGAIN | Errno::INTR) => return None,
            Err(error) => return Some(Err(error)),
        }
    }
    None
}

/// The host of what the Host field of HTTP says.
fn without_port(host: &str) -> &str {
    let host = match host.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|c| c.is_ascii_digit()) => name,
        _ => host,
    };
    host.trim_start_matches('[').trim_end_matches(']')
}
