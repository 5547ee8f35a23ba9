//! The old process: it offers its place.

use std::{
    fs::{self, Permissions},
    io::{self, Read, Write},
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

use super::{Bequest, SOCKET, SnmpListener, wire};
use crate::{bell::Bell, state::Publisher};

/// How long the next process may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

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
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
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

    fn give(&self, mut stream: &UnixStream) -> io::Result<u32> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let heir = wire::check_peer(stream)?;
        tracing::info!("process {heir} takes over from this one");
        // From here on nothing is set: the document is as the other reads it.
        let turn = self.publisher.turn();
        let snmp = self.snmp.iter().map(SnmpListener::try_clone).collect::<io::Result<_>>()?;
        let bequest = Bequest::new(snmp, self.director.hand_over()?);
        wire::send(stream, &bequest.pack()?)?;
        // One octet says that the other has started.
        stream.read_exact(&mut [0])?;
        self.director.retire()?;
        drop(turn);
        // It may be gone again; but it has all there is.
        let _ = stream.write_all(b".");
        Ok(heir)
    }
}
