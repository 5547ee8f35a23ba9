//! The client's side of requests and responses: many requests to many agents at
//! once, with the network left to the caller.
//!
//! A request keeps its request-id, and with it its octets, through all attempts.
//! So the answer to an earlier attempt that comes late completes the request like
//! any other: for a read it is as good, for a SET it is the truth about what was
//! done first, and an agent or notification receiver can tell a repetition from a
//! new request. The price is that after a retry nobody knows which attempt was
//! answered, so no round-trip time is given then.
//!
//! A response completes a request when id, source, version and community are the
//! request's. Whatever else arrives is counted and changes nothing: a forged or
//! damaged datagram must not end a request that its agent may still answer.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    Envelope, OutMessage, PduKind, Version,
    ids::RequestIds,
    message::{encode, open},
    request::{Community, Request, Response, Retry, Target},
};

/// The requests that are under way.
///
/// ```
/// use std::time::{Duration, Instant};
/// use lcms_snmp::{Community, Expired, Oid, Request, Retry, Target, Tracker};
///
/// let mut now = Instant::now();
/// let mut tracker = Tracker::new([7; 16]);
/// let target = Target {
///     address: "192.0.2.1:161".parse::<std::net::SocketAddr>().unwrap(),
///     community: Community::v2c("public"),
///     retry: Retry { retries: 1, ..Retry::default() },
/// };
/// let up_time: Oid = "1.3.6.1.2.1.1.3.0".parse().unwrap();
/// let first = tracker.submit(now, &target, &Request::get([up_time]));
///
/// // Nobody answers: the same octets are sent again, and then no more.
/// now = tracker.poll_timeout().unwrap();
/// let Some(Expired::Resend(second)) = tracker.on_timeout(now) else { panic!() };
/// assert_eq!(first.octets, second.octets);
/// now = tracker.poll_timeout().unwrap();
/// assert!(matches!(tracker.on_timeout(now), Some(Expired::GaveUp { .. })));
/// ```
pub struct Tracker<A = SocketAddr> {
    ids: RequestIds,
    pending: HashMap<RequestId, Pending<A>>,
    deadlines: BTreeSet<(Instant, RequestId)>,
    discarded: Discarded,
}

/// By which the caller knows a request; it is the request-id on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(i32);

impl RequestId {
    /// The number on the wire.
    pub fn number(self) -> i32 {
        self.0
    }
}

struct Pending<A> {
    address: A,
    community: Community,
    retry: Retry,
    octets: Arc<[u8]>,
    /// Attempts before the present one.
    attempt: u32,
    sent: Instant,
    deadline: Instant,
}

/// A datagram to be sent.
#[derive(Clone)]
pub struct Transmit<A> {
    /// The request it belongs to.
    pub id: RequestId,
    /// Where it goes.
    pub to: A,
    /// Its content, which holds the community.
    pub octets: Arc<[u8]>,
}

impl<A: fmt::Debug> fmt::Debug for Transmit<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transmit")
            .field("id", &self.id)
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}

/// A request that was answered.
#[derive(Clone, Debug)]
pub struct Completed<A> {
    /// The request.
    pub id: RequestId,
    /// Who answered.
    pub from: A,
    /// How often it was sent.
    pub attempts: u32,
    /// The time from the only attempt to the answer.
    pub round_trip: Option<Duration>,
    /// The answer.
    pub response: Response,
}

/// What became of a request whose time had passed.
#[derive(Clone, Debug)]
pub enum Expired<A> {
    /// It is to be sent again.
    Resend(Transmit<A>),
    /// All its attempts have been in vain; it is forgotten.
    GaveUp {
        /// The request.
        id: RequestId,
        /// Who did not answer.
        to: A,
        /// How often it was sent.
        attempts: u32,
    },
}

/// How many datagrams completed no request, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Discarded {
    /// No message, or none of a version that is tracked.
    pub malformed: u64,
    /// A message that is no response.
    pub not_a_response: u64,
    /// No request with this id is under way: it was answered or given up before,
    /// or never made.
    pub unknown_id: u64,
    /// The id is right, and source, version or community is not.
    pub mismatched: u64,
}

impl<A: Clone + Eq> Tracker<A> {
    /// Begins with nothing under way. The seed makes the request-ids
    /// unpredictable; it has to come from the system's random numbers.
    pub fn new(seed: [u8; 16]) -> Self {
        Self {
            ids: RequestIds::new(seed),
            pending: HashMap::new(),
            deadlines: BTreeSet::new(),
            discarded: Discarded::default(),
        }
    }

    /// Begins a request; the caller sends the datagram.
    pub fn submit(&mut self, now: Instant, target: &Target<A>, request: &Request) -> Transmit<A> {
        let Target { address, community, retry } = target;
        let id = self.fresh_id();
        let octets: Arc<[u8]> = encode_request(id, community, request).into();
        let deadline = now + retry.wait(0);
        self.deadlines.insert((deadline, id));
        self.pending.insert(
            id,
            Pending {
                address: address.clone(),
                community: community.clone(),
                retry: *retry,
                octets: octets.clone(),
                attempt: 0,
                sent: now,
                deadline,
            },
        );
        Transmit { id, to: address.clone(), octets }
    }

    fn fresh_id(&mut self) -> RequestId {
        let pending = &self.pending;
        self.ids
            .by_ref()
            .map(RequestId)
            .find(|id| !pending.contains_key(id))
            .expect("far fewer requests are under way than there are ids")
    }

    /// Takes a datagram that has arrived.
    pub fn on_datagram(&mut self, now: Instant, from: &A, datagram: &[u8]) -> Option<Completed<A>> {
        let Ok(Envelope::Community(message)) = open(datagram) else {
            self.discarded.malformed += 1;
            return None;
        };
        if message.pdu.kind != PduKind::Response {
            self.discarded.not_a_response += 1;
            return None;
        }
        let id = RequestId(message.pdu.request_id);
        let Some(pending) = self.pending.get(&id) else {
            self.discarded.unknown_id += 1;
            return None;
        };
        let matches = pending.address == *from
            && pending.community.version() == message.version
            && pending.community.name() == message.community;
        if !matches {
            self.discarded.mismatched += 1;
            return None;
        }
        let pending = self.remove(id)?;
        Some(Completed {
            id,
            from: pending.address,
            attempts: pending.attempt + 1,
            round_trip: (pending.attempt == 0).then(|| now.saturating_duration_since(pending.sent)),
            response: Response::from(&message),
        })
    }

    /// When [`Tracker::on_timeout`] is due; `None` while nothing is under way.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// Takes up one request whose time has passed, or says that there is none:
    /// to be called until then.
    pub fn on_timeout(&mut self, now: Instant) -> Option<Expired<A>> {
        let &(deadline, id) = self.deadlines.first()?;
        if deadline > now {
            return None;
        }
        let pending = self.pending.get_mut(&id)?;
        if pending.attempt >= pending.retry.retries {
            let pending = self.remove(id)?;
            return Some(Expired::GaveUp {
                id,
                to: pending.address,
                attempts: pending.attempt + 1,
            });
        }
        pending.attempt += 1;
        // Counted from now, so that a caller who was held up does not send all
        // the attempts it has missed at once.
        pending.deadline = now + pending.retry.wait(pending.attempt);
        let send = Transmit { id, to: pending.address.clone(), octets: pending.octets.clone() };
        self.deadlines.remove(&(deadline, id));
        self.deadlines.insert((pending.deadline, id));
        Some(Expired::Resend(send))
    }

    /// Forgets a request; an answer to it will be discarded. Says whether it was
    /// under way.
    pub fn cancel(&mut self, id: RequestId) -> bool {
        self.remove(id).is_some()
    }

    fn remove(&mut self, id: RequestId) -> Option<Pending<A>> {
        let pending = self.pending.remove(&id)?;
        self.deadlines.remove(&(pending.deadline, id));
        Some(pending)
    }

    /// How many requests are under way.
    pub fn len(&self) -> usize {
        self.pending.len()
    }

    /// Whether none is under way.
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// What has arrived in vain.
    pub fn discarded(&self) -> Discarded {
        self.discarded
    }
}

impl<A> fmt::Debug for Tracker<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracker").field("pending", &self.pending.len()).finish_non_exhaustive()
    }
}

fn encode_request(id: RequestId, community: &Community, request: &Request) -> Vec<u8> {
    let (kind, error_status, error_index) = match (community.version(), request.kind) {
        (Version::V1, PduKind::GetBulkRequest) => (PduKind::GetNextRequest, 0, 0),
        (_, kind) => (kind, request.non_repeaters, request.max_repetitions),
    };
    encode(&OutMessage {
        version: community.version(),
        community: community.name(),
        kind,
        request_id: id.number(),
        error_status,
        error_index,
        varbinds: &request.varbinds,
    })
}
