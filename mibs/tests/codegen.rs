//! The generated code of a module with one of everything: its text, and what it
//! does. The golden text is compiled into this test, so it is known to be Rust.

use std::path::Path;

use lcms_mibs::{Compiler, codegen};
use lcms_snmp::{
    Octets, Oid, Value,
    object::{Access, Base, Index as _, SyntaxError, Table},
};
use proptest::prelude::*;

#[allow(dead_code, unused_imports, unused_variables, unused_mut, unused_qualifications)]
#[allow(unreachable_code, clippy::all)]
mod fixture {
    include!("golden/fixture.rs");
}

use fixture::{
    fixture_mib::{fx_address, fx_all, fx_more, fx_scalars, notifications},
    tc,
};

/// `UPDATE_GOLDEN=1 cargo test` writes the text anew.
#[test]
fn the_generated_text_is_the_golden_one() {
    let mut compiler = Compiler::with_base();
    compiler.text("fixture", include_str!("fixture.mib"));
    let mib = compiler.compile();
    assert_eq!(mib.records().collect::<Vec<_>>(), []);
    let text = codegen::generate(&mib, &["FIXTURE-MIB"]).unwrap();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/fixture.rs");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&golden, &text).unwrap();
    }
    let expected = std::fs::read_to_string(&golden).unwrap();
    let differs = text.lines().zip(expected.lines()).position(|(a, b)| a != b);
    assert!(text == expected, "the generated text differs, first in line {differs:?}");
}

#[test]
fn an_entry_says_what_the_mib_says() {
    let entry = fx_all::FxAll::ENTRY;
    assert_eq!(entry.name, "fxAllEntry");
    assert_eq!(entry.oid, [1, 3, 6, 1, 3, 9999, 1, 1, 1]);
    let arcs: Vec<u32> = entry.columns.iter().map(|column| column.arc).collect();
    assert_eq!(arcs, [9, 10, 11, 12, 13, 14, 15]);
    let level = entry.column(fx_all::col::LEVEL).unwrap();
    assert_eq!((level.name, level.units), ("fxAllLevel", "steps"));
    assert_eq!((level.access, level.syntax.base), (Access::ReadCreate, Base::Integer32));
    assert_eq!(level.syntax.ranges, [(-5, 5), (10, 10)]);
    let bare: Vec<bool> = entry.index.iter().map(|part| part.bare).collect();
    assert_eq!(bare, [false, false, false, false, true, false, false, true]);
    assert_eq!(fx_all::ROW_STATUS, Some(15));
    assert!(fx_scalars::FxScalars::ENTRY.is_scalars());
    // Obsolete objects are left out.
    assert_eq!(fx_scalars::FxScalars::ENTRY.column(8).map(|column| column.name), None);
    assert_eq!(fixture::MODULES[0].description, "One of everything.");
}

#[test]
fn the_syntax_decides_what_can_be_written() {
    let write = |arc, value: Value<'_>| {
        let mut patch = fx_all::Patch::default();
        fx_all::FxAll::write(&mut patch, arc, &value).map(|()| patch)
    };
    let text = |octets: &[u8]| Value::OctetString(Octets::copied(octets));
    use fx_all::col;
    for (arc, value, error) in [
        (col::LEVEL, Value::Integer(6), SyntaxError::WrongValue),
        (col::LEVEL, Value::Gauge32(1), SyntaxError::WrongType),
        (col::MODE, Value::Integer(3), SyntaxError::WrongValue),
        (col::FLAGS, text(&[0x20]), SyntaxError::WrongValue),
        (col::FLAGS, text(&[0; 40]), SyntaxError::WrongLength),
        (col::KEY, text(b"abc"), SyntaxError::WrongLength),
        (col::NAME, text(&[0xff]), SyntaxError::WrongValue),
        (col::STATE, Value::Integer(1), SyntaxError::WrongType),
        (99, Value::Integer(1), SyntaxError::WrongType),
    ] {
        assert_eq!(write(arc, value.clone()), Err(error), "{arc} {value:?}");
    }
    let patch = write(col::LEVEL, Value::Integer(10)).unwrap();
    assert_eq!(patch, fx_all::Patch { level: Some(10), ..Default::default() });
}

#[test]
fn defaults_come_from_the_mib() {
    let flags = tc::FxFlags::FIRST | tc::FxFlags::TENTH;
    let expected = fx_all::Patch {
        name: Some("none".to_owned()),
        level: Some(-1),
        mode: Some(fx_all::FxAllMode::Fast),
        flags: Some(flags),
        type_: Some(Oid::new(vec![1, 3, 6, 1, 3, 9999, 1]).unwrap()),
        key: Some(vec![1, 2, 255, 0]),
        status: None,
    };
    assert_eq!(fx_all::Row::defaults(), expected);
    assert_eq!(flags.octets()[..], [0x80, 0x40]);
    assert_eq!(tc::FxFlags::from_octets(&[0x80, 0x40, 0]), Some(flags));
    assert_eq!(tc::FxFlags::from_octets(&[0x81]), None);
    assert_eq!(flags.labels().collect::<Vec<_>>(), ["first", "tenth"]);
}

#[test]
fn a_patch_becomes_varbinds_and_a_row_again() {
    let patch = fx_all::Row::defaults();
    let index = fx_all::Index {
        all_state: tc::FxState::InBetween,
        all_number: 7,
        all_address: [10, 0, 0, 1],
        all_text: "web".to_owned(),
        all_fixed: b"abcdef".to_vec(),
        all_oid: vec![1, 3],
        all_truth: true,
        all_rest: b"zz".to_vec(),
    };
    let mut row = fx_all::Row::default();
    for varbind in fx_all::FxAll::varbinds(&index, &patch) {
        let (arc, instance) = fx_all::ENTRY.split(&varbind.name).unwrap();
        assert_eq!(fx_all::Index::decode(instance), Some(index.clone()));
        fx_all::FxAll::fill(&mut row, arc, &varbind.value).unwrap();
        let served = fx_all::column(&&row, arc);
        assert_eq!(served, Some(varbind.value));
    }
    assert_eq!((row.level, row.mode, row.status), (Some(-1), Some(fx_all::FxAllMode::Fast), None));
    // What an agent does not have, and what this code does not know.
    fx_all::FxAll::fill(&mut row, fx_all::col::LEVEL, &Value::NoSuchInstance).unwrap();
    fx_all::FxAll::fill(&mut row, 99, &Value::Integer(1)).unwrap();
    assert_eq!(row.level, Some(-1));
}

#[test]
fn labels_are_read() {
    assert_eq!("ipv4".parse(), Ok(address_type()));
    assert!("ipx".parse::<tc::InetAddressType>().is_err());
}

#[test]
fn an_augmenting_row_has_the_index_of_its_base() {
    let index =
        fx_address::Index { address_type: address_type(), address_value: vec![192, 0, 2, 1] };
    let same: fx_more::Index = index;
    let mut arcs = Vec::new();
    same.encode(&mut arcs);
    assert_eq!(arcs, [1, 4, 192, 0, 2, 1]);
    assert_eq!(fx_more::ENTRY.index.len(), 2);
}

fn address_type() -> tc::InetAddressType {
    tc::InetAddressType::Ipv4
}

#[test]
fn notifications_go_out_and_come_in() {
    let sent = notifications::FxMixed {
        fx_all_index: an_index(),
        fx_address_index: fx_address::Index {
            address_type: address_type(),
            address_value: vec![1, 2, 3, 4],
        },
        name: "a".to_owned(),
        fx_address_name: "b".to_owned(),
        fx_counter: 5,
    };
    let varbinds = sent.varbinds();
    assert_eq!(varbinds.len(), 3);
    assert!(varbinds[2].name.ends_with(&[2, 0]));
    assert_eq!(notifications::FxMixed::from_varbinds(&varbinds), Some(sent));
    assert_eq!(notifications::FxMixed::from_varbinds(&varbinds[1..]), None);
    assert_eq!(notifications::FxChanged::OID, [1, 3, 6, 1, 3, 9999, 0, 1]);
}

fn an_index() -> fx_all::Index {
    fx_all::Index {
        all_state: tc::FxState::Up,
        all_number: 1,
        all_address: [0; 4],
        all_text: String::new(),
        all_fixed: vec![0; 6],
        all_oid: vec![1, 3],
        all_truth: false,
        all_rest: Vec::new(),
    }
}

#[test]
fn an_index_is_decoded_strictly() {
    let mut arcs = Vec::new();
    an_index().encode(&mut arcs);
    assert_eq!(fx_all::Index::decode(&arcs), Some(an_index()));
    for at in 0..arcs.len() {
        assert_eq!(fx_all::Index::decode(&arcs[..at]), None, "cut at {at}");
    }
    let wrong = |at: usize, arc: u32| {
        let mut arcs = arcs.clone();
        arcs[at] = arc;
        fx_all::Index::decode(&arcs)
    };
    assert_eq!(wrong(0, 9), None, "no such label");
    assert_eq!(wrong(2, 256), None, "no octet");
    assert_eq!(wrong(6, 33), None, "longer than the syntax allows");
    assert_eq!(wrong(6, u32::MAX), None, "longer than the OID");
    assert_eq!(wrong(14, 3), None, "no OID");
    assert_eq!(wrong(16, 3), None, "neither true nor false");
}

prop_compose! {
    fn indexes()(
        state in prop::sample::select(tc::FxState::ALL), number: u32, address: [u8; 4],
        text in "[a-c]{0,3}", fixed in prop::collection::vec(0..3_u8, 6),
        oid in prop::collection::vec(0..3_u32, 0..5), truth: bool,
        rest in prop::collection::vec(any::<u8>(), 0..4),
    ) -> fx_all::Index {
        fx_all::Index {
            all_state: state, all_number: number % 3, all_address: address, all_text: text,
            all_fixed: fixed, all_oid: oid, all_truth: truth, all_rest: rest,
        }
    }
}

proptest! {
    #[test]
    fn an_encoded_index_is_decoded(index in indexes()) {
        let mut arcs = Vec::new();
        index.encode(&mut arcs);
        prop_assert_eq!(fx_all::Index::decode(&arcs), Some(index));
    }

    #[test]
    fn a_decoded_index_is_encoded(arcs in prop::collection::vec(0..4_u32, 0..24)) {
        if let Some(index) = fx_all::Index::decode(&arcs) {
            let mut again = Vec::new();
            index.encode(&mut again);
            prop_assert_eq!(again, arcs);
        }
    }

    #[test]
    fn the_order_of_indexes_is_the_order_of_oids(mut a in indexes(), b in indexes(), same in 0..8_usize) {
        // Random indexes differ early; the later components deserve a look too.
        let copies: [fn(&mut fx_all::Index, &fx_all::Index); 7] = [
            |a, b| a.all_state = b.all_state,
            |a, b| a.all_number = b.all_number,
            |a, b| a.all_address = b.all_address,
            |a, b| a.all_text.clone_from(&b.all_text),
            |a, b| a.all_fixed.clone_from(&b.all_fixed),
            |a, b| a.all_oid = b.all_oid.clone(),
            |a, b| a.all_truth = b.all_truth,
        ];
        for copy in copies.iter().take(same) {
            copy(&mut a, &b);
        }
        let (mut arcs_a, mut arcs_b) = (Vec::new(), Vec::new());
        a.encode(&mut arcs_a);
        b.encode(&mut arcs_b);
        prop_assert_eq!(a.cmp(&b), arcs_a.cmp(&arcs_b));
    }
}
