//! The PROXY protocol: clients that say whom they speak for, and servers that
//! are told.

use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, getpeername, getsockname, recv, send};

use super::super::connection::Stage;
use super::super::slots::Key;
use super::{Shard, rate};
use crate::model::SendProxy;
use crate::proxy_protocol::{self, Header, LONGEST, Origin};

/// How long a client may take to say whom it speaks for: long enough for one
/// lost segment to be sent again, as the specification has it (section 2).
pub(super) const INTRODUCED_WITHIN: Duration = Duration::from_secs(5);

/// What a client has said so far.
enum Said {
    /// Enough, and it was taken from the socket.
    All(Header),
    /// There has to come more.
    Part,
    /// Nothing that can be made out.
    Nonsense,
}

impl Shard {
    /// A client that has to introduce itself said something.
    pub(super) fn introduce(&mut self, key: Key) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        match hear(&connection.client, self.means.buffer()) {
            Said::All(header) => {
                if let Header::For(origin) = header {
                    let service = self.services.get(&connection.service);
                    let source = || Some(origin.source.ip());
                    if service
                        .is_some_and(|one| rate::overruns(&one.route, source, self.clock.now()))
                    {
                        return self.abort(key);
                    }
                    connection.prelude.get_or_insert_default().origin = Some(origin);
                }
                connection.stage = Stage::connecting();
                self.connect(key);
            }
            // One that has ended will say no more.
            Said::Part if !connection.client_side.over => {}
            Said::Part | Said::Nonsense => self.abort(key),
        }
    }
}

/// Looks at what the socket has, and takes the header if it is whole. What
/// stands behind it stays.
fn hear(client: &OwnedFd, buffer: &mut [u8]) -> Said {
    let Some(window) = buffer.get_mut(..LONGEST) else { return Said::Nonsense };
    let seen = match recv(client, &mut *window, RecvFlags::PEEK) {
        Ok((_, seen)) => seen,
        Err(Errno::AGAIN | Errno::INTR) => return Said::Part,
        Err(_) => return Said::Nonsense,
    };
    match proxy_protocol::read(window.get(..seen).unwrap_or_default()) {
        Ok(None) => Said::Part,
        Ok(Some((header, length))) => {
            let Some(whole) = window.get_mut(..length) else { return Said::Nonsense };
            match recv(client, whole, RecvFlags::empty()) {
                Ok((_, taken)) if taken == length => Said::All(header),
                _ => Said::Nonsense,
            }
        }
        Err(error) => {
            tracing::debug!(%error, "a client does not say whom it speaks for");
            Said::Nonsense
        }
    }
}

/// Tells a server that has just accepted whom the connection is made for.
pub(super) fn tell(
    server: &OwnedFd,
    client: &OwnedFd,
    origin: Option<Origin>,
    how: SendProxy,
) -> Result<(), Errno> {
    let write = match how {
        SendProxy::None => return Ok(()),
        SendProxy::V1 => proxy_protocol::line,
        SendProxy::V2 => proxy_protocol::binary,
    };
    // A client that is gone by now has no ends any more, and nothing to say.
    let origin = origin.or_else(|| ends_of(client).ok());
    let header = write(&origin.map_or(Header::Itself, Header::For));
    // A fresh socket takes that much at once.
    match send(server, &header, SendFlags::NOSIGNAL)? {
        sent if sent == header.len() => Ok(()),
        _ => Err(Errno::NOBUFS),
    }
}

/// The ends of the client's own connection.
fn ends_of(client: &OwnedFd) -> Result<Origin, Errno> {
    let source = getpeername(client)?.ok_or(Errno::NOTCONN)?.try_into()?;
    let destination = getsockname(client)?.try_into()?;
    Ok(Origin { source, destination })
}
