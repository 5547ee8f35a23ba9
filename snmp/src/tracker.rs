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
//! request's; in version 3, when it has the user's code, is timely and at the
//! level that was asked at. Whatever else arrives is counted and changes nothing:
//! a forged or damaged datagram must not end a request that its agent may still
//! answer.
//!
//! A request of version 3 to an agent that is not known yet is preceded by one
//! that only asks for its engine's name (RFC 3414 §4). What reports say of name and
//! clock is learnt and the request sent once more; any other report ends it. That
//! is the one thing that an unsigned message can do, and only from somebody who
//! has seen the request.
//!
//! A request in a session needs none of that: whatever comes in the session is its
//! peer's.

mod session;

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    hash::Hash,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    Credentials, EngineId, Envelope, Message, Oid, OutMessage, Pdu, PduKind, UserCredentials,
    Version,
    credentials::LocalKeys,
    ids::RequestIds,
    message::{encode, open},
    peers::Peers,
    request::{Community, Request, Response, Retry, Target},
    usm::Clock,
    v3::{self, OutPdu, Salts, ScopedPdu, SecurityLevel, V3Head, V3Message},
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
///     credentials: Community::v2c("public").into(),
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
    peers: Peers<A>,
    salts: Salts,
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
    who: Who,
    retry: Retry,
    octets: Arc<[u8]>,
    /// Attempts before the present one.
    attempt: u32,
    sent: Instant,
    deadline: Instant,
}

/// As whom a request is made, and what is left to do for it.
enum Who {
    Community(Community),
    User(Box<Conversation>),
    /// In a session, about this engine's context.
    Session(EngineId),
}

/// A request of a user, which may take several messages.
struct Conversation {
    user: UserCredentials,
    request: Request,
    /// The engine that was asked and the keys for it; `None` while its name is
    /// asked for.
    keys: Option<(EngineId, Arc<LocalKeys>)>,
    /// How often it may still be sent for another reason than silence.
    turns: u8,
}

/// Asking for a name, for a clock, and for the name of an engine that was put in
/// the place of another.
const TURNS: u8 = 3;

/// The longest message we take: what UDP carries.
const LONGEST: u32 = 65_507;

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

/// What a datagram meant.
#[derive(Clone, Debug)]
pub enum Arrived<A> {
    /// A request was answered.
    Completed(Completed<A>),
    /// The agent's engine has said its name or its time: the request is to be sent
    /// with that.
    Send(Transmit<A>),
    /// The agent's engine does not take the request; it is forgotten.
    Reported {
        /// The request.
        id: RequestId,
        /// Who says so.
        from: A,
        /// The counter by which it says why, such as usmStatsWrongDigests.0.
        report: Oid,
    },
}

impl<A> Arrived<A> {
    /// The answer, if it is one.
    pub fn completed(self) -> Option<Completed<A>> {
        match self {
            Self::Completed(completed) => Some(completed),
            Self::Send(_) | Self::Reported { .. } => None,
        }
    }
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

impl<A: Clone + Eq + Hash> Tracker<A> {
    /// Begins with nothing under way. The seed makes the request-ids
    /// unpredictable; it has to come from the system's random numbers.
    pub fn new(seed: [u8; 16]) -> Self {
        let mut ids = RequestIds::new(seed);
        // Two of the unpredictable numbers are the beginning of the salts.
        let mut half = || u64::from(ids.next().unwrap_or_default().unsigned_abs());
        let salts = Salts::random(half() << 33 ^ half());
        Self {
            peers: Peers::new(),
            salts,
            ids,
            pending: HashMap::new(),
            deadlines: BTreeSet::new(),
            discarded: Discarded::default(),
        }
    }

    /// Begins a request; the caller sends the datagram.
    pub fn submit(&mut self, now: Instant, target: &Target<A>, request: &Request) -> Transmit<A> {
        let Target { address, credentials, retry } = target;
        let id = self.fresh_id();
        let (who, octets): (Who, Arc<[u8]>) = match credentials {
            Credentials::Community(community) => {
                let octets = encode_request(id, community, request);
                (Who::Community(community.clone()), octets.into())
            }
            Credentials::User(user) => {
                let request = request.clone();
                let (user, keys, turns) = (user.clone(), None, TURNS);
                let mut conversation = Conversation { user, request, keys, turns };
                let octets = conversation.encode(id, address, &mut self.peers, &self.salts, now);
                (Who::User(Box::new(conversation)), octets.into())
            }
            Credentials::Session(engine) => {
                let context = request.context.unwrap_or(*engine);
                (Who::Session(context), session::encode(id, &context, request).into())
            }
        };
        let deadline = now + retry.wait(0);
        self.deadlines.insert((deadline, id));
        self.pending.insert(
            id,
            Pending {
                address: address.clone(),
                who,
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
    pub fn on_datagram(&mut self, now: Instant, from: &A, datagram: &[u8]) -> Option<Arrived<A>> {
        match open(datagram) {
            Ok(Envelope::Community(message)) => self.on_community(now, from, &message),
            Ok(Envelope::V3(whole)) => match self.on_v3(now, from, whole) {
                Ok(arrived) => Some(arrived),
                Err(why) => {
                    *why.counter(&mut self.discarded) += 1;
                    None
                }
            },
            Ok(Envelope::TrapV1(_)) | Err(_) => {
                self.discarded.malformed += 1;
                None
            }
        }
    }

    fn on_community(
        &mut self,
        now: Instant,
        from: &A,
        message: &Message<'_>,
    ) -> Option<Arrived<A>> {
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
            && matches!(&pending.who, Who::Community(community)
                if community.version() == message.version && community.name() == message.community);
        if !matches {
            self.discarded.mismatched += 1;
            return None;
        }
        self.complete(now, id, Response::from(message))
    }

    fn complete(&mut self, now: Instant, id: RequestId, response: Response) -> Option<Arrived<A>> {
        let pending = self.remove(id)?;
        Some(Arrived::Completed(Completed {
            id,
            from: pending.address,
            attempts: pending.attempt + 1,
            round_trip: (pending.attempt == 0).then(|| now.saturating_duration_since(pending.sent)),
            response,
        }))
    }

    /// RFC 3412 §7.2 and RFC 3414 §3.2 as a client has them.
    fn on_v3(&mut self, now: Instant, from: &A, whole: &[u8]) -> Result<Arrived<A>, Vain> {
        let message = V3Message::decode(whole).map_err(|_| Vain::Malformed)?;
        if message.security_model == v3::TSM {
            return self.on_session(now, from, &message);
        }
        let usm = message.usm().map_err(|_| Vain::Malformed)?;
        let level = message.flags.level().ok_or(Vain::Malformed)?;
        let id = RequestId(message.id);
        let pending = self.pending.get_mut(&id).ok_or(Vain::UnknownId)?;
        let Who::User(conversation) = &mut pending.who else { return Err(Vain::Mismatched) };
        let engine = EngineId::new(usm.engine_id).map_err(|_| Vain::Mismatched)?;
        if pending.address != *from || message.security_model != v3::USM {
            return Err(Vain::Mismatched);
        }
        let clock = Clock { boots: usm.boots, time: usm.time };
        let peer = self.peers.get_mut(from);
        let keys = conversation.keys.as_ref().filter(|(id, _)| *id == engine);
        let (Some((_, keys)), Some(peer)) = (keys, peer.filter(|peer| peer.id == engine)) else {
            // The engine says its name, for the first time or another than before.
            let scoped =
                message.plain().ok().and_then(|octets| ScopedPdu::decode(octets, false).ok());
            let names = scoped.is_some_and(|scoped| scoped.pdu.kind == PduKind::Report);
            if !names || level != SecurityLevel::NoAuthNoPriv {
                return Err(Vain::Mismatched);
            }
            self.peers.discovered(from.clone(), engine, clock, now);
            return self.turn(now, id).ok_or(Vain::Mismatched);
        };
        if level >= SecurityLevel::AuthNoPriv {
            let key = keys.auth.as_ref().ok_or(Vain::Mismatched)?;
            if !message.is_authenticated_by(key, &usm) || !peer.hear(clock, now) {
                return Err(Vain::Mismatched);
            }
        }
        let mut room = Vec::new();
        let octets = match (level, &keys.privacy) {
            (SecurityLevel::AuthPriv, Some(key)) => {
                message.decrypt(key, &usm, &mut room).map_err(|_| Vain::Malformed)?
            }
            (SecurityLevel::AuthPriv, None) => return Err(Vain::Mismatched),
            _ => message.plain().map_err(|_| Vain::Malformed)?,
        };
        let padded = level == SecurityLevel::AuthPriv;
        let scoped = ScopedPdu::decode(octets, padded).map_err(|_| Vain::Malformed)?;
        match scoped.pdu.kind {
            PduKind::Report => {
                let name = scoped.pdu.varbinds.names().next().ok_or(Vain::Malformed)?;
                let report = name.to_oid();
                // A signed report may be about time, which has just been heard.
                if level >= SecurityLevel::AuthNoPriv && conversation.turns > 0 {
                    return self.turn(now, id).ok_or(Vain::Mismatched);
                }
                self.remove(id);
                Ok(Arrived::Reported { id, from: from.clone(), report })
            }
            PduKind::Response => {
                let same = level == conversation.user.level()
                    && usm.user == conversation.user.name().as_bytes()
                    && scoped.context_engine_id
                        == conversation.request.context.unwrap_or(engine).as_octets()
                    && scoped.context_name.is_empty()
                    && scoped.pdu.request_id == id.number();
                self.answered(now, id, &scoped.pdu, same)
            }
            _ => Err(Vain::NotAResponse),
        }
    }

    /// Takes a response, if it is the same in all that it repeats of its request.
    fn answered(
        &mut self,
        now: Instant,
        id: RequestId,
        pdu: &Pdu<'_>,
        same: bool,
    ) -> Result<Arrived<A>, Vain> {
        match same {
            true => self.complete(now, id, Response::from(pdu)).ok_or(Vain::UnknownId),
            false => Err(Vain::Mismatched),
        }
    }

    /// Sends a request once more, with what has been learnt.
    fn turn(&mut self, now: Instant, id: RequestId) -> Option<Arrived<A>> {
        let pending = self.pending.get_mut(&id)?;
        let Who::User(conversation) = &mut pending.who else { return None };
        conversation.turns = conversation.turns.checked_sub(1)?;
        let address = pending.address.clone();
        let octets: Arc<[u8]> =
            conversation.encode(id, &address, &mut self.peers, &self.salts, now).into();
        self.deadlines.remove(&(pending.deadline, id));
        pending.octets = Arc::clone(&octets);
        pending.sent = now;
        pending.deadline = now + pending.retry.wait(pending.attempt);
        self.deadlines.insert((pending.deadline, id));
        Some(Arrived::Send(Transmit { id, to: address, octets }))
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

/// Why a datagram completed nothing.
enum Vain {
    Malformed,
    NotAResponse,
    UnknownId,
    Mismatched,
}

impl Vain {
    fn counter(self, discarded: &mut Discarded) -> &mut u64 {
        match self {
            Self::Malformed => &mut discarded.malformed,
            Self::NotAResponse => &mut discarded.not_a_response,
            Self::UnknownId => &mut discarded.unknown_id,
            Self::Mismatched => &mut discarded.mismatched,
        }
    }
}

impl Conversation {
    /// The request, or the question for the engine's name where that is not known.
    fn encode<A: Eq + Hash>(
        &mut self,
        id: RequestId,
        address: &A,
        peers: &mut Peers<A>,
        salts: &Salts,
        now: Instant,
    ) -> Vec<u8> {
        let number = id.number();
        // An engine that the user has no keys for is asked for its name again: there
        // may be another by then, and nothing is said in the clear.
        let known = peers.get_mut(address).and_then(|peer| Some((peer.keys(&self.user)?, peer)));
        let Some((keys, peer)) = known else {
            self.keys = None;
            return v3::discovery(number, LONGEST);
        };
        let (_, keys) = self.keys.insert((peer.id, keys));
        let engine_id = peer.id.as_octets();
        let signed = keys.auth.is_some();
        let head = V3Head {
            engine_id,
            // RFC 3414 §3.1 (6): nobody looks at the clock of what is not signed.
            clock: if signed { peer.clock(now) } else { Clock::default() },
            user: self.user.name().as_bytes(),
            auth: keys.auth.as_ref(),
            privacy: keys.privacy.as_ref().map(|key| (key, salts.next())),
            context_engine_id: self.request.context.as_ref().unwrap_or(&peer.id).as_octets(),
            ..V3Head::unknown(number, LONGEST)
        };
        let Request { kind, non_repeaters, max_repetitions, varbinds, context: _ } = &self.request;
        v3::encode(
            &head,
            &OutPdu {
                kind: *kind,
                request_id: number,
                error_status: *non_repeaters,
                error_index: *max_repetitions,
                varbinds,
            },
        )
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
