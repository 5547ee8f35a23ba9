//! The client's side of requests and responses.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use lcms_snmp::{
    Arrived, Community, Completed, Credentials, Expired, Oid, Request, RequestId, ResponseWriter,
    Retry, Target, Tracker, Transmit, Value, VarBind, message,
};

use super::frames::{Frame, frame, frames};

/// Agents that are asked; a datagram may come from one more.
const AGENTS: u8 = 4;

/// Requests under way at the beginning.
const REQUESTS: u8 = 12;

/// Takes datagrams while requests to several agents are under way; the tag of a
/// frame says from whom, and now and then lets time pass. A request is completed
/// by its own agent alone, once, in its own version and community; all else is
/// counted and changes nothing.
pub fn tracker(octets: &[u8]) {
    let (mut tracker, mut now, mut open) = begun();
    for Frame { tag, octets } in frames(octets) {
        let from = tag % (AGENTS + 1);
        // From everybody else it comes first: if it completes a request then, it
        // must be one of theirs.
        for stranger in (0..=AGENTS).filter(|&agent| agent != from) {
            take(&mut tracker, now, stranger, octets, &mut open);
        }
        take(&mut tracker, now, from, octets, &mut open);
        if tag & 0x80 != 0 {
            now += Duration::from_millis(300);
            expire(&mut tracker, now, &mut open);
        }
    }
    // Whatever has arrived, everything ends.
    while let Some(deadline) = tracker.poll_timeout() {
        now = now.max(deadline);
        expire(&mut tracker, now, &mut open);
    }
    assert!(tracker.is_empty() && open.is_empty());
}

/// Whom the requests under way ask.
type Open = BTreeMap<RequestId, Target<u8>>;

/// A request as it was sent.
type Sent = (Target<u8>, Transmit<u8>);

fn take(tracker: &mut Tracker<u8>, now: Instant, from: u8, octets: &[u8], open: &mut Open) {
    let before = discarded(tracker);
    match tracker.on_datagram(now, &from, octets) {
        None => assert_eq!(discarded(tracker), before + 1),
        // None of the agents is asked in version 3.
        Some(Arrived::Send(_) | Arrived::Reported { .. }) => panic!("version 3"),
        Some(Arrived::Completed(Completed { id, from: answered, attempts, response, .. })) => {
            assert_eq!(discarded(tracker), before);
            let target = open.remove(&id).expect("only what is under way is completed");
            assert_eq!((target.address, answered), (from, from));
            assert!((1..=target.retry.retries + 1).contains(&attempts));
            let message = message::decode(octets).expect("a response");
            assert_eq!(message.pdu.request_id, id.number());
            let Credentials::Community(community) = &target.credentials else { panic!("a user") };
            assert_eq!(message.version, community.version());
            assert_eq!(message.community, community.name());
            assert_eq!(response.varbinds, message.pdu.varbinds.to_vec());
        }
    }
    assert_eq!(tracker.len(), open.len());
}

fn expire(tracker: &mut Tracker<u8>, now: Instant, open: &mut Open) {
    while let Some(expired) = tracker.on_timeout(now) {
        match expired {
            Expired::Resend(Transmit { id, to, .. }) => assert_eq!(open[&id].address, to),
            Expired::GaveUp { id, to, attempts } => {
                let target = open.remove(&id).expect("given up once");
                assert_eq!((target.address, target.retry.retries + 1), (to, attempts));
            }
        }
    }
    assert!(tracker.poll_timeout().is_none_or(|deadline| deadline > now));
}

fn discarded(tracker: &Tracker<u8>) -> u64 {
    let all = tracker.discarded();
    all.malformed + all.not_a_response + all.unknown_id + all.mismatched
}

/// A tracker with requests under way. The seed is always the same, and with it
/// the request-ids, so that an input can hold the right ones.
fn begun() -> (Tracker<u8>, Instant, Open) {
    let (tracker, now, sent) = asked();
    (tracker, now, sent.into_iter().map(|(target, sent)| (sent.id, target)).collect())
}

fn asked() -> (Tracker<u8>, Instant, Vec<Sent>) {
    let mut tracker = Tracker::new([7; 16]);
    let now = Instant::now();
    let name = || "1.3.6.1.2.1.1.3.0".parse::<Oid>().unwrap();
    let requests = (0..REQUESTS).map(|nth| {
        let community = match nth % 3 {
            0 => Community::v1("public"),
            1 => Community::v2c("public"),
            _ => Community::v2c("other"),
        };
        let retry = Retry {
            timeout: Duration::from_millis(100),
            ceiling: Duration::from_millis(250),
            retries: u32::from(nth) % 4,
        };
        let target = Target { address: nth % AGENTS, credentials: community.into(), retry };
        let request = match nth % 4 {
            0 => Request::get([name()]),
            1 => Request::get_next([name(), name()]),
            2 => Request::get_bulk(0, 10, [name()]),
            _ => Request::set(vec![VarBind { name: name(), value: Value::Integer(1) }]),
        };
        let sent = tracker.submit(now, &target, &request);
        (target, sent)
    });
    let requests = requests.collect();
    (tracker, now, requests)
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let (_, _, sent) = asked();
    let answers: Vec<Vec<u8>> = sent
        .iter()
        .map(|(target, sent)| {
            let request = message::decode(&sent.octets).expect("our own request");
            let mut out = Vec::new();
            let mut response = ResponseWriter::new(&mut out, &request, 1472);
            for name in request.pdu.varbinds.names() {
                assert!(response.push(&name.to_oid(), &Value::TimeTicks(42)));
            }
            frame(target.address, response.finish().expect("it fits"))
        })
        .collect();
    let late = answers.iter().map(|answer| [&[answer[0] | 0x80], &answer[1..]].concat());
    let mut seeds = vec![answers.concat(), late.collect::<Vec<_>>().concat()];
    // What was asked is no answer.
    seeds.push(sent.iter().flat_map(|(_, sent)| frame(sent.to, &sent.octets)).collect());
    seeds.extend(answers);
    seeds
}
