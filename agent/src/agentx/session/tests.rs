//! Both ends of a session in one place, without a socket or a clock.

use std::cell::RefCell;

use lcms_snmp::agentx;

use super::*;

/// Two numbers that can be set together.
#[derive(Default)]
struct Numbers(RefCell<[i32; 2]>);

const BASE: [u32; 3] = [1, 3, 7];

fn name(arc: u32) -> Oid {
    Oid::new([&BASE[..], &[arc]].concat()).expect("it is one")
}

impl Numbers {
    fn apply(&self, varbinds: &[VarBind<'static>]) -> Result<[i32; 2], Fault> {
        let mut numbers = *self.0.borrow();
        for (at, VarBind { name, value }) in varbinds.iter().enumerate() {
            let fault = |status| Fault { status, index: at + 1 };
            let slot = name.last().and_then(|arc| numbers.get_mut(*arc as usize));
            let slot = slot.ok_or(fault(ErrorStatus::NoCreation))?;
            match value {
                Value::Integer(n @ 0..) => *slot = *n,
                Value::Integer(_) => return Err(fault(ErrorStatus::WrongValue)),
                _ => return Err(fault(ErrorStatus::WrongType)),
            }
        }
        Ok(numbers)
    }
}

impl Objects for Numbers {
    type Undo = [i32; 2];

    fn get(&self, wanted: &Oid) -> Value<'static> {
        let numbers = self.0.borrow();
        let found = (0..2).find(|arc| name(*arc) == *wanted);
        let value = found.and_then(|arc| numbers.get(arc as usize));
        value.map_or(Value::NoSuchInstance, |n| Value::Integer(*n))
    }

    fn after(&self, start: &Oid) -> Option<(Oid, Value<'static>)> {
        let found = (0..2).map(name).find(|name| name > start)?;
        let value = self.get(&found);
        Some((found, value))
    }

    fn test(&self, varbinds: &[VarBind<'static>]) -> Result<(), Fault> {
        self.apply(varbinds).map(|_| ())
    }

    fn commit(&self, varbinds: &[VarBind<'static>]) -> Result<[i32; 2], Fault> {
        let after = self.apply(varbinds)?;
        Ok(self.0.replace(after))
    }

    fn undo(&self, before: [i32; 2]) -> Result<(), Fault> {
        self.0.replace(before);
        Ok(())
    }
}

/// A master that answers everything with this error.
struct Pair {
    session: Session<[i32; 2]>,
    numbers: Numbers,
    now: Instant,
}

fn packets(mut octets: &[u8]) -> Vec<Packet> {
    let mut all = Vec::new();
    while let Ok(Some(length)) = agentx::packet_len(octets) {
        let (packet, rest) = octets.split_at(length);
        all.push(agentx::decode(packet).expect("we wrote it"));
        octets = rest;
    }
    assert!(octets.is_empty());
    all
}

const SESSION: u32 = 77;

impl Pair {
    fn new() -> (Self, Vec<u8>) {
        let now = Instant::now();
        let subtree = Subtree { oid: BASE.to_vec(), description: "numbers".to_owned() };
        let (session, open) = Session::open(vec![subtree], "a subagent", now);
        (Self { session, numbers: Numbers::default(), now }, open)
    }

    /// Answers octets of the subagent as a master does; what comes back.
    fn answer(&mut self, octets: &[u8], error: u16) -> Result<Vec<u8>, Lost> {
        let mut out = Vec::new();
        for packet in packets(octets) {
            let header = Header { session: SESSION, ..packet.header };
            let pdu = Pdu::Response { up_time: 1, error, index: 0, varbinds: Vec::new() };
            out.extend(self.session.receive(self.now, Packet { header, pdu }, &self.numbers)?);
        }
        Ok(out)
    }

    fn running() -> Self {
        let (mut pair, open) = Self::new();
        let registering = pair.answer(&open, 0).expect("it is welcome");
        assert_eq!(pair.answer(&registering, 0), Ok(Vec::new()));
        assert!(pair.session.is_running());
        pair
    }

    fn ask(&mut self, transaction: u32, pdu: Pdu) -> (u16, u16, Vec<VarBind<'static>>) {
        let header = Header { order: Order::Little, session: SESSION, transaction, packet: 9 };
        let packet = Packet { header, pdu };
        let out = self.session.receive(self.now, packet, &self.numbers).expect("it goes on");
        let [Packet { header: back, pdu: Pdu::Response { error, index, varbinds, .. } }] =
            &packets(&out)[..]
        else {
            panic!("one response")
        };
        assert_eq!(*back, header);
        (*error, *index, varbinds.clone())
    }

    fn set(&mut self, transaction: u32, values: &[(u32, i32)]) -> (u16, u16) {
        let varbinds = values
            .iter()
            .map(|(arc, n)| VarBind { name: name(*arc), value: Value::Integer(*n) })
            .collect();
        let (error, index, _) = self.ask(transaction, Pdu::TestSet { context: None, varbinds });
        (error, index)
    }

    fn step(&mut self, transaction: u32, pdu: Pdu) -> u16 {
        self.ask(transaction, pdu).0
    }
}

fn range(start: &[u32], include: bool, end: &[u32]) -> SearchRange {
    SearchRange { start: start.to_vec(), include, end: end.to_vec() }
}

#[test]
fn a_session_opens_and_registers() {
    let (mut pair, open) = Pair::new();
    assert!(matches!(packets(&open)[..], [Packet { pdu: Pdu::Open { .. }, .. }]));
    let registering = pair.answer(&open, 0).expect("it is welcome");
    let asked = packets(&registering);
    assert!(asked.iter().all(|packet| packet.header.session == SESSION));
    let [Packet { pdu: Pdu::Register { registration, .. }, .. }, caps] = &asked[..] else {
        panic!("a registration and a capability")
    };
    assert_eq!(registration.subtree, BASE);
    assert!(matches!(caps.pdu, Pdu::AddAgentCaps { .. }));
    assert!(!pair.session.is_running());
    assert_eq!(pair.answer(&registering, 263), Err(Lost::Refused(263)));
}

#[test]
fn variables_are_read_within_their_range() {
    let mut pair = Pair::running();
    pair.numbers.0.replace([5, 6]);
    let get = |ranges| Pdu::Get { context: None, ranges };
    let (error, _, found) =
        pair.ask(1, get(vec![range(&name(1), true, &[]), range(&[1, 3], true, &[])]));
    assert_eq!(error, 0);
    assert_eq!([&found[0].value, &found[1].value], [&Value::Integer(6), &Value::NoSuchInstance]);

    for (asked, expected) in [
        (range(&BASE, false, &[]), name(0)),
        (range(&name(0), false, &[]), name(1)),
        (range(&name(0), true, &[]), name(0)),
    ] {
        let (_, _, found) = pair.ask(1, Pdu::GetNext { context: None, ranges: vec![asked] });
        assert_eq!(found[0].name, expected);
    }
    for asked in [range(&name(0), false, &name(1)), range(&name(1), false, &[])] {
        let start = asked.start.clone();
        let (_, _, found) = pair.ask(1, Pdu::GetNext { context: None, ranges: vec![asked] });
        assert_eq!((found[0].name.arcs(), &found[0].value), (&start[..], &Value::EndOfMibView));
    }
    let ranges = vec![range(&name(0), true, &[]), range(&BASE, false, &[])];
    let bulk = Pdu::GetBulk { context: None, non_repeaters: 1, max_repetitions: 50, ranges };
    let (_, _, found) = pair.ask(1, bulk);
    let names: Vec<&Oid> = found.iter().map(|varbind| &varbind.name).collect();
    assert_eq!(names, [&name(0), &name(0), &name(1), &name(1)]);
    assert_eq!(found[3].value, Value::EndOfMibView);
}

#[test]
fn a_set_is_tested_committed_and_taken_back() {
    let mut pair = Pair::running();
    assert_eq!(pair.set(1, &[(0, 7), (1, 8)]), (0, 0));
    assert_eq!(*pair.numbers.0.borrow(), [0, 0], "a test does nothing");
    assert_eq!(pair.step(1, Pdu::CommitSet), 0);
    assert_eq!(*pair.numbers.0.borrow(), [7, 8]);
    assert_eq!(pair.step(1, Pdu::UndoSet), 0);
    assert_eq!(*pair.numbers.0.borrow(), [0, 0]);
    assert_eq!(pair.step(1, Pdu::CommitSet), ErrorStatus::CommitFailed as u16);
}

#[test]
fn a_set_in_parts_is_one_set() {
    let mut pair = Pair::running();
    assert_eq!(pair.set(5, &[(0, 7)]), (0, 0));
    assert_eq!(pair.set(5, &[(1, 8)]), (0, 0));
    // The master commits each part; the first commit is for all of them.
    assert_eq!(pair.step(5, Pdu::CommitSet), 0);
    assert_eq!(*pair.numbers.0.borrow(), [7, 8]);
    assert_eq!(pair.step(5, Pdu::CommitSet), 0);
    let header = Header { session: SESSION, transaction: 5, ..Header::default() };
    let cleanup = Packet { header, pdu: Pdu::CleanupSet };
    assert_eq!(pair.session.receive(pair.now, cleanup, &pair.numbers), Ok(Vec::new()));
    assert_eq!(*pair.numbers.0.borrow(), [7, 8]);
}

#[test]
fn a_refused_set_says_which_variable() {
    let mut pair = Pair::running();
    assert_eq!(pair.set(1, &[(0, 7), (1, -1)]), (ErrorStatus::WrongValue as u16, 2));
    assert_eq!(pair.set(2, &[(0, 7)]), (0, 0));
    assert_eq!(pair.set(2, &[(1, 1), (9, 1)]), (ErrorStatus::NoCreation as u16, 2));
    assert_eq!(*pair.numbers.0.borrow(), [0, 0]);
}

#[test]
fn a_stranger_s_session_and_contexts_are_refused() {
    let mut pair = Pair::running();
    let ranges = vec![range(&name(0), true, &[])];
    let context = Some(b"other".to_vec());
    let (error, ..) = pair.ask(1, Pdu::Get { context, ranges: ranges.clone() });
    assert_eq!(error, UNSUPPORTED_CONTEXT);
    let header = Header { session: SESSION + 1, ..Header::default() };
    let packet = Packet { header, pdu: Pdu::Get { context: None, ranges } };
    let out = pair.session.receive(pair.now, packet, &pair.numbers).expect("it goes on");
    assert!(matches!(
        packets(&out)[..],
        [Packet { pdu: Pdu::Response { error: NOT_OPEN, .. }, .. }]
    ));
}

#[test]
fn a_silent_master_is_pinged_and_given_up() {
    let mut pair = Pair::running();
    assert_eq!(pair.session.tick(pair.now), Ok(Vec::new()));
    pair.now += QUIET + Duration::from_secs(1);
    let ping = pair.session.tick(pair.now).expect("it is not lost yet");
    assert!(matches!(packets(&ping)[..], [Packet { pdu: Pdu::Ping { .. }, .. }]));
    assert_eq!(pair.answer(&ping, 0), Ok(Vec::new()));
    pair.now += QUIET + Duration::from_secs(1);
    let ping = pair.session.tick(pair.now).expect("it is not lost yet");
    assert!(!ping.is_empty());
    pair.now += PATIENCE + Duration::from_secs(1);
    assert_eq!(pair.session.tick(pair.now), Err(Lost::Silent));
}

#[test]
fn a_closed_session_is_lost() {
    let mut pair = Pair::running();
    let header = Header { session: SESSION, ..Header::default() };
    let close = Packet { header, pdu: Pdu::Close { reason: 5 } };
    assert_eq!(pair.session.receive(pair.now, close, &pair.numbers), Err(Lost::Closed(5)));
    assert!(matches!(
        packets(&pair.session.close(pair.now))[..],
        [Packet { pdu: Pdu::Close { .. }, .. }]
    ));
}
