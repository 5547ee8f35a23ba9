//! Notifications in all versions, and both ends of an exchange of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::{
    borrow::Cow,
    net::SocketAddr,
    time::{Duration, Instant},
};

use lcms_snmp::{
    Arrived, Community, EngineId, Envelope, Expired, LocalKeys, Octets, Oid, Request, Retry,
    Secret, Target, Tracker, UserCredentials, Value, VarBind, Version, message,
    notification::{
        Incoming, Names, NotANotification, Notification, Opened, Receiver, Refused, Sender,
    },
    usm::{AuthProtocol, Clock, PrivProtocol},
    v3::{Salts, SecurityLevel},
    vacm::{Family, View},
};
use proptest::prelude::*;

fn oid(text: &str) -> Oid {
    text.parse().unwrap()
}

fn names() -> Names {
    Names {
        sys_up_time: oid("1.3.6.1.2.1.1.3.0"),
        snmp_trap_oid: oid("1.3.6.1.6.3.1.1.4.1.0"),
        snmp_trap_enterprise: oid("1.3.6.1.6.3.1.1.4.3.0"),
        snmp_trap_address: oid("1.3.6.1.6.3.18.1.3.0"),
        snmp_traps: oid("1.3.6.1.6.3.1.1.5"),
    }
}

fn bind(name: &str, value: Value<'static>) -> VarBind<'static> {
    VarBind { name: oid(name), value }
}

fn notification(name: &str, objects: Vec<VarBind<'static>>) -> Notification {
    Notification { up_time: 4711, name: oid(name), objects }
}

fn down() -> Notification {
    notification("1.3.6.1.4.1.9.0.2", vec![bind("1.3.6.1.4.1.9.1.1.7", Value::Integer(2))])
}

/// RFC 3584 §3.2 (1) to (3), and §3.1 the other way.
#[test]
fn version_1_and_back() {
    let own = oid("1.3.6.1.4.1.8072.3");
    let under = Value::ObjectIdentifier(Cow::Owned(oid("1.3.6.1.4.1.77")));
    let said = bind("1.3.6.1.6.3.1.1.4.3.0", under);
    for (name, objects, enterprise, generic, specific) in [
        ("1.3.6.1.6.3.1.1.5.1", vec![], "1.3.6.1.4.1.8072.3", 0, 0),
        ("1.3.6.1.6.3.1.1.5.5", vec![said], "1.3.6.1.4.1.77", 4, 0),
        ("1.3.6.1.6.3.1.1.5.6", vec![], "1.3.6.1.4.1.8072.3", 5, 0),
        ("1.3.6.1.4.1.9.0.2", vec![], "1.3.6.1.4.1.9", 6, 2),
        ("1.3.6.1.4.1.9.5.2", vec![], "1.3.6.1.4.1.9.5", 6, 2),
        ("1.3.6.1.6.3.1.1.5.7", vec![], "1.3.6.1.6.3.1.1.5", 6, 7),
    ] {
        let trap = notification(name, objects).in_v1(&own, &names()).unwrap();
        assert_eq!(
            (trap.enterprise, trap.generic, trap.specific),
            (oid(enterprise), generic, specific)
        );
        assert!(trap.objects.is_empty(), "snmpTrapEnterprise.0 is the enterprise now");
    }
    let counters =
        notification("1.3.6.1.4.1.9.0.2", vec![bind("1.3.6.1.4.1.9.1", Value::Counter64(1))]);
    assert_eq!(counters.in_v1(&own, &names()), None, "no Counter64 in version 1");
    let huge = notification("1.3.6.1.4.1.9.0.4294967295", vec![]);
    assert_eq!(huge.in_v1(&own, &names()), None, "no such number in version 1");

    let octets = down().trap(Version::V1, b"c", 0, (&own, [192, 0, 2, 7]), &names()).unwrap();
    let incoming = Incoming::of(&message::open(&octets).unwrap(), &names()).unwrap();
    assert_eq!(incoming.notification.name, down().name);
    assert_eq!(incoming.notification.up_time, 4711);
    assert!(!incoming.confirmed && incoming.acknowledge(&names()).is_none());
    let [first, address, enterprise] = incoming.notification.objects.as_slice() else { panic!() };
    assert_eq!(*first, down().objects[0]);
    assert_eq!(*address, bind("1.3.6.1.6.3.18.1.3.0", Value::IpAddress([192, 0, 2, 7])));
    assert_eq!(enterprise.name, names().snmp_trap_enterprise);
}

#[test]
fn version_2_is_read_as_it_was_written() {
    let own = oid("1.3.6.1");
    let octets = down().trap(Version::V2c, b"secret", 5, (&own, [0; 4]), &names()).unwrap();
    let incoming = Incoming::of(&message::open(&octets).unwrap(), &names()).unwrap();
    assert_eq!(incoming.notification, down());
    assert!(matches!(incoming.sender, Sender::Community { version: Version::V2c, community }
        if community.expose() == b"secret"));

    let mut varbinds = down().varbinds(&names());
    varbinds.swap(0, 1);
    let error = Notification::of_varbinds(varbinds, &names()).unwrap_err();
    assert_eq!(error, NotANotification::WithoutName);
    assert!(Notification::of_varbinds(Vec::new(), &names()).is_err());
    // A name of no octets, which is 0.0 to whoever reads it.
    let nameless = notification("0.0", vec![]).varbinds(&names());
    assert_eq!(Notification::of_varbinds(nameless, &names()), Err(NotANotification::WithoutName));
}

fn view(families: &[(&str, &[u8], bool)]) -> View {
    let family = |(subtree, mask, included): &(&str, &[u8], bool)| Family {
        subtree: oid(subtree).arcs().to_vec(),
        mask: mask.to_vec(),
        included: *included,
    };
    View::new(families.iter().map(family).collect())
}

/// RFC 3413 §6: the name must be included, and no object excluded; the longest
/// subtree decides, and of a mask's zeros any number will do.
#[test]
fn filters() {
    let passes = |families: &[(&str, &[u8], bool)]| down().passes(&view(families));
    assert!(!passes(&[]), "what is not included is not sent");
    assert!(passes(&[("1.3.6.1.4.1.9.0", &[], true)]), "nothing is said of the object");
    assert!(passes(&[("1.3.6.1.4.1.9", &[], true)]));
    assert!(!passes(&[("1.3.6.1.4.1.9", &[], true), ("1.3.6.1.4.1.9.0.2", &[], false)]));
    assert!(passes(&[
        ("1.3.6.1.4.1.9", &[], false),
        ("1.3.6.1.4.1.9.0.2", &[], true),
        ("1.3.6.1.4.1.9.1", &[], true)
    ]));
    assert!(!passes(&[("1.3.6.1.4.1.9.0", &[], true), ("1.3.6.1.4.1.9.1.1.7", &[], false)]));
    // Any column of the table, for row 7.
    assert!(!passes(&[
        ("1.3.6.1.4.1.9.0", &[], true),
        ("1.3.6.1.4.1.9.1.99.7", &[0xff, 0x7f], false)
    ]));
    assert!(passes(&[
        ("1.3.6.1.4.1.9.0", &[], true),
        ("1.3.6.1.4.1.9.1.99.8", &[0xff, 0x7f], false)
    ]));
}

/// RFC 3413 §3.3: the notify view has the name and every object.
#[test]
fn notify_views() {
    assert!(down().is_in(&view(&[("1.3.6.1.4.1.9", &[], true)])));
    assert!(!down().is_in(&view(&[("1.3.6.1.4.1.9.0", &[], true)])));
    assert!(!down().is_in(&view(&[("1.3.6.1.4.1.9.1", &[], true)])));
    assert!(!down().is_in(&view(&[])));
}

fn receiver_name() -> EngineId {
    EngineId::of_enterprise(8072, [9; 12])
}

fn sender_name() -> EngineId {
    EngineId::of_enterprise(8072, [3; 12])
}

fn ann() -> UserCredentials {
    let secret = Secret::new("correct horse");
    let auth = Some((AuthProtocol::Sha256, &secret));
    UserCredentials::new("ann", auth, Some((PrivProtocol::Aes128, &secret))).unwrap()
}

/// A receiver of notifications that knows Ann.
struct Station {
    salts: Salts,
    clock: Clock,
    names: Names,
}

impl Station {
    fn new() -> Self {
        Self { salts: Salts::random(1), clock: Clock { boots: 4, time: 1000 }, names: names() }
    }

    fn open(&self, octets: &[u8], now: Instant) -> Opened {
        let Ok(Envelope::V3(whole)) = message::open(octets) else { panic!() };
        let keys = |name: &str, engine: &EngineId| -> Option<LocalKeys> {
            (name == "ann").then(|| ann().localised(engine)).flatten()
        };
        let receiver = Receiver {
            engine_id: receiver_name(),
            clock: self.clock,
            salts: &self.salts,
            max_size: 65_507,
            keys: &keys,
            timely: &|_, clock, _| clock.boots == 7,
            count: &|refused| {
                let arc = match refused {
                    Refused::Malformed | Refused::NotANotification => return None,
                    refused => refused as u32,
                };
                Some((vec![1, 3, 6, 1, 6, 3, 15, 1, 1, arc, 0], 1))
            },
            names: &self.names,
        };
        receiver.open(whole, now)
    }
}

fn retry(retries: u32) -> Retry {
    let second = Duration::from_secs(1);
    Retry { timeout: second, ceiling: 4 * second, retries }
}

/// Discovery of the receiver's name and of its time, the inform itself, and its
/// acknowledgement: all that RFC 3414 §4 has, between the two ends of this crate.
#[test]
fn an_inform_of_version_3_finds_its_way() {
    let (mut now, station) = (Instant::now(), Station::new());
    let mut tracker = Tracker::new([5; 16]);
    let address: SocketAddr = "192.0.2.1:162".parse().unwrap();
    let target = Target { address, credentials: ann().into(), retry: retry(1) };
    let request = Request::inform(down().varbinds(&names()), sender_name());
    let mut octets = tracker.submit(now, &target, &request).octets;
    let mut reports = Vec::new();
    for _ in 0..4 {
        now += Duration::from_millis(10);
        match station.open(&octets, now) {
            Opened::Report(report, refused) => {
                reports.push(refused);
                match tracker.on_datagram(now, &address, &report) {
                    Some(Arrived::Send(next)) => octets = next.octets,
                    other => panic!("{other:?}"),
                }
            }
            Opened::Notification(incoming, acknowledgement) => {
                assert_eq!(incoming.notification, down());
                let Sender::User { name, level, context_engine_id, .. } = incoming.sender else {
                    panic!()
                };
                assert_eq!((name.as_str(), level), ("ann", SecurityLevel::AuthPriv));
                assert_eq!(context_engine_id, sender_name().as_octets(), "whose objects they are");
                let acknowledgement = acknowledgement.unwrap();
                let arrived = tracker.on_datagram(now, &address, &acknowledgement);
                assert!(matches!(arrived, Some(Arrived::Completed(_))), "{arrived:?}");
                assert!(tracker.is_empty(), "nothing is sent again");
                assert_eq!(reports.first(), Some(&Refused::UnknownEngineIds));
                return;
            }
            other => panic!("{other:?}"),
        }
    }
    panic!("it never arrived: {reports:?}");
}

/// What is not Ann's, or of another time, is not taken.
#[test]
fn traps_of_version_3_are_believed_by_their_keys() {
    use lcms_snmp::{PduKind, v3};
    let (now, station) = (Instant::now(), Station::new());
    let keys = ann().localised(&sender_name()).unwrap();
    let trap = |boots, user: &str, context: EngineId| {
        let (context, salts) = (context, Salts::random(2));
        let head = v3::V3Head {
            id: 9,
            max_size: 1472,
            reportable: false,
            engine_id: context.as_octets(),
            clock: Clock { boots, time: 3 },
            user: user.as_bytes(),
            auth: keys.auth.as_ref(),
            privacy: keys.privacy.as_ref().map(|key| (key, salts.next())),
            transport: None,
            context_engine_id: context.as_octets(),
            context_name: &[],
        };
        let varbinds = down().varbinds(&names());
        let pdu = v3::OutPdu {
            kind: PduKind::SnmpV2Trap,
            request_id: 1,
            error_status: 0,
            error_index: 0,
            varbinds: &varbinds,
        };
        v3::encode(&head, &pdu)
    };
    let good = trap(7, "ann", sender_name());
    match station.open(&good, now) {
        Opened::Notification(incoming, None) => assert_eq!(incoming.notification, down()),
        other => panic!("{other:?}"),
    }
    let mut damaged = good;
    *damaged.last_mut().unwrap() ^= 1;
    for (octets, why) in [
        (damaged, Refused::WrongDigests),
        (trap(6, "ann", sender_name()), Refused::NotInTimeWindows),
        (trap(7, "bob", sender_name()), Refused::UnknownUserNames),
        (trap(7, "ann", EngineId::of_enterprise(8072, [4; 12])), Refused::WrongDigests),
    ] {
        match station.open(&octets, now) {
            Opened::Dropped(refused) => assert_eq!(refused, why),
            other => panic!("a trap has no answer, and this was {other:?}"),
        }
    }
}

proptest! {
    /// Over a link that loses what it likes, an inform is sent 1 + retries times at
    /// most, and acknowledged once or given up.
    #[test]
    fn informs_over_a_lossy_link(
        lost in prop::collection::vec((any::<bool>(), any::<bool>(), any::<bool>()), 0..12),
        retries in 0..6_u32,
    ) {
        let mut now = Instant::now();
        let mut tracker = Tracker::new([5; 16]);
        let address: SocketAddr = "192.0.2.1:162".parse().unwrap();
        let credentials = Community::v2c("c").into();
        let target = Target { address, credentials, retry: retry(retries) };
        let request = Request::inform(down().varbinds(&names()), sender_name());
        let mut lost = lost.into_iter();
        let (mut sent, mut acknowledged, mut ended) = (0, 0, 0);
        let mut outgoing = Some(tracker.submit(now, &target, &request).octets);
        loop {
            if let Some(octets) = outgoing.take() {
                sent += 1;
                let (there, back, twice) = lost.next().unwrap_or((false, false, false));
                if !there {
                    let envelope = message::open(&octets).unwrap();
                    let incoming = Incoming::of(&envelope, &names()).unwrap();
                    prop_assert_eq!(&incoming.notification, &down());
                    let answer = incoming.acknowledge(&names()).unwrap();
                    for _ in 0..if back { 0 } else { 1 + i32::from(twice) } {
                        if tracker.on_datagram(now, &address, &answer).is_some() {
                            acknowledged += 1;
                        }
                    }
                }
            }
            let Some(due) = tracker.poll_timeout() else { break };
            now = due;
            match tracker.on_timeout(now) {
                Some(Expired::Resend(again)) => outgoing = Some(again.octets),
                Some(Expired::GaveUp { .. }) => ended += 1,
                None => {}
            }
        }
        prop_assert!(sent <= 1 + retries);
        prop_assert_eq!(acknowledged + ended, 1);
        prop_assert!(acknowledged == 1 || sent == 1 + retries);
    }

    /// Whatever comes, nothing panics.
    #[test]
    fn anything_may_come(octets in prop::collection::vec(any::<u8>(), 0..200), at in 0..300_usize, bit in 0..8_u8) {
        let station = Station::new();
        let mut message = ann_inform();
        if let Some(octet) = message.get_mut(at) {
            *octet ^= 1_u8 << bit;
        }
        for octets in [octets, message] {
            match message::open(&octets) {
                Ok(Envelope::V3(_)) => { station.open(&octets, Instant::now()); }
                Ok(other) => { let _ = Incoming::of(&other, &names()); }
                Err(_) => {}
            }
        }
    }
}

fn ann_inform() -> Vec<u8> {
    let mut tracker: Tracker<u8> = Tracker::new([5; 16]);
    let target = Target { address: 1, credentials: ann().into(), retry: retry(0) };
    let text = Value::OctetString(Octets::from("x"));
    let request = Request::inform(vec![bind("1.3.6", text)], sender_name());
    tracker.submit(Instant::now(), &target, &request).octets.to_vec()
}
