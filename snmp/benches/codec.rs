//! Our codec beside rasn-snmp: nanoseconds and their ratio, the median of rounds
//! that take turns, so that a slow moment of the machine meets both.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use lcms_snmp::{
    OidBuf, OutMessage, PduKind, ResponseWriter, Value, VarBind, Version,
    message::{decode, encode},
};
use rasn_snmp::{v2::Pdus, v2c};

const ROUNDS: usize = 31;
const ROUND: Duration = Duration::from_millis(4);

fn main() {
    let get = request(&[varbind(3, 0, Value::Null)]);
    let varbinds: Vec<_> = (1..=20).map(|row| varbind(2, row, value(row))).collect();
    let response = encode(&OutMessage { kind: PduKind::Response, ..message(&varbinds) });
    let reference = |octets: &[u8]| rasn::ber::decode::<v2c::Message<Pdus>>(octets);

    println!("{:<34} {:>9} {:>9} {:>7}", "", "ours", "rasn", "ratio");
    compare(
        "GET: decode",
        || decode(black_box(&get)).is_ok(),
        || reference(black_box(&get)).is_ok(),
    );
    compare(
        "20 varbinds: decode",
        || decode(black_box(&response)).is_ok(),
        || reference(black_box(&response)).is_ok(),
    );
    let mut name = OidBuf::new();
    compare(
        "20 varbinds: decode and read all",
        || {
            let read = |varbind: lcms_snmp::RawVarBind<'_>| {
                varbind.name.read_into(&mut name);
                black_box((&name, varbind.value)).0.len()
            };
            decode(black_box(&response)).map(|message| message.pdu.varbinds.iter().map(read).sum())
                != Ok(0_usize)
        },
        || reference(black_box(&response)).is_ok(),
    );
    let request = decode(&get).expect("our own request");
    let model = reference(&response).expect("our own response");
    let mut out = Vec::new();
    compare(
        "20 varbinds: encode",
        || {
            let mut response = ResponseWriter::new(&mut out, &request, 1472);
            for VarBind { name, value } in black_box(&varbinds) {
                response.push(name, value);
            }
            response.finish().is_some()
        },
        || rasn::ber::encode(black_box(&model)).is_ok(),
    );

    // Linear or not: the time for an octet must not grow with the message.
    println!("\n{:<34} {:>9}", "decode, an octet", "ours");
    for count in [20, 200, 2_000, 20_000] {
        let varbinds: Vec<_> = (0..count).map(|row| varbind(2, row, value(row))).collect();
        let octets = encode(&message(&varbinds));
        let took = median((0..5).map(|_| time(&mut || decode(black_box(&octets)).is_ok())));
        let label = format!("{count} varbinds, {} octets", octets.len());
        println!("{label:<34} {:>6.2} ns", took / octets.len() as f64);
    }
}

fn message<'a>(varbinds: &'a [VarBind<'a>]) -> OutMessage<'a> {
    OutMessage {
        version: Version::V2c,
        community: b"public",
        kind: PduKind::GetRequest,
        request_id: 0x1234_5678,
        error_status: 0,
        error_index: 0,
        varbinds,
    }
}

fn request(varbinds: &[VarBind<'_>]) -> Vec<u8> {
    encode(&message(varbinds))
}

/// An instance of ifTable, with the types that a walk of it brings.
fn varbind(column: u32, row: u32, value: Value<'static>) -> VarBind<'static> {
    let name = [1, 3, 6, 1, 2, 1, 2, 2, 1, column, row];
    VarBind { name: name[..].try_into().expect("an OID"), value }
}

fn value(row: u32) -> Value<'static> {
    match row % 5 {
        0 => Value::Integer(1),
        1 => Value::Counter32(3_000_000_000 + row),
        2 => Value::OctetString("eth0".into()),
        3 => Value::Gauge32(1_000_000_000),
        _ => Value::Counter64(1 << 50),
    }
}

fn compare(what: &str, mut ours: impl FnMut() -> bool, mut reference: impl FnMut() -> bool) {
    let rounds: Vec<_> = (0..ROUNDS).map(|_| (time(&mut ours), time(&mut reference))).collect();
    let nanos = median(rounds.iter().map(|round| round.0));
    let theirs = median(rounds.iter().map(|round| round.1));
    let ratio = median(rounds.iter().map(|(ours, theirs)| theirs / ours));
    println!("{what:<34} {nanos:>6.0} ns {theirs:>6.0} ns {ratio:>6.1}x");
}

/// Nanoseconds for a call.
fn time(work: &mut impl FnMut() -> bool) -> f64 {
    let begun = Instant::now();
    let mut calls = 0;
    while begun.elapsed() < ROUND {
        for _ in 0..64 {
            assert!(black_box(work()), "the work fails");
        }
        calls += 64;
    }
    begun.elapsed().as_nanos() as f64 / f64::from(calls)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
