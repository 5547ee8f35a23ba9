//! Many connections at once, each with manners of its own.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use lcms_lb_core::model::Scheduler;

use crate::support::backend::Backend;
use crate::support::client::{connect, reset};
use crate::support::director::Fixture;
use crate::support::eventually;

/// What one connection does. The client sends its number first, and both sides
/// know the rest from it.
#[derive(Clone, Copy, Debug)]
struct Manners {
    number: u32,
    up: usize,
    down: usize,
    /// Octets written at a time.
    chunk: usize,
    end: End,
}

/// How it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The client says so first, and hears the rest.
    ClientFirst,
    /// The server says so first, and hears the rest.
    ServerFirst,
    /// The client is reset before it has heard all.
    ClientResets,
    /// The server is reset before it has heard all.
    ServerResets,
}

impl Manners {
    fn of(number: u32) -> Self {
        let mut state = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut draw = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as usize % below
        };
        // Nothing, small talk, about a buffer, and bulk.
        let sizes = [0, 1, 700, 65_535, 65_536, 65_537, 300_000, 1_000_000];
        Self {
            number,
            up: sizes[draw(sizes.len())],
            down: sizes[draw(sizes.len())],
            chunk: [1_000, 4_096, 100_000, 1 << 20][draw(4)],
            end: [End::ClientFirst, End::ServerFirst, End::ClientResets, End::ServerResets]
                [draw(4)],
        }
    }

    /// What goes in one direction; each octet is told by place and connection.
    fn text(&self, octets: usize) -> Vec<u8> {
        (0..octets).map(|at| (at as u32 ^ (at >> 8) as u32 ^ self.number) as u8).collect()
    }

    /// Writes all of it in its chunks, while the other side does the same.
    fn write(&self, mut stream: &TcpStream, octets: usize) -> io::Result<()> {
        self.text(octets).chunks(self.chunk).try_for_each(|chunk| stream.write_all(chunk))
    }

    /// Reads all of it, and it is what was sent.
    fn read(&self, mut stream: &TcpStream, octets: usize) -> io::Result<()> {
        let mut bytes = vec![0; octets];
        stream.read_exact(&mut bytes)?;
        assert!(bytes == self.text(octets), "{self:?} came as something else");
        Ok(())
    }

    /// Both at a time.
    fn exchange(&self, stream: &TcpStream, send: usize, hear: usize) -> io::Result<()> {
        thread::scope(|scope| {
            let writing = scope.spawn(|| self.write(stream, send));
            let read = self.read(stream, hear);
            writing.join().expect("writing does not panic").and(read)
        })
    }

    fn is_peaceful(&self) -> bool {
        matches!(self.end, End::ClientFirst | End::ServerFirst)
    }

    fn client(&self, stream: TcpStream) -> io::Result<()> {
        (&stream).write_all(&self.number.to_be_bytes())?;
        if self.end == End::ClientResets {
            self.read(&stream, self.down / 2)?;
            reset(stream);
            return Ok(());
        }
        self.exchange(&stream, self.up, self.down)?;
        self.part(&stream, self.end == End::ClientFirst)
    }

    fn server(&self, stream: TcpStream) -> io::Result<()> {
        if self.end == End::ServerResets {
            self.read(&stream, self.up / 2)?;
            reset(stream);
            return Ok(());
        }
        self.exchange(&stream, self.down, self.up)?;
        self.part(&stream, self.end == End::ServerFirst)
    }

    /// Both say that they are done, one after the other, and hear it.
    fn part(&self, mut stream: &TcpStream, first: bool) -> io::Result<()> {
        if first {
            stream.shutdown(Shutdown::Write)?;
        }
        assert_eq!(stream.read(&mut [0])?, 0, "{self:?}: more than all");
        Ok(())
    }
}

#[test]
fn a_storm_of_all_manners_leaves_everybody_with_what_was_meant_for_them() {
    const CLIENTS: u32 = 8;
    const EACH: u32 = 40;
    let backends: Vec<Backend> = ["rs1", "rs2"]
        .map(|_| {
            Backend::meeting(|stream| {
                let mut number = [0; 4];
                (&stream).read_exact(&mut number)?;
                let manners = Manners::of(u32::from_be_bytes(number));
                let done = manners.server(stream);
                assert!(done.is_ok() || !manners.is_peaceful(), "{manners:?}: {done:?}");
                done
            })
        })
        .into();
    let fixture = Fixture::start(
        Scheduler::Lc,
        &[("rs1", backends[0].address, 1), ("rs2", backends[1].address, 1)],
    );
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let address = fixture.address;
            scope.spawn(move || {
                for number in client * EACH..(client + 1) * EACH {
                    let manners = Manners::of(number);
                    let done = manners.client(connect(address));
                    assert!(done.is_ok() || !manners.is_peaceful(), "{manners:?}: {done:?}");
                }
            });
        }
    });
    for server in ["rs1", "rs2"] {
        let live = fixture.status(server).live.clone();
        eventually("all connections are over", || live.active.load(Relaxed) == 0);
        assert_eq!(live.failed.load(Relaxed), 0);
    }
    let snapshot = fixture.snapshot();
    let service = snapshot.services.values().next().expect("there is one");
    assert_eq!(service.live.connections.load(Relaxed), u64::from(CLIENTS * EACH));
    for backend in &backends {
        assert_eq!(backend.broken(), 0, "a server got something else");
    }
}
