//! Every entrance for foreign bytes, with random octets and with damaged good
//! input, in a fraction of the time that fuzzing takes; and every entrance has
//! its fuzz target.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::{collections::BTreeSet, fmt, fs, ops::Range};

use lcms_tests::{
    entrances::{self, Entrance},
    root,
};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
    test_runner::{Config, TestRunner},
};

/// A test for each entrance, with as many cases as its cost allows.
macro_rules! drive {
    ($($name:ident: $cases:literal,)*) => {
        const DRIVEN: &[&str] = &[$(stringify!($name)),*];
        $(#[test]
        fn $name() {
            drive(stringify!($name), $cases);
        })*
    };
}

drive! {
    agent: 1500,
    agentx: 8000,
    agent_config: 1000,
    inventory: 2000,
    message: 8000,
    mib_cache: 1000,
    mib_lint: 60,
    mib_text: 300,
    mib_words: 3000,
    notification: 4000,
    proc_files: 2000,
    check_answer: 8000,
    proxy_header: 8000,
    rows: 1000,
    scoped_pdu: 4000,
    state_document: 400,
    tracker: 3000,
    v3_message: 4000,
}

fn drive(name: &str, cases: u32) {
    let Entrance { enter, seeds, .. } = *entrance(name);
    let seeds = seeds();
    for seed in &seeds {
        enter(seed);
    }
    // An input that broke a law is named by the message and belongs to the
    // seeds; a file of recorded random numbers would say nothing.
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&inputs(seeds), |Octets(input)| {
        enter(&input);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

fn entrance(name: &str) -> &'static Entrance {
    let named = entrances::ALL.iter().find(|entrance| entrance.name == name);
    named.unwrap_or_else(|| panic!("{name} is not in the list"))
}

/// An input, shown as it can be put into a test.
#[derive(Clone)]
struct Octets(Vec<u8>);

impl fmt::Debug for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

fn inputs(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Octets> {
    let damaged = (select(seeds.clone()), vec(damage(seeds), 0..5));
    let damaged = damaged.prop_map(|(seed, damages)| {
        damages.iter().fold(seed, |octets, damage| damage.apply(octets))
    });
    prop_oneof![1 => vec(any::<u8>(), 0..300), 7 => damaged].prop_map(Octets)
}

/// One thing that happens to an input.
#[derive(Clone, Debug)]
enum Damage {
    /// Its end is lost.
    Cut(Index),
    /// Bits of an octet change.
    Flip(Index, u8),
    /// An octet becomes one that is often a limit, of a length above all.
    Set(Index, u8),
    /// An octet becomes a little more or less.
    Add(Index, u8),
    /// A part is lost.
    Remove(Index, usize),
    /// A part comes twice.
    Duplicate(Index, usize),
    /// A part is that of another input.
    Splice(Index, Vec<u8>, Index, usize),
    /// Something is put in.
    Insert(Index, Vec<u8>),
}

fn damage(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Damage> {
    let at = any::<Index>;
    let limits = vec![0, 1, 0x1f, 0x20, 0x30, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xfe, 0xff, b'"', b'}'];
    let steps = prop_oneof![1_u8..4, 252_u8..=255];
    prop_oneof![
        1 => at().prop_map(Damage::Cut),
        3 => (at(), 0..8_u32).prop_map(|(at, bit)| Damage::Flip(at, 1 << bit)),
        2 => (at(), select(limits)).prop_map(|(at, limit)| Damage::Set(at, limit)),
        3 => (at(), steps).prop_map(|(at, step)| Damage::Add(at, step)),
        1 => (at(), 1..40_usize).prop_map(|(at, length)| Damage::Remove(at, length)),
        2 => (at(), 1..200_usize).prop_map(|(at, length)| Damage::Duplicate(at, length)),
        2 => (at(), select(seeds), at(), 1..200_usize)
            .prop_map(|(at, other, from, length)| Damage::Splice(at, other, from, length)),
        1 => (at(), vec(any::<u8>(), 1..6)).prop_map(|(at, more)| Damage::Insert(at, more)),
    ]
}

impl Damage {
    fn apply(&self, mut octets: Vec<u8>) -> Vec<u8> {
        if octets.is_empty() {
            return octets;
        }
        let part = |at: &Index, length: usize, octets: &[u8]| -> Range<usize> {
            let start = at.index(octets.len());
            start..octets.len().min(start + length)
        };
        match self {
            Self::Cut(at) => octets.truncate(at.index(octets.len())),
            Self::Flip(at, bits) => *at.get_mut(&mut octets) ^= bits,
            Self::Set(at, octet) => *at.get_mut(&mut octets) = *octet,
            Self::Add(at, step) => {
                let octet = at.get_mut(&mut octets);
                *octet = octet.wrapping_add(*step);
            }
            Self::Remove(at, length) => drop(octets.drain(part(at, *length, &octets))),
            Self::Duplicate(at, length) => {
                let range = part(at, *length, &octets);
                let twice = octets[range.clone()].to_vec();
                octets.splice(range.start..range.start, twice);
            }
            Self::Splice(at, other, from, length) => {
                let foreign = other[part(from, *length, other)].to_vec();
                octets.splice(part(at, *length, &octets), foreign);
            }
            Self::Insert(at, more) => {
                let at = at.index(octets.len());
                octets.splice(at..at, more.iter().copied());
            }
        }
        octets
    }
}

/// The list, the functions, the targets and the tests above are the same names.
#[test]
fn every_entrance_has_its_target() {
    let listed: BTreeSet<String> =
        entrances::ALL.iter().map(|entrance| entrance.name.to_owned()).collect();
    assert_eq!(listed, DRIVEN.iter().map(|name| (*name).to_owned()).collect());
    assert_eq!(listed, functions());

    let fuzz = root().join("tests/fuzz");
    let mut targets = BTreeSet::new();
    for file in fs::read_dir(fuzz.join("fuzz_targets")).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(&format!("lcms_tests::entrances::{name}(octets)")), "{text}");
        targets.insert(name);
    }
    assert_eq!(listed, targets);

    let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    for name in &listed {
        let path = format!("path = \"fuzz_targets/{name}.rs\"");
        assert!(manifest.contains(&path), "Cargo.toml of the fuzz targets has no {name}");
    }
    assert_eq!(manifest.matches("[[bin]]").count(), listed.len());
}

/// The public functions of octets in the module's files.
fn functions() -> BTreeSet<String> {
    let folder = root().join("tests/src/entrances");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .flat_map(|path| {
            let text = fs::read_to_string(path).unwrap();
            let heads = text.lines().filter_map(|line| {
                line.strip_prefix("pub fn ")?.strip_suffix("(octets: &[u8]) {").map(str::to_owned)
            });
            heads.collect::<Vec<_>>()
        })
        .collect()
}
