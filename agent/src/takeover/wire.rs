//! Descriptors between two processes, by SCM_RIGHTS (unix(7)).
//!
//! A parcel is a row of messages of one octet, each with some descriptors, the
//! last marked as such. An octet of its own kind in their place says that the peer
//! has given up. The letter is a file in memory and the first of them, so
//! its length is nobody's concern.

use std::{
    fs::File,
    io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Seek, Write},
    mem::MaybeUninit,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
};

use rustix::{
    cmsg_space,
    fs::{MemfdFlags, memfd_create},
    net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, recvmsg, sendmsg, sockopt::socket_peercred,
    },
    process::geteuid,
};

/// Descriptors in a message; the kernel takes up to 253.
const BATCH: usize = 64;

/// More than any agent has, to bound what one can be made to take.
const MOST_FILES: usize = 1 << 17;
const LONGEST_LETTER: u64 = 1 << 28;

const MORE: u8 = b'+';
const LAST: u8 = b'.';
const GIVEN_UP: u8 = b'!';

/// A letter, and descriptors with it.
pub(super) struct Parcel {
    pub(super) letter: Vec<u8>,
    pub(super) files: Vec<OwnedFd>,
}

/// Refuses everybody but the own user and root; the process id of the peer.
pub(super) fn check_peer(stream: &UnixStream) -> io::Result<u32> {
    let peer = socket_peercred(stream)?;
    match peer.uid.is_root() || peer.uid == geteuid() {
        true => Ok(peer.pid.as_raw_nonzero().get().cast_unsigned()),
        false => Err(ErrorKind::PermissionDenied.into()),
    }
}

/// Sends a parcel.
pub(super) fn send(stream: &UnixStream, parcel: &Parcel) -> io::Result<()> {
    let mut letter = File::from(memfd_create("lcms-takeover", MemfdFlags::CLOEXEC)?);
    letter.write_all(&parcel.letter)?;
    letter.rewind()?;
    let files: Vec<BorrowedFd<'_>> =
        [letter.as_fd()].into_iter().chain(parcel.files.iter().map(AsFd::as_fd)).collect();
    let batches = files.len().div_ceil(BATCH);
    for (number, batch) in files.chunks(BATCH).enumerate() {
        let mark = if number + 1 == batches { LAST } else { MORE };
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(BATCH))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !control.push(SendAncillaryMessage::ScmRights(batch)) {
            return Err(ErrorKind::InvalidInput.into());
        }
        sendmsg(stream, &[IoSlice::new(&[mark])], &mut control, SendFlags::NOSIGNAL)?;
    }
    Ok(())
}

/// Says that this process goes on by itself. A peer that is gone need not be told.
pub(super) fn give_up(mut stream: &UnixStream) {
    let _ = stream.write_all(&[GIVEN_UP]);
}

/// Receives a parcel.
pub(super) fn receive(stream: &UnixStream) -> io::Result<Parcel> {
    let mut files: Vec<OwnedFd> = Vec::new();
    loop {
        let mut mark = [0];
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(BATCH))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut octets = [IoSliceMut::new(&mut mark)];
        let received = recvmsg(stream, &mut octets, &mut control, RecvFlags::CMSG_CLOEXEC)?;
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(more) = message {
                files.extend(more);
            }
        }
        match (received.bytes, mark) {
            (0, _) => return Err(ErrorKind::UnexpectedEof.into()),
            (_, [GIVEN_UP]) => {
                let why = "it goes on by itself; its log says why";
                return Err(io::Error::new(ErrorKind::ConnectionRefused, why));
            }
            (_, [LAST]) => break,
            (_, [MORE]) if files.len() < MOST_FILES => {}
            _ => return Err(ErrorKind::InvalidData.into()),
        }
    }
    if files.is_empty() {
        return Err(ErrorKind::InvalidData.into());
    }
    let mut letter = Vec::new();
    File::from(files.remove(0)).take(LONGEST_LETTER).read_to_end(&mut letter)?;
    Ok(Parcel { letter, files })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parcel_arrives_whole_and_in_order() {
        let (here, there) = UnixStream::pair().unwrap();
        let file = |number: u32| {
            let mut file = tempfile::tempfile().unwrap();
            write!(file, "{number}").unwrap();
            file.rewind().unwrap();
            OwnedFd::from(file)
        };
        for count in [0, 1, 63, 64, 200] {
            let letter = vec![7; 100_000];
            let parcel = Parcel { letter, files: (0..count).map(file).collect() };
            check_peer(&there).unwrap();
            send(&here, &parcel).unwrap();
            let got = receive(&there).unwrap();
            assert_eq!(got.letter, parcel.letter);
            let numbers = got.files.into_iter().map(|file| {
                let mut text = String::new();
                File::from(file).read_to_string(&mut text).unwrap();
                text.parse::<u32>().unwrap()
            });
            assert!(numbers.eq(0..count));
        }
        drop(here);
        assert_eq!(receive(&there).err().map(|e| e.kind()), Some(ErrorKind::UnexpectedEof));
    }

    #[test]
    fn who_gives_up_is_told_from_who_is_gone() {
        let (here, there) = UnixStream::pair().unwrap();
        give_up(&here);
        drop(here);
        let kind = |stream| receive(stream).err().map(|error| error.kind());
        assert_eq!(kind(&there), Some(ErrorKind::ConnectionRefused));
        assert_eq!(kind(&there), Some(ErrorKind::UnexpectedEof));
        give_up(&there);
    }

    #[test]
    fn what_is_no_parcel_is_refused() {
        for octets in [&b"."[..], b"x", b"++."] {
            let (mut here, there) = UnixStream::pair().unwrap();
            here.write_all(octets).unwrap();
            drop(here);
            assert!(receive(&there).is_err());
        }
    }
}
