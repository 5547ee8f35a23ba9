//! Somebody between two agents of which one takes the place of the other: passes on
//! their messages one by one, so that either can die between any two of them.

use std::{
    fs,
    io::{IoSlice, IoSliceMut, Read, Write},
    mem::MaybeUninit,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::{
    cmsg_space,
    net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
    },
};

/// Descriptors in a message, at most.
const MOST: usize = 64;

/// How long either may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// How many messages there are: what the old one gives, that the new one is
/// prepared, what the old one knows, that the new one serves.
pub const MESSAGES: usize = 4;

/// The one between them.
pub struct Relay {
    /// Where the old agent is asked.
    socket: PathBuf,
    /// The same socket under another name, since the relay is in its place.
    aside: PathBuf,
    listener: UnixListener,
}

/// Both, as soon as the new one has asked.
pub struct Talk {
    /// The message that has come and is not passed on: an octet, and descriptors
    /// with it, as often as it takes. It goes first: nobody is to hold the lock once
    /// the new one hears of an end.
    held: Vec<([u8; 1], Vec<OwnedFd>)>,
    old: UnixStream,
    heir: UnixStream,
    passed: usize,
}

impl Relay {
    /// In the place of the agent's socket in this folder.
    #[track_caller]
    pub fn between(state_dir: &Path) -> Self {
        let (socket, aside) = (state_dir.join("takeover.sock"), state_dir.join("takeover.aside"));
        fs::rename(&socket, &aside).expect("an agent offers its place");
        let listener = UnixListener::bind(&socket).expect("its name is free");
        Self { socket, aside, listener }
    }

    /// Waits for an agent that asks, and asks the other.
    #[track_caller]
    pub fn asked(&self) -> Talk {
        let (heir, _) = self.listener.accept().expect("an agent asks");
        let old = UnixStream::connect(&self.aside).expect("the other one listens");
        for stream in [&heir, &old] {
            stream.set_read_timeout(Some(PATIENCE)).expect("it is a socket");
        }
        let mut talk = Talk { old, heir, passed: 0, held: Vec::new() };
        talk.hold();
        talk
    }

    /// Puts the agent's own socket back.
    pub fn step_aside(self) {
        fs::rename(&self.aside, &self.socket).expect("the folder is ours");
    }
}

impl Talk {
    /// Passes on so many messages in all, and waits for the next, if there is one.
    #[track_caller]
    pub fn pass(&mut self, messages: usize) {
        while self.passed < messages {
            let to = if self.passed.is_multiple_of(2) { &self.heir } else { &self.old };
            for (octet, files) in self.held.drain(..) {
                send(to, octet, &files);
            }
            self.passed += 1;
            if self.passed < MESSAGES {
                self.hold();
            }
        }
    }

    fn hold(&mut self) {
        if !self.passed.is_multiple_of(2) {
            let mut octet = [0];
            self.heir.read_exact(&mut octet).expect("the new one says so");
            self.held.push((octet, Vec::new()));
            return;
        }
        loop {
            let (octet, files) = receive(&self.old);
            self.held.push((octet, files));
            if octet == *b"." {
                return;
            }
            assert_eq!(octet, *b"+", "there is more to come");
        }
    }
}

fn receive(from: &UnixStream) -> ([u8; 1], Vec<OwnedFd>) {
    let mut octet = [0];
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MOST))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut octets = [IoSliceMut::new(&mut octet)];
    let received = recvmsg(from, &mut octets, &mut control, RecvFlags::CMSG_CLOEXEC);
    assert_eq!(received.expect("the old one gives it").bytes, 1);
    let mut files = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(more) = message {
            files.extend(more);
        }
    }
    (octet, files)
}

fn send(mut to: &UnixStream, octet: [u8; 1], files: &[OwnedFd]) {
    if files.is_empty() {
        return to.write_all(&octet).expect("it listens");
    }
    let files: Vec<BorrowedFd<'_>> = files.iter().map(AsFd::as_fd).collect();
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MOST))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    assert!(control.push(SendAncillaryMessage::ScmRights(&files)), "there is space for them");
    sendmsg(to, &[IoSlice::new(&octet)], &mut control, SendFlags::NOSIGNAL).expect("it listens");
}
