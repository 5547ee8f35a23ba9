//! The old process: it offers its place.

use std::{
    fs::{self, Permissions},
    io::{self, ErrorKind, Read},
    net::Shutdown,
    os::unix::{
        fs::PermissionsExt,
        net::{UnixListener, UnixStream},
    },
    path::Path,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use lcms_lb_core::director::DirectorHandle;
use tokio::sync::oneshot;

use super::{Bequest, DONE, SOCKET, SnmpListener, bequest, wire};
use crate::{bell::Bell, state::Publisher};

/// How long the next process may take to prepare itself.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long clients may wait for it then, before this one goes on.
const PAUSE: Duration = Duration::from_secs(10);

/// The offer, which ends with this.
pub struct Offer {
    bell: Arc<Bell>,
    thread: Option<JoinHandle<()>>,
}

struct Holder {
    listener: UnixListener,
    bell: Arc<Bell>,
    publisher: Arc<Publisher>,
    director: DirectorHandle,
    snmp: Vec<SnmpListener>,
}

impl Offer {
    /// Offers the place of this agent at a socket in the state folder. The
    /// receiver is told who has taken it, by process id.
    pub fn start(
        folder: &Path,
        publisher: Arc<Publisher>,
        director: DirectorHandle,
        snmp: Vec<SnmpListener>,
    ) -> io::Result<(Self, oneshot::Receiver<u32>)> {
        let bell = Arc::new(Bell::new()?);
        let (taken, told) = oneshot::channel();
        let holder =
            Holder { listener: bind(folder)?, bell: Arc::clone(&bell), publisher, director, snmp };
        let thread = thread::Builder::new().name("takeover".to_owned()).spawn(move || {
            if let Some(heir) = holder.wait() {
                // An agent that ends anyway need not be told.
                let _ = taken.send(heir);
            }
        })?;
        Ok((Self { bell, thread: Some(thread) }, told))
    }
}

impl Drop for Offer {
    fn drop(&mut self) {
        self.bell.ring();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that offers this agent's place had died");
        }
    }
}

/// The socket of a process before this one may be there still: it is replaced
/// as a whole, so that at any time one of the two can be asked.
fn bind(folder: &Path) -> io::Result<UnixListener> {
    let (path, fresh) = (folder.join(SOCKET), folder.join("takeover.new"));
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&fresh)?;
    fs::set_permissions(&fresh, Permissions::from_mode(0o600))?;
    fs::rename(&fresh, &path)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

impl Holder {
    /// Waits for a process that takes the place, and returns its id; `None` once
    /// the bell rings.
    fn wait(&self) -> Option<u32> {
        while let Ok(true) = self.bell.wait(&self.listener) {
            let Ok((stream, _)) = self.listener.accept() else { continue };
            match self.give(&stream) {
                Ok(heir) => return Some(heir),
                Err(error) => tracing::error!(
                    "another process was to take over from this one and did not: {error}; this \
                     one goes on"
                ),
            }
        }
        None
    }

    fn give(&self, stream: &UnixStream) -> io::Result<u32> {
        stream.set_nonblocking(false)?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let heir = wire::check_peer(stream)?;
        tracing::info!("process {heir} takes over from this one");
        let given = self.hand_over(stream);
        if given.is_err() {
            wire::give_up(stream);
        }
        given.map(|()| heir)
    }

    fn hand_over(&self, stream: &UnixStream) -> io::Result<()> {
        // From here on nothing is set: the document is as the other reads it.
        let _turn = self.publisher.turn();
        let snmp = self.snmp.iter().map(SnmpListener::try_clone).collect::<io::Result<_>>()?;
        let bequest = Bequest::new(snmp, self.director.hand_over()?);
        wire::send(stream, &bequest.pack()?)?;
        hear(stream, PATIENCE)?;
        if let Err(error) = self.leave_clients(stream) {
            self.director.resume();
            return Err(error);
        }
        self.publisher.leave();
        self.director.retire()
    }

    /// Accepts no more, up to the moment at which the other process does.
    fn leave_clients(&self, stream: &UnixStream) -> io::Result<()> {
        let legacy = self.director.pause()?;
        wire::send(stream, &bequest::pack_legacy(legacy)?)?;
        hear(stream, PAUSE)
    }
}

/// Waits until the peer says that it is done with its step. Whatever it says after
/// this has failed it cannot say: so either both know that it did, or neither.
fn hear(mut stream: &UnixStream, patience: Duration) -> io::Result<()> {
    let mut octet = [0];
    stream.set_read_timeout(Some(patience))?;
    let heard = stream.read_exact(&mut octet).or_else(|error| match error.kind() {
        ErrorKind::WouldBlock => {
            stream.shutdown(Shutdown::Read)?;
            // It may have come just then.
            stream.read_exact(&mut octet).map_err(|_| ErrorKind::TimedOut.into())
        }
        _ => Err(error),
    });
    heard.and_then(|()| match &octet == DONE {
        true => Ok(()),
        false => Err(ErrorKind::InvalidData.into()),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn who_is_too_late_knows_it() {
        let (here, mut there) = UnixStream::pair().unwrap();
        there.write_all(DONE).unwrap();
        hear(&here, PATIENCE).unwrap();
        let late = hear(&here, Duration::from_millis(1)).unwrap_err();
        assert_eq!(late.kind(), ErrorKind::TimedOut);
        assert_eq!(there.write_all(DONE).unwrap_err().kind(), ErrorKind::BrokenPipe);
        wire::give_up(&here);
        let said = wire::receive(&there).err().map(|error| error.kind());
        assert_eq!(said, Some(ErrorKind::ConnectionRefused));
    }

    #[test]
    fn who_says_something_else_has_not_done_it() {
        for (words, kind) in [(&b"x"[..], ErrorKind::InvalidData), (b"", ErrorKind::UnexpectedEof)]
        {
            let (here, mut there) = UnixStream::pair().unwrap();
            there.write_all(words).unwrap();
            drop(there);
            assert_eq!(hear(&here, PATIENCE).unwrap_err().kind(), kind);
        }
    }
}
