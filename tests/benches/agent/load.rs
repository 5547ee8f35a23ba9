//! The load generator: a window of requests under way, each answer checked.

use std::{
    io,
    net::UdpSocket,
    time::{Duration, Instant},
};

use lcms_snmp::{Oid, OutMessage, PduKind, Value, VarBind, Version, message};

use crate::{
    party::Party,
    user::{Ring, User},
};

/// What is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// GET of sysUpTime.0.
    Get,
    /// GETBULK of twenty variables from the system group on.
    Bulk,
}

impl Question {
    fn variables(self) -> usize {
        match self {
            Self::Get => 1,
            Self::Bulk => 20,
        }
    }

    fn request(self) -> (PduKind, i32, VarBind<'static>) {
        let (kind, repetitions, name) = match self {
            Self::Get => (PduKind::GetRequest, 0, "1.3.6.1.2.1.1.3.0"),
            Self::Bulk => (PduKind::GetBulkRequest, 20, "1.3.6.1.2.1.1"),
        };
        let name: Oid = name.parse().expect("an OID");
        (kind, repetitions, VarBind { name, value: Value::Null })
    }
}

/// A generator for one party.
pub struct Load<'p> {
    party: &'p Party,
    socket: UdpSocket,
    time: Duration,
    /// Who asks, if it is not a community.
    user: Option<User>,
}

/// The requests of a run.
enum Requests<'u> {
    Community(Template),
    User(&'u User, Ring),
}

/// What came back.
pub struct Answers {
    count: u64,
    wall: Duration,
    cpu: Duration,
    /// Round trips in nanoseconds, ascending.
    trips: Vec<u32>,
}

/// Where the request id stands: the last octets that change.
struct Template {
    octets: Vec<u8>,
    id: usize,
}

const FIRST_ID: i32 = 0x4000_0000;

/// Requests of version 3 made before a run: a multiple of every window.
const RING: u32 = 1024;

impl Template {
    fn new(question: Question, community: &[u8]) -> Self {
        let (kind, repetitions, varbind) = question.request();
        let octets = message::encode(&OutMessage {
            version: Version::V2c,
            community,
            kind,
            request_id: FIRST_ID,
            error_status: 0,
            error_index: repetitions,
            varbinds: &[varbind],
        });
        let id = FIRST_ID.to_be_bytes();
        let id = octets.windows(4).position(|window| window == id).expect("it was put there");
        Self { octets, id }
    }
}

impl Requests<'_> {
    /// The request of a number.
    fn message(&mut self, number: u32) -> &[u8] {
        match self {
            Self::Community(Template { octets, id }) => {
                let number = FIRST_ID.cast_unsigned() + number;
                octets[*id..*id + 4].copy_from_slice(&number.to_be_bytes());
                octets
            }
            Self::User(_, ring) => ring.message(number),
        }
    }
}

impl<'p> Load<'p> {
    pub fn new(party: &'p Party, time: Duration) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback has free ports");
        socket.connect(party.address).expect("it is there");
        socket.set_read_timeout(Some(Duration::from_millis(200))).expect("a timeout");
        Self { party, socket, time, user: None }
    }

    /// The same, asking as a user of version 3.
    pub fn of_user(party: &'p Party, time: Duration) -> Self {
        let load = Self::new(party, time);
        let user = User::discover(&load.socket);
        Self { user: Some(user), ..load }
    }

    fn requests(&self, question: Question) -> Requests<'_> {
        match &self.user {
            None => Requests::Community(Template::new(question, self.party.community)),
            Some(user) => {
                let (kind, repetitions, varbind) = question.request();
                Requests::User(user, user.ring(kind, repetitions, &[varbind], RING))
            }
        }
    }

    /// Asks with so many requests under way.
    pub fn run(&self, question: Question, window: usize) -> Answers {
        self.run_while(question, window, &|| true)
    }

    /// The same, no longer than `going`.
    pub fn run_while(
        &self,
        question: Question,
        window: usize,
        going: &dyn Fn() -> bool,
    ) -> Answers {
        let mut requests = self.requests(question);
        let (mut sent, mut count, mut trips) = (0_u32, 0_u64, Vec::new());
        let mut times = vec![Instant::now(); window];
        let mut buffer = [0; 4096];
        let cpu = self.party.cpu();
        let start = Instant::now();
        let ask = |requests: &mut Requests<'_>, sent: &mut u32, times: &mut [Instant]| {
            times[*sent as usize % window] = Instant::now();
            self.socket.send(requests.message(*sent)).expect("loopback takes it");
            *sent += 1;
        };
        for _ in 0..window {
            ask(&mut requests, &mut sent, &mut times);
        }
        while start.elapsed() < self.time && going() {
            match self.socket.recv(&mut buffer) {
                Ok(length) => {
                    let number = self.check(&requests, &buffer[..length], question);
                    if window == 1 {
                        let trip = times[number as usize % window].elapsed();
                        trips.push(trip.as_nanos() as u32);
                    }
                    count += 1;
                    ask(&mut requests, &mut sent, &mut times);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    // All are lost: begin again. The wait is part of the figure.
                    if window == 1 {
                        trips.push(times[0].elapsed().as_nanos() as u32);
                    }
                    for _ in 0..window {
                        ask(&mut requests, &mut sent, &mut times);
                    }
                }
                Err(error) => panic!("{}: {error}", self.party.name),
            }
        }
        let (wall, cpu) = (start.elapsed(), self.party.cpu().saturating_sub(cpu));
        // What is still under way must not be taken for an answer to what comes.
        while self.socket.set_read_timeout(Some(Duration::from_millis(20))).is_ok()
            && self.socket.recv(&mut buffer).is_ok()
        {}
        let _ = self.socket.set_read_timeout(Some(Duration::from_millis(200)));
        trips.sort_unstable();
        Answers { count, wall, cpu, trips }
    }

    /// The number of the request that is answered.
    fn check(&self, requests: &Requests<'_>, answer: &[u8], question: Question) -> u32 {
        if let Requests::User(user, _) = requests {
            return user.check(answer, question.variables());
        }
        let pdu = message::decode(answer).expect("a message").pdu;
        if !self.party.is_echo {
            assert_eq!(
                (pdu.kind, pdu.error_status, pdu.varbinds.len()),
                (PduKind::Response, 0, question.variables()),
                "{}",
                self.party.name
            );
        }
        pdu.request_id.wrapping_sub(FIRST_ID).cast_unsigned()
    }
}

impl Answers {
    /// Answers for each second of the party's processor time.
    pub fn per_cpu_second(&self) -> f64 {
        self.count as f64 / self.cpu.as_secs_f64().max(1e-9)
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Answers for each second of the clock.
    pub fn per_second(&self) -> f64 {
        self.count as f64 / self.wall.as_secs_f64()
    }

    /// A quantile of the round trips, in microseconds.
    pub fn quantile(&self, share: f64) -> f64 {
        let at = (self.trips.len() as f64 * share) as usize;
        self.trips.get(at).or(self.trips.last()).map_or(f64::NAN, |ns| f64::from(*ns) / 1000.0)
    }
}
