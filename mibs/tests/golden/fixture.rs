// Generated from the MIB modules; changes belong there.

/// A MIB module this crate was generated from, as sysORTable shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Module {
    /// The module's name.
    pub name: &'static str,
    /// The OID of its MODULE-IDENTITY; empty where it has none.
    pub oid: &'static [u32],
    /// What it is for, in a sentence.
    pub description: &'static str,
}

/// All modules.
pub const MODULES: &[Module] = &[
    Module { name: "FIXTURE-MIB", oid: &[1, 3, 6, 1, 3, 9999], description: "One of everything." },
];

mod support {
// What the generated code shares. It is part of the generated text, so that the
// text needs nothing but lcms-snmp.

use std::{borrow::Cow, cmp::Ordering};

use lcms_snmp::{
    Octets, Oid, Value, VarBind,
    object::{Base, Entry, IndexPart, SyntaxError},
};

pub(super) fn integer(value: &Value<'_>) -> Result<i32, SyntaxError> {
    match value {
        Value::Integer(n) => Ok(*n),
        _ => Err(SyntaxError::WrongType),
    }
}

pub(super) fn unsigned(value: &Value<'_>) -> Result<u32, SyntaxError> {
    match value {
        Value::Gauge32(n) | Value::Counter32(n) | Value::TimeTicks(n) => Ok(*n),
        _ => Err(SyntaxError::WrongType),
    }
}

pub(super) fn counter64(value: &Value<'_>) -> Result<u64, SyntaxError> {
    match value {
        Value::Counter64(n) => Ok(*n),
        _ => Err(SyntaxError::WrongType),
    }
}

pub(super) fn ip_address(value: &Value<'_>) -> Result<[u8; 4], SyntaxError> {
    match value {
        Value::IpAddress(octets) => Ok(*octets),
        _ => Err(SyntaxError::WrongType),
    }
}

pub(super) fn oid(value: &Value<'_>) -> Result<Oid, SyntaxError> {
    match value {
        Value::ObjectIdentifier(oid) => Ok(Oid::clone(oid)),
        _ => Err(SyntaxError::WrongType),
    }
}

pub(super) fn octets(value: &Value<'_>) -> Result<Vec<u8>, SyntaxError> {
    match value {
        Value::OctetString(octets) | Value::Opaque(octets) => Ok(octets.to_vec()),
        _ => Err(SyntaxError::WrongType),
    }
}

pub(super) fn text(value: &Value<'_>) -> Result<String, SyntaxError> {
    String::from_utf8(octets(value)?).map_err(|_| SyntaxError::WrongValue)
}

// TruthValue of RFC 2579.
pub(super) fn truth(value: &Value<'_>) -> Result<bool, SyntaxError> {
    match integer(value)? {
        1 => Ok(true),
        2 => Ok(false),
        _ => Err(SyntaxError::WrongValue),
    }
}

pub(super) fn truth_value(truth: bool) -> Value<'static> {
    Value::Integer(if truth { 1 } else { 2 })
}

pub(super) fn push_octets(octets: &[u8], bare: bool, out: &mut Vec<u32>) {
    if !bare {
        out.push(octets.len() as u32);
    }
    out.extend(octets.iter().copied().map(u32::from));
}

pub(super) fn push_arcs(arcs: &[u32], bare: bool, out: &mut Vec<u32>) {
    if !bare {
        out.push(arcs.len() as u32);
    }
    out.extend_from_slice(arcs);
}

// A length in front is compared first, as it is in the OID.
pub(super) fn sequence_order<T: Ord>(a: &[T], b: &[T], bare: bool) -> Ordering {
    match bare {
        true => a.cmp(b),
        false => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
    }
}

// Reads one component of an index from the front of `rest`.
pub(super) fn component(part: &IndexPart, rest: &mut &[u32]) -> Option<Value<'static>> {
    let value = match part.syntax.base {
        Base::Integer32 => Value::Integer(i32::try_from(arc(rest)?).ok()?),
        Base::Gauge32 => Value::Gauge32(arc(rest)?),
        Base::Counter32 => Value::Counter32(arc(rest)?),
        Base::TimeTicks => Value::TimeTicks(arc(rest)?),
        Base::Counter64 => Value::Counter64(u64::from(arc(rest)?)),
        Base::IpAddress => {
            let mut address = [0; 4];
            for octet in &mut address {
                *octet = u8::try_from(arc(rest)?).ok()?;
            }
            Value::IpAddress(address)
        }
        // `arcs` reads these.
        Base::ObjectIdentifier => return None,
        Base::OctetString | Base::Bits => Value::OctetString(octet_arcs(sequence(part, rest)?)?),
        Base::Opaque => Value::Opaque(octet_arcs(sequence(part, rest)?)?),
    };
    part.syntax.check(&value).ok()?;
    Some(value)
}

// The same for an OBJECT IDENTIFIER, of which an index can have less than the two
// sub-identifiers that BER needs: the subtree of everything is 1.
pub(super) fn arcs(part: &IndexPart, rest: &mut &[u32]) -> Option<Vec<u32>> {
    let arcs = sequence(part, rest)?;
    let is_root = matches!(arcs, [] | [0..=2]);
    (is_root || Oid::new(arcs).is_ok()).then(|| arcs.to_vec())
}

fn arc(rest: &mut &[u32]) -> Option<u32> {
    let (first, others) = rest.split_first()?;
    *rest = others;
    Some(*first)
}

fn sequence<'a>(part: &IndexPart, rest: &mut &'a [u32]) -> Option<&'a [u32]> {
    let len = match (part.bare, part.syntax.sizes) {
        (false, _) => usize::try_from(arc(rest)?).ok()?,
        (true, [(low, high)]) if low == high => usize::try_from(*low).ok()?,
        (true, _) => rest.len(),
    };
    let (taken, others) = rest.split_at_checked(len)?;
    *rest = others;
    Some(taken)
}

fn octet_arcs(arcs: &[u32]) -> Option<Octets<'static>> {
    let octets: Result<Vec<u8>, _> = arcs.iter().map(|&arc| u8::try_from(arc)).collect();
    Some(Octets::from(octets.ok()?))
}

// A variable binding of a notification.
pub(super) fn bind(
    entry: &Entry,
    arc: u32,
    index: &[u32],
    value: Value<'static>,
) -> Option<VarBind<'static>> {
    let name = Oid::new(entry.instance(arc, index)).ok()?;
    Some(VarBind { name, value })
}

// The first binding of a column: its index, and its value.
pub(super) fn find<'v>(
    varbinds: &'v [VarBind<'_>],
    entry: &Entry,
    arc: u32,
) -> Option<(&'v [u32], &'v Value<'v>)> {
    varbinds.iter().find_map(|varbind| {
        let (found, index) = entry.split(varbind.name.arcs())?;
        (found == arc).then_some((index, &varbind.value))
    })
}
}

/// The enumerations of all modules, by the name of their textual convention.
pub mod tc {
    use lcms_snmp::Octets;

    /// FxFlags: Flags.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct FxFlags(u32);

    impl FxFlags {
        /// first(0)
        pub const FIRST: Self = Self(1 << 0);
        /// second(1)
        pub const SECOND: Self = Self(1 << 1);
        /// tenth(9)
        pub const TENTH: Self = Self(1 << 9);

        const LABELS: &[(&str, Self)] = &[
            ("first", Self::FIRST),
            ("second", Self::SECOND),
            ("tenth", Self::TENTH),
        ];

        /// No bit.
        pub const fn empty() -> Self {
            Self(0)
        }

        /// Whether no bit is set.
        pub const fn is_empty(self) -> bool {
            self.0 == 0
        }

        /// Whether all bits of `other` are set.
        pub const fn contains(self, other: Self) -> bool {
            self.0 & other.0 == other.0
        }

        /// The bits of both.
        pub const fn union(self, other: Self) -> Self {
            Self(self.0 | other.0)
        }

        /// Sets the bits of `other`.
        pub fn insert(&mut self, other: Self) {
            self.0 |= other.0;
        }

        /// Clears the bits of `other`.
        pub fn remove(&mut self, other: Self) {
            self.0 &= !other.0;
        }

        /// The labels of the bits that are set.
        pub fn labels(self) -> impl Iterator<Item = &'static str> {
            Self::LABELS.iter().filter(move |(_, bit)| self.contains(*bit)).map(|(label, _)| *label)
        }

        /// The bit with this label.
        pub fn from_label(label: &str) -> Option<Self> {
            Self::LABELS.iter().find(|(name, _)| *name == label).map(|(_, bit)| *bit)
        }

        /// The form on the wire: the first bit is the highest of the first octet.
        pub fn octets(self) -> Octets<'static> {
            let mut octets = [0_u8; 2];
            for (at, octet) in octets.iter_mut().enumerate() {
                *octet = ((self.0 >> (8 * at)) as u8).reverse_bits();
            }
            Octets::copied(&octets)
        }

        /// Reads the form on the wire; `None` if a bit without a name is set.
        pub fn from_octets(octets: &[u8]) -> Option<Self> {
            let mut bits: u32 = 0;
            for (at, octet) in octets.iter().enumerate().filter(|(_, octet)| **octet != 0) {
                let shifted = u32::from(octet.reverse_bits()).checked_shl(8 * at as u32)?;
                bits |= shifted;
            }
            let all = Self::LABELS.iter().fold(Self(0), |sum, (_, bit)| sum.union(*bit));
            all.contains(Self(bits)).then_some(Self(bits))
        }
    }

    impl std::ops::BitOr for FxFlags {
        type Output = Self;

        fn bitor(self, other: Self) -> Self {
            self.union(other)
        }
    }

    /// FxState: A state, e.g. up(1).
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[repr(i32)]
    pub enum FxState {
        /// up(1)
        Up = 1,
        /// down(2)
        Down = 2,
        /// in-between(3)
        InBetween = 3,
    }

    impl FxState {
        /// Every value, in the order of the MIB.
        pub const ALL: &[Self] = &[Self::Up, Self::Down, Self::InBetween];

        /// The value with this number.
        pub fn from_number(number: i32) -> Option<Self> {
            Some(match number {
                1 => Self::Up,
                2 => Self::Down,
                3 => Self::InBetween,
                _ => return None,
            })
        }

        /// The number in the MIB.
        pub fn number(self) -> i32 {
            self as i32
        }

        /// The label in the MIB.
        pub fn label(self) -> &'static str {
            match self {
                Self::Up => "up",
                Self::Down => "down",
                Self::InBetween => "in-between",
            }
        }
    }

    impl std::fmt::Display for FxState {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.pad(self.label())
        }
    }

    impl std::str::FromStr for FxState {
        type Err = lcms_snmp::object::SyntaxError;

        fn from_str(label: &str) -> Result<Self, Self::Err> {
            let found = Self::ALL.iter().find(|value| value.label() == label);
            found.copied().ok_or(lcms_snmp::object::SyntaxError::WrongValue)
        }
    }

    /// InetAddressType: Says how an InetAddress is to be read. unknown(0) goes with an empty address or one of a kind not listed.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[repr(i32)]
    pub enum InetAddressType {
        /// unknown(0)
        Unknown = 0,
        /// ipv4(1)
        Ipv4 = 1,
        /// ipv6(2)
        Ipv6 = 2,
        /// ipv4z(3)
        Ipv4z = 3,
        /// ipv6z(4)
        Ipv6z = 4,
        /// dns(16)
        Dns = 16,
    }

    impl InetAddressType {
        /// Every value, in the order of the MIB.
        pub const ALL: &[Self] = &[Self::Unknown, Self::Ipv4, Self::Ipv6, Self::Ipv4z, Self::Ipv6z, Self::Dns];

        /// The value with this number.
        pub fn from_number(number: i32) -> Option<Self> {
            Some(match number {
                0 => Self::Unknown,
                1 => Self::Ipv4,
                2 => Self::Ipv6,
                3 => Self::Ipv4z,
                4 => Self::Ipv6z,
                16 => Self::Dns,
                _ => return None,
            })
        }

        /// The number in the MIB.
        pub fn number(self) -> i32 {
            self as i32
        }

        /// The label in the MIB.
        pub fn label(self) -> &'static str {
            match self {
                Self::Unknown => "unknown",
                Self::Ipv4 => "ipv4",
                Self::Ipv6 => "ipv6",
                Self::Ipv4z => "ipv4z",
                Self::Ipv6z => "ipv6z",
                Self::Dns => "dns",
            }
        }
    }

    impl std::fmt::Display for InetAddressType {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.pad(self.label())
        }
    }

    impl std::str::FromStr for InetAddressType {
        type Err = lcms_snmp::object::SyntaxError;

        fn from_str(label: &str) -> Result<Self, Self::Err> {
            let found = Self::ALL.iter().find(|value| value.label() == label);
            found.copied().ok_or(lcms_snmp::object::SyntaxError::WrongValue)
        }
    }

    /// RowStatus: Creates, suspends and deletes a row.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[repr(i32)]
    pub enum RowStatus {
        /// active(1)
        Active = 1,
        /// notInService(2)
        NotInService = 2,
        /// notReady(3)
        NotReady = 3,
        /// createAndGo(4)
        CreateAndGo = 4,
        /// createAndWait(5)
        CreateAndWait = 5,
        /// destroy(6)
        Destroy = 6,
    }

    impl RowStatus {
        /// Every value, in the order of the MIB.
        pub const ALL: &[Self] = &[Self::Active, Self::NotInService, Self::NotReady, Self::CreateAndGo, Self::CreateAndWait, Self::Destroy];

        /// The value with this number.
        pub fn from_number(number: i32) -> Option<Self> {
            Some(match number {
                1 => Self::Active,
                2 => Self::NotInService,
                3 => Self::NotReady,
                4 => Self::CreateAndGo,
                5 => Self::CreateAndWait,
                6 => Self::Destroy,
                _ => return None,
            })
        }

        /// The number in the MIB.
        pub fn number(self) -> i32 {
            self as i32
        }

        /// The label in the MIB.
        pub fn label(self) -> &'static str {
            match self {
                Self::Active => "active",
                Self::NotInService => "notInService",
                Self::NotReady => "notReady",
                Self::CreateAndGo => "createAndGo",
                Self::CreateAndWait => "createAndWait",
                Self::Destroy => "destroy",
            }
        }
    }

    impl std::fmt::Display for RowStatus {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.pad(self.label())
        }
    }

    impl std::str::FromStr for RowStatus {
        type Err = lcms_snmp::object::SyntaxError;

        fn from_str(label: &str) -> Result<Self, Self::Err> {
            let found = Self::ALL.iter().find(|value| value.label() == label);
            found.copied().ok_or(lcms_snmp::object::SyntaxError::WrongValue)
        }
    }

}

/// FIXTURE-MIB: One of everything.
pub mod fixture_mib {
    use lcms_snmp::object::Entry;

    /// The OID of the MODULE-IDENTITY.
    pub const MODULE_OID: &[u32] = &[1, 3, 6, 1, 3, 9999];

    /// All tables and groups of scalars with instances, in OID order.
    pub static ENTRIES: &[&Entry] = &[
        &fx_all::ENTRY,
        &fx_address::ENTRY,
        &fx_more::ENTRY,
        &fx_scalars::ENTRY,
    ];

    /// fxAllEntry: A row.
    pub mod fx_all {
        use std::{borrow::Cow, cmp::Ordering};

        use lcms_snmp::{Octets, Oid, Value};
        use lcms_snmp::object::{self, Access, Base, Column, Entry, IndexPart, Syntax, SyntaxError, Table};

        use super::super::{support, tc};

        /// What the MIB says of `fxAllEntry`.
        pub static ENTRY: Entry = Entry {
            name: "fxAllEntry",
            oid: &[1, 3, 6, 1, 3, 9999, 1, 1, 1],
            columns: &[
                Column { arc: 9, name: "fxAllName", access: Access::ReadCreate, syntax: Syntax { base: Base::OctetString, ranges: &[], sizes: &[(0, 255)], labels: &[], text: true }, units: "" },
                Column { arc: 10, name: "fxAllLevel", access: Access::ReadCreate, syntax: Syntax { base: Base::Integer32, ranges: &[(-5, 5), (10, 10)], sizes: &[], labels: &[], text: false }, units: "steps" },
                Column { arc: 11, name: "fxAllMode", access: Access::ReadCreate, syntax: Syntax { base: Base::Integer32, ranges: &[], sizes: &[], labels: &[("slow", 1), ("fast", 2)], text: false }, units: "" },
                Column { arc: 12, name: "fxAllFlags", access: Access::ReadCreate, syntax: Syntax { base: Base::Bits, ranges: &[], sizes: &[], labels: &[("first", 0), ("second", 1), ("tenth", 9)], text: false }, units: "" },
                Column { arc: 13, name: "fxAllType", access: Access::ReadCreate, syntax: Syntax { base: Base::ObjectIdentifier, ranges: &[], sizes: &[], labels: &[], text: false }, units: "" },
                Column { arc: 14, name: "fxAllKey", access: Access::ReadCreate, syntax: Syntax { base: Base::OctetString, ranges: &[], sizes: &[(0, 0), (4, 4)], labels: &[], text: false }, units: "" },
                Column { arc: 15, name: "fxAllStatus", access: Access::ReadCreate, syntax: Syntax { base: Base::Integer32, ranges: &[], sizes: &[], labels: &[("active", 1), ("notInService", 2), ("notReady", 3), ("createAndGo", 4), ("createAndWait", 5), ("destroy", 6)], text: false }, units: "" },
            ],
            index: &[
                IndexPart { name: "fxAllState", syntax: Syntax { base: Base::Integer32, ranges: &[], sizes: &[], labels: &[("up", 1), ("down", 2), ("in-between", 3)], text: false }, bare: false },
                IndexPart { name: "fxAllNumber", syntax: Syntax { base: Base::Gauge32, ranges: &[], sizes: &[], labels: &[], text: false }, bare: false },
                IndexPart { name: "fxAllAddress", syntax: Syntax { base: Base::IpAddress, ranges: &[], sizes: &[], labels: &[], text: false }, bare: false },
                IndexPart { name: "fxAllText", syntax: Syntax { base: Base::OctetString, ranges: &[], sizes: &[(0, 32)], labels: &[], text: true }, bare: false },
                IndexPart { name: "fxAllFixed", syntax: Syntax { base: Base::OctetString, ranges: &[], sizes: &[(6, 6)], labels: &[], text: false }, bare: true },
                IndexPart { name: "fxAllOid", syntax: Syntax { base: Base::ObjectIdentifier, ranges: &[], sizes: &[], labels: &[], text: false }, bare: false },
                IndexPart { name: "fxAllTruth", syntax: Syntax { base: Base::Integer32, ranges: &[], sizes: &[], labels: &[("true", 1), ("false", 2)], text: false }, bare: false },
                IndexPart { name: "fxAllRest", syntax: Syntax { base: Base::OctetString, ranges: &[], sizes: &[(0, 32)], labels: &[], text: false }, bare: true },
            ],
        };

        /// The columns' sub-identifiers.
        pub mod col {
            /// fxAllState: Label.
            pub const STATE: u32 = 1;
            /// fxAllNumber: Number.
            pub const NUMBER: u32 = 2;
            /// fxAllAddress: Address.
            pub const ADDRESS: u32 = 3;
            /// fxAllText: Text.
            pub const TEXT: u32 = 4;
            /// fxAllFixed: Six octets.
            pub const FIXED: u32 = 5;
            /// fxAllOid: OID.
            pub const OID: u32 = 6;
            /// fxAllTruth: Truth.
            pub const TRUTH: u32 = 7;
            /// fxAllRest: The rest.
            pub const REST: u32 = 8;
            /// fxAllName: Name.
            pub const NAME: u32 = 9;
            /// fxAllLevel: Level.
            pub const LEVEL: u32 = 10;
            /// fxAllMode: Mode.
            pub const MODE: u32 = 11;
            /// fxAllFlags: Flags.
            pub const FLAGS: u32 = 12;
            /// fxAllType: Type.
            pub const TYPE: u32 = 13;
            /// fxAllKey: Key.
            pub const KEY: u32 = 14;
            /// fxAllStatus: Status.
            pub const STATUS: u32 = 15;
        }

        /// The column with the RowStatus, where rows can be created.
        pub const ROW_STATUS: Option<u32> = Some(15);

        /// The index of a row; its order is the one of the OIDs.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct Index {
            /// fxAllState: Label.
            pub all_state: tc::FxState,
            /// fxAllNumber: Number.
            pub all_number: u32,
            /// fxAllAddress: Address.
            pub all_address: [u8; 4],
            /// fxAllText: Text.
            pub all_text: String,
            /// fxAllFixed: Six octets.
            pub all_fixed: Vec<u8>,
            /// fxAllOid: OID.
            pub all_oid: Vec<u32>,
            /// fxAllTruth: Truth.
            pub all_truth: bool,
            /// fxAllRest: The rest.
            pub all_rest: Vec<u8>,
        }

        impl object::Index for Index {
            fn encode(&self, out: &mut Vec<u32>) {
                out.push(self.all_state.number() as u32);
                out.push(self.all_number);
                out.extend(self.all_address.map(u32::from));
                support::push_octets(self.all_text.as_bytes(), false, out);
                support::push_octets(&self.all_fixed, true, out);
                support::push_arcs(&self.all_oid, false, out);
                out.push(if self.all_truth { 1 } else { 2 });
                support::push_octets(&self.all_rest, true, out);
            }

            fn decode(arcs: &[u32]) -> Option<Self> {
                let [part1, part2, part3, part4, part5, part6, part7, part8] = ENTRY.index else { return None };
                let mut rest = arcs;
                let index = Self {
                    all_state: support::integer(&support::component(part1, &mut rest)?).and_then(|n| tc::FxState::from_number(n).ok_or(SyntaxError::WrongValue)).ok()?,
                    all_number: support::unsigned(&support::component(part2, &mut rest)?).ok()?,
                    all_address: support::ip_address(&support::component(part3, &mut rest)?).ok()?,
                    all_text: support::text(&support::component(part4, &mut rest)?).ok()?,
                    all_fixed: support::octets(&support::component(part5, &mut rest)?).ok()?,
                    all_oid: support::arcs(part6, &mut rest)?,
                    all_truth: support::truth(&support::component(part7, &mut rest)?).ok()?,
                    all_rest: support::octets(&support::component(part8, &mut rest)?).ok()?,
                };
                rest.is_empty().then_some(index)
            }
        }

        impl Ord for Index {
            fn cmp(&self, other: &Self) -> Ordering {
                (self.all_state.number() as u32).cmp(&(other.all_state.number() as u32))
                    .then_with(|| self.all_number.cmp(&other.all_number))
                    .then_with(|| self.all_address.cmp(&other.all_address))
                    .then_with(|| support::sequence_order(self.all_text.as_bytes(), other.all_text.as_bytes(), false))
                    .then_with(|| support::sequence_order(&self.all_fixed, &other.all_fixed, true))
                    .then_with(|| support::sequence_order(&self.all_oid, &other.all_oid, false))
                    .then_with(|| other.all_truth.cmp(&self.all_truth))
                    .then_with(|| support::sequence_order(&self.all_rest, &other.all_rest, true))
            }
        }

        impl PartialOrd for Index {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        /// Every readable column, as far as it is known.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Row {
            /// fxAllName: Name.
            pub name: Option<String>,
            /// fxAllLevel: Level.
            pub level: Option<i32>,
            /// fxAllMode: Mode.
            pub mode: Option<FxAllMode>,
            /// fxAllFlags: Flags.
            pub flags: Option<tc::FxFlags>,
            /// fxAllType: Type.
            pub type_: Option<Oid>,
            /// fxAllKey: Key.
            pub key: Option<Vec<u8>>,
            /// fxAllStatus: Status.
            pub status: Option<tc::RowStatus>,
        }

        impl Row {
            /// The defaults of a row's columns.
            pub fn defaults() -> Patch {
                Patch {
                    name: Some("none".to_owned()),
                    level: Some(-1),
                    mode: Some(FxAllMode::Fast),
                    flags: Some(tc::FxFlags::empty().union(tc::FxFlags::FIRST).union(tc::FxFlags::TENTH)),
                    type_: Oid::new(vec![1, 3, 6, 1, 3, 9999, 1]).ok(),
                    key: Some(vec![1, 2, 255, 0]),
                    ..Patch::default()
                }
            }
        }

        /// Every writable column: what a SET asks for.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Patch {
            /// fxAllName: Name.
            pub name: Option<String>,
            /// fxAllLevel: Level.
            pub level: Option<i32>,
            /// fxAllMode: Mode.
            pub mode: Option<FxAllMode>,
            /// fxAllFlags: Flags.
            pub flags: Option<tc::FxFlags>,
            /// fxAllType: Type.
            pub type_: Option<Oid>,
            /// fxAllKey: Key.
            pub key: Option<Vec<u8>>,
            /// fxAllStatus: Status.
            pub status: Option<tc::RowStatus>,
        }

        /// A row as the agent serves it; `None` is a column without an instance.
        pub trait View<'a> {
            /// fxAllName: Name.
            fn name(&self) -> Option<Octets<'a>>;
            /// fxAllLevel: Level.
            fn level(&self) -> Option<i32>;
            /// fxAllMode: Mode.
            fn mode(&self) -> Option<FxAllMode>;
            /// fxAllFlags: Flags.
            fn flags(&self) -> Option<tc::FxFlags>;
            /// fxAllType: Type.
            fn type_(&self) -> Option<Cow<'a, Oid>>;
            /// fxAllKey: Key.
            fn key(&self) -> Option<Octets<'a>>;
            /// fxAllStatus: Status.
            fn status(&self) -> Option<tc::RowStatus>;
        }

        impl<'a> View<'a> for &'a Row {
            fn name(&self) -> Option<Octets<'a>> {
                self.name.as_deref().map(Octets::from)
            }
            fn level(&self) -> Option<i32> {
                self.level
            }
            fn mode(&self) -> Option<FxAllMode> {
                self.mode
            }
            fn flags(&self) -> Option<tc::FxFlags> {
                self.flags
            }
            fn type_(&self) -> Option<Cow<'a, Oid>> {
                self.type_.as_ref().map(Cow::Borrowed)
            }
            fn key(&self) -> Option<Octets<'a>> {
                self.key.as_deref().map(Octets::from)
            }
            fn status(&self) -> Option<tc::RowStatus> {
                self.status
            }
        }

        /// The value of a column, if the row has it.
        pub fn column<'a>(view: &impl View<'a>, arc: u32) -> Option<Value<'a>> {
            match arc {
                col::NAME => view.name().map(Value::OctetString),
                col::LEVEL => view.level().map(Value::Integer),
                col::MODE => view.mode().map(|v| Value::Integer(v.number())),
                col::FLAGS => view.flags().map(|v| Value::OctetString(v.octets())),
                col::TYPE => view.type_().map(Value::ObjectIdentifier),
                col::KEY => view.key().map(Value::OctetString),
                col::STATUS => view.status().map(|v| Value::Integer(v.number())),
                _ => None,
            }
        }

        /// fxAllEntry: A row.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct FxAll;

        impl Table for FxAll {
            type Index = Index;
            type Row = Row;
            type Patch = Patch;
            const ENTRY: &'static Entry = &ENTRY;

            fn fill(row: &mut Row, arc: u32, value: &Value<'_>) -> Result<(), SyntaxError> {
                if value.is_exception() {
                    return Ok(());
                }
                match arc {
                    col::NAME => row.name = Some(support::text(value)?),
                    col::LEVEL => row.level = Some(support::integer(value)?),
                    col::MODE => row.mode = Some(support::integer(value).and_then(|n| FxAllMode::from_number(n).ok_or(SyntaxError::WrongValue))?),
                    col::FLAGS => row.flags = Some(support::octets(value).and_then(|o| tc::FxFlags::from_octets(&o).ok_or(SyntaxError::WrongValue))?),
                    col::TYPE => row.type_ = Some(support::oid(value)?),
                    col::KEY => row.key = Some(support::octets(value)?),
                    col::STATUS => row.status = Some(support::integer(value).and_then(|n| tc::RowStatus::from_number(n).ok_or(SyntaxError::WrongValue))?),
                    _ => {}
                }
                Ok(())
            }

            fn write(patch: &mut Patch, arc: u32, value: &Value<'_>) -> Result<(), SyntaxError> {
                let column = ENTRY.column(arc).filter(|column| column.access.is_writable());
                column.ok_or(SyntaxError::WrongType)?.syntax.check(value)?;
                match arc {
                    col::NAME => patch.name = Some(support::text(value)?),
                    col::LEVEL => patch.level = Some(support::integer(value)?),
                    col::MODE => patch.mode = Some(support::integer(value).and_then(|n| FxAllMode::from_number(n).ok_or(SyntaxError::WrongValue))?),
                    col::FLAGS => patch.flags = Some(support::octets(value).and_then(|o| tc::FxFlags::from_octets(&o).ok_or(SyntaxError::WrongValue))?),
                    col::TYPE => patch.type_ = Some(support::oid(value)?),
                    col::KEY => patch.key = Some(support::octets(value)?),
                    col::STATUS => patch.status = Some(support::integer(value).and_then(|n| tc::RowStatus::from_number(n).ok_or(SyntaxError::WrongValue))?),
                    _ => return Err(SyntaxError::WrongType),
                }
                Ok(())
            }

            fn patch_columns(patch: &Patch) -> Vec<(u32, Value<'static>)> {
                let mut columns = Vec::new();
                if let Some(value) = &patch.name {
                    columns.push((col::NAME, Value::OctetString(value.clone().into())));
                }
                if let Some(value) = &patch.level {
                    columns.push((col::LEVEL, Value::Integer(*value)));
                }
                if let Some(value) = &patch.mode {
                    columns.push((col::MODE, Value::Integer(value.number())));
                }
                if let Some(value) = &patch.flags {
                    columns.push((col::FLAGS, Value::OctetString(value.octets())));
                }
                if let Some(value) = &patch.type_ {
                    columns.push((col::TYPE, Value::ObjectIdentifier(Cow::Owned(value.clone()))));
                }
                if let Some(value) = &patch.key {
                    columns.push((col::KEY, Value::OctetString(value.clone().into())));
                }
                if let Some(value) = &patch.status {
                    columns.push((col::STATUS, Value::Integer(value.number())));
                }
                columns
            }
        }

        /// FxAllMode: Mode.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(i32)]
        pub enum FxAllMode {
            /// slow(1)
            Slow = 1,
            /// fast(2)
            Fast = 2,
        }

        impl FxAllMode {
            /// Every value, in the order of the MIB.
            pub const ALL: &[Self] = &[Self::Slow, Self::Fast];

            /// The value with this number.
            pub fn from_number(number: i32) -> Option<Self> {
                Some(match number {
                    1 => Self::Slow,
                    2 => Self::Fast,
                    _ => return None,
                })
            }

            /// The number in the MIB.
            pub fn number(self) -> i32 {
                self as i32
            }

            /// The label in the MIB.
            pub fn label(self) -> &'static str {
                match self {
                    Self::Slow => "slow",
                    Self::Fast => "fast",
                }
            }
        }

        impl std::fmt::Display for FxAllMode {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.label())
            }
        }

        impl std::str::FromStr for FxAllMode {
            type Err = lcms_snmp::object::SyntaxError;

            fn from_str(label: &str) -> Result<Self, Self::Err> {
                let found = Self::ALL.iter().find(|value| value.label() == label);
                found.copied().ok_or(lcms_snmp::object::SyntaxError::WrongValue)
            }
        }

    }

    /// fxAddressEntry: A row.
    pub mod fx_address {
        use std::{borrow::Cow, cmp::Ordering};

        use lcms_snmp::{Octets, Oid, Value};
        use lcms_snmp::object::{self, Access, Base, Column, Entry, IndexPart, Syntax, SyntaxError, Table};

        use super::super::{support, tc};

        /// What the MIB says of `fxAddressEntry`.
        pub static ENTRY: Entry = Entry {
            name: "fxAddressEntry",
            oid: &[1, 3, 6, 1, 3, 9999, 1, 2, 1],
            columns: &[
                Column { arc: 3, name: "fxAddressName", access: Access::ReadOnly, syntax: Syntax { base: Base::OctetString, ranges: &[], sizes: &[(0, 255)], labels: &[], text: true }, units: "" },
            ],
            index: &[
                IndexPart { name: "fxAddressType", syntax: Syntax { base: Base::Integer32, ranges: &[], sizes: &[], labels: &[("unknown", 0), ("ipv4", 1), ("ipv6", 2), ("ipv4z", 3), ("ipv6z", 4), ("dns", 16)], text: false }, bare: false },
                IndexPart { name: "fxAddressValue", syntax: Syntax { base: Base::OctetString, ranges: &[], sizes: &[(0, 255)], labels: &[], text: false }, bare: false },
            ],
        };

        /// The columns' sub-identifiers.
        pub mod col {
            /// fxAddressType: Type.
            pub const TYPE: u32 = 1;
            /// fxAddressValue: Address.
            pub const VALUE: u32 = 2;
            /// fxAddressName: Name.
            pub const NAME: u32 = 3;
        }

        /// The column with the RowStatus, where rows can be created.
        pub const ROW_STATUS: Option<u32> = None;

        /// The index of a row; its order is the one of the OIDs.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct Index {
            /// fxAddressType: Type.
            pub address_type: tc::InetAddressType,
            /// fxAddressValue: Address.
            pub address_value: Vec<u8>,
        }

        impl object::Index for Index {
            fn encode(&self, out: &mut Vec<u32>) {
                out.push(self.address_type.number() as u32);
                support::push_octets(&self.address_value, false, out);
            }

            fn decode(arcs: &[u32]) -> Option<Self> {
                let [part1, part2] = ENTRY.index else { return None };
                let mut rest = arcs;
                let index = Self {
                    address_type: support::integer(&support::component(part1, &mut rest)?).and_then(|n| tc::InetAddressType::from_number(n).ok_or(SyntaxError::WrongValue)).ok()?,
                    address_value: support::octets(&support::component(part2, &mut rest)?).ok()?,
                };
                rest.is_empty().then_some(index)
            }
        }

        impl Ord for Index {
            fn cmp(&self, other: &Self) -> Ordering {
                (self.address_type.number() as u32).cmp(&(other.address_type.number() as u32))
                    .then_with(|| support::sequence_order(&self.address_value, &other.address_value, false))
            }
        }

        impl PartialOrd for Index {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        /// Every readable column, as far as it is known.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Row {
            /// fxAddressName: Name.
            pub name: Option<String>,
        }

        /// Every writable column: what a SET asks for.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Patch {
        }

        /// A row as the agent serves it; `None` is a column without an instance.
        pub trait View<'a> {
            /// fxAddressName: Name.
            fn name(&self) -> Option<Octets<'a>>;
        }

        impl<'a> View<'a> for &'a Row {
            fn name(&self) -> Option<Octets<'a>> {
                self.name.as_deref().map(Octets::from)
            }
        }

        /// The value of a column, if the row has it.
        pub fn column<'a>(view: &impl View<'a>, arc: u32) -> Option<Value<'a>> {
            match arc {
                col::NAME => view.name().map(Value::OctetString),
                _ => None,
            }
        }

        /// fxAddressEntry: A row.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct FxAddress;

        impl Table for FxAddress {
            type Index = Index;
            type Row = Row;
            type Patch = Patch;
            const ENTRY: &'static Entry = &ENTRY;

            fn fill(row: &mut Row, arc: u32, value: &Value<'_>) -> Result<(), SyntaxError> {
                if value.is_exception() {
                    return Ok(());
                }
                match arc {
                    col::NAME => row.name = Some(support::text(value)?),
                    _ => {}
                }
                Ok(())
            }

            fn write(patch: &mut Patch, arc: u32, value: &Value<'_>) -> Result<(), SyntaxError> {
                let column = ENTRY.column(arc).filter(|column| column.access.is_writable());
                column.ok_or(SyntaxError::WrongType)?.syntax.check(value)?;
                match arc {
                    _ => return Err(SyntaxError::WrongType),
                }
                Ok(())
            }

            fn patch_columns(patch: &Patch) -> Vec<(u32, Value<'static>)> {
                let mut columns = Vec::new();
                columns
            }
        }

    }

    /// fxMoreEntry: A row.
    pub mod fx_more {
        use std::{borrow::Cow, cmp::Ordering};

        use lcms_snmp::{Octets, Oid, Value};
        use lcms_snmp::object::{self, Access, Base, Column, Entry, IndexPart, Syntax, SyntaxError, Table};

        use super::super::{support, tc};

        /// What the MIB says of `fxMoreEntry`.
        pub static ENTRY: Entry = Entry {
            name: "fxMoreEntry",
            oid: &[1, 3, 6, 1, 3, 9999, 1, 3, 1],
            columns: &[
                Column { arc: 1, name: "fxMoreHits", access: Access::ReadOnly, syntax: Syntax { base: Base::Counter64, ranges: &[], sizes: &[], labels: &[], text: false }, units: "" },
            ],
            index: &[
                IndexPart { name: "fxAddressType", syntax: Syntax { base: Base::Integer32, ranges: &[], sizes: &[], labels: &[("unknown", 0), ("ipv4", 1), ("ipv6", 2), ("ipv4z", 3), ("ipv6z", 4), ("dns", 16)], text: false }, bare: false },
                IndexPart { name: "fxAddressValue", syntax: Syntax { base: Base::OctetString, ranges: &[], sizes: &[(0, 255)], labels: &[], text: false }, bare: false },
            ],
        };

        /// The columns' sub-identifiers.
        pub mod col {
            /// fxMoreHits: Hits.
            pub const HITS: u32 = 1;
        }

        /// The column with the RowStatus, where rows can be created.
        pub const ROW_STATUS: Option<u32> = None;

        pub use super::super::fixture_mib::fx_address::Index;

        /// Every readable column, as far as it is known.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Row {
            /// fxMoreHits: Hits.
            pub hits: Option<u64>,
        }

        /// Every writable column: what a SET asks for.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Patch {
        }

        /// A row as the agent serves it; `None` is a column without an instance.
        pub trait View<'a> {
            /// fxMoreHits: Hits.
            fn hits(&self) -> Option<u64>;
        }

        impl<'a> View<'a> for &'a Row {
            fn hits(&self) -> Option<u64> {
                self.hits
            }
        }

        /// The value of a column, if the row has it.
        pub fn column<'a>(view: &impl View<'a>, arc: u32) -> Option<Value<'a>> {
            match arc {
                col::HITS => view.hits().map(Value::Counter64),
                _ => None,
            }
        }

        /// fxMoreEntry: A row.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct FxMore;

        impl Table for FxMore {
            type Index = Index;
            type Row = Row;
            type Patch = Patch;
            const ENTRY: &'static Entry = &ENTRY;

            fn fill(row: &mut Row, arc: u32, value: &Value<'_>) -> Result<(), SyntaxError> {
                if value.is_exception() {
                    return Ok(());
                }
                match arc {
                    col::HITS => row.hits = Some(support::counter64(value)?),
                    _ => {}
                }
                Ok(())
            }

            fn write(patch: &mut Patch, arc: u32, value: &Value<'_>) -> Result<(), SyntaxError> {
                let column = ENTRY.column(arc).filter(|column| column.access.is_writable());
                column.ok_or(SyntaxError::WrongType)?.syntax.check(value)?;
                match arc {
                    _ => return Err(SyntaxError::WrongType),
                }
                Ok(())
            }

            fn patch_columns(patch: &Patch) -> Vec<(u32, Value<'static>)> {
                let mut columns = Vec::new();
                columns
            }
        }

    }

    /// fxScalars.
    pub mod fx_scalars {
        use std::{borrow::Cow, cmp::Ordering};

        use lcms_snmp::{Octets, Oid, Value};
        use lcms_snmp::object::{self, Access, Base, Column, Entry, IndexPart, Syntax, SyntaxError, Table};

        use super::super::{support, tc};

        /// What the MIB says of `fxScalars`.
        pub static ENTRY: Entry = Entry {
            name: "fxScalars",
            oid: &[1, 3, 6, 1, 3, 9999, 1, 4],
            columns: &[
                Column { arc: 1, name: "fxTenths", access: Access::ReadWrite, syntax: Syntax { base: Base::Integer32, ranges: &[(-1000, 1000)], sizes: &[], labels: &[], text: false }, units: "" },
                Column { arc: 2, name: "fxCounter", access: Access::ReadOnly, syntax: Syntax { base: Base::Counter32, ranges: &[], sizes: &[], labels: &[], text: false }, units: "" },
                Column { arc: 3, name: "fxBig", access: Access::ReadOnly, syntax: Syntax { base: Base::Counter64, ranges: &[], sizes: &[], labels: &[], text: false }, units: "" },
                Column { arc: 4, name: "fxAddress", access: Access::ReadWrite, syntax: Syntax { base: Base::IpAddress, ranges: &[], sizes: &[], labels: &[], text: false }, units: "" },
                Column { arc: 5, name: "fxAddressOfHost", access: Access::ReadWrite, syntax: Syntax { base: Base::OctetString, ranges: &[], sizes: &[(0, 255)], labels: &[], text: false }, units: "" },
                Column { arc: 6, name: "fxWhen", access: Access::ReadOnly, syntax: Syntax { base: Base::OctetString, ranges: &[], sizes: &[(8, 8), (11, 11)], labels: &[], text: false }, units: "" },
                Column { arc: 7, name: "fxSince", access: Access::ReadOnly, syntax: Syntax { base: Base::TimeTicks, ranges: &[], sizes: &[], labels: &[], text: false }, units: "" },
            ],
            index: &[
            ],
        };

        /// The columns' sub-identifiers.
        pub mod col {
            /// fxTenths: Tenths.
            pub const FX_TENTHS: u32 = 1;
            /// fxCounter: Counts.
            pub const FX_COUNTER: u32 = 2;
            /// fxBig: Counts far.
            pub const FX_BIG: u32 = 3;
            /// fxAddress: Address.
            pub const FX_ADDRESS: u32 = 4;
            /// fxAddressOfHost: Address.
            pub const FX_ADDRESS_OF_HOST: u32 = 5;
            /// fxWhen: When.
            pub const FX_WHEN: u32 = 6;
            /// fxSince: Since.
            pub const FX_SINCE: u32 = 7;
        }

        /// The column with the RowStatus, where rows can be created.
        pub const ROW_STATUS: Option<u32> = None;

        /// Scalars have one instance.
        pub type Index = object::Scalar;

        /// Every readable column, as far as it is known.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Row {
            /// fxTenths: Tenths.
            pub fx_tenths: Option<i32>,
            /// fxCounter: Counts.
            pub fx_counter: Option<u32>,
            /// fxBig: Counts far.
            pub fx_big: Option<u64>,
            /// fxAddress: Address.
            pub fx_address: Option<[u8; 4]>,
            /// fxAddressOfHost: Address.
            pub fx_address_of_host: Option<Vec<u8>>,
            /// fxWhen: When.
            pub fx_when: Option<Vec<u8>>,
            /// fxSince: Since.
            pub fx_since: Option<u32>,
        }

        /// Every writable column: what a SET asks for.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Patch {
            /// fxTenths: Tenths.
            pub fx_tenths: Option<i32>,
            /// fxAddress: Address.
            pub fx_address: Option<[u8; 4]>,
            /// fxAddressOfHost: Address.
            pub fx_address_of_host: Option<Vec<u8>>,
        }

        /// A row as the agent serves it; `None` is a column without an instance.
        pub trait View<'a> {
            /// fxTenths: Tenths.
            fn fx_tenths(&self) -> Option<i32>;
            /// fxCounter: Counts.
            fn fx_counter(&self) -> Option<u32>;
            /// fxBig: Counts far.
            fn fx_big(&self) -> Option<u64>;
            /// fxAddress: Address.
            fn fx_address(&self) -> Option<[u8; 4]>;
            /// fxAddressOfHost: Address.
            fn fx_address_of_host(&self) -> Option<Octets<'a>>;
            /// fxWhen: When.
            fn fx_when(&self) -> Option<Octets<'a>>;
            /// fxSince: Since.
            fn fx_since(&self) -> Option<u32>;
        }

        impl<'a> View<'a> for &'a Row {
            fn fx_tenths(&self) -> Option<i32> {
                self.fx_tenths
            }
            fn fx_counter(&self) -> Option<u32> {
                self.fx_counter
            }
            fn fx_big(&self) -> Option<u64> {
                self.fx_big
            }
            fn fx_address(&self) -> Option<[u8; 4]> {
                self.fx_address
            }
            fn fx_address_of_host(&self) -> Option<Octets<'a>> {
                self.fx_address_of_host.as_deref().map(Octets::from)
            }
            fn fx_when(&self) -> Option<Octets<'a>> {
                self.fx_when.as_deref().map(Octets::from)
            }
            fn fx_since(&self) -> Option<u32> {
                self.fx_since
            }
        }

        /// The value of a column, if the row has it.
        pub fn column<'a>(view: &impl View<'a>, arc: u32) -> Option<Value<'a>> {
            match arc {
                col::FX_TENTHS => view.fx_tenths().map(Value::Integer),
                col::FX_COUNTER => view.fx_counter().map(Value::Counter32),
                col::FX_BIG => view.fx_big().map(Value::Counter64),
                col::FX_ADDRESS => view.fx_address().map(Value::IpAddress),
                col::FX_ADDRESS_OF_HOST => view.fx_address_of_host().map(Value::OctetString),
                col::FX_WHEN => view.fx_when().map(Value::OctetString),
                col::FX_SINCE => view.fx_since().map(Value::TimeTicks),
                _ => None,
            }
        }

        /// fxScalars.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct FxScalars;

        impl Table for FxScalars {
            type Index = Index;
            type Row = Row;
            type Patch = Patch;
            const ENTRY: &'static Entry = &ENTRY;

            fn fill(row: &mut Row, arc: u32, value: &Value<'_>) -> Result<(), SyntaxError> {
                if value.is_exception() {
                    return Ok(());
                }
                match arc {
                    col::FX_TENTHS => row.fx_tenths = Some(support::integer(value)?),
                    col::FX_COUNTER => row.fx_counter = Some(support::unsigned(value)?),
                    col::FX_BIG => row.fx_big = Some(support::counter64(value)?),
                    col::FX_ADDRESS => row.fx_address = Some(support::ip_address(value)?),
                    col::FX_ADDRESS_OF_HOST => row.fx_address_of_host = Some(support::octets(value)?),
                    col::FX_WHEN => row.fx_when = Some(support::octets(value)?),
                    col::FX_SINCE => row.fx_since = Some(support::unsigned(value)?),
                    _ => {}
                }
                Ok(())
            }

            fn write(patch: &mut Patch, arc: u32, value: &Value<'_>) -> Result<(), SyntaxError> {
                let column = ENTRY.column(arc).filter(|column| column.access.is_writable());
                column.ok_or(SyntaxError::WrongType)?.syntax.check(value)?;
                match arc {
                    col::FX_TENTHS => patch.fx_tenths = Some(support::integer(value)?),
                    col::FX_ADDRESS => patch.fx_address = Some(support::ip_address(value)?),
                    col::FX_ADDRESS_OF_HOST => patch.fx_address_of_host = Some(support::octets(value)?),
                    _ => return Err(SyntaxError::WrongType),
                }
                Ok(())
            }

            fn patch_columns(patch: &Patch) -> Vec<(u32, Value<'static>)> {
                let mut columns = Vec::new();
                if let Some(value) = &patch.fx_tenths {
                    columns.push((col::FX_TENTHS, Value::Integer(*value)));
                }
                if let Some(value) = &patch.fx_address {
                    columns.push((col::FX_ADDRESS, Value::IpAddress(*value)));
                }
                if let Some(value) = &patch.fx_address_of_host {
                    columns.push((col::FX_ADDRESS_OF_HOST, Value::OctetString(value.clone().into())));
                }
                columns
            }
        }

    }

    /// The notifications of this module.
    pub mod notifications {
        use std::borrow::Cow;

        use lcms_snmp::{Oid, Value, VarBind};
        use lcms_snmp::object::{Index as _, SyntaxError};

        use super::super::{support, tc};

        /// All of them: descriptor and OID.
        pub const ALL: &[(&str, &[u32])] = &[
            ("fxChanged", &[1, 3, 6, 1, 3, 9999, 0, 1]),
            ("fxMixed", &[1, 3, 6, 1, 3, 9999, 0, 2]),
        ];

        /// fxChanged: A mode changed.
        #[derive(Clone, Debug, PartialEq)]
        pub struct FxChanged {
            /// The row of `fxAllEntry` it is about.
            pub index: super::fx_all::Index,
            /// fxAllMode: Mode.
            pub mode: super::fx_all::FxAllMode,
            /// fxAllLevel: Level.
            pub level: i32,
        }

        impl FxChanged {
            /// The value of snmpTrapOID.0.
            pub const OID: &[u32] = &[1, 3, 6, 1, 3, 9999, 0, 1];
            /// The descriptor in the MIB.
            pub const NAME: &str = "fxChanged";

            /// The objects, to follow sysUpTime.0 and snmpTrapOID.0.
            pub fn varbinds(&self) -> Vec<VarBind<'static>> {
                let mut index = Vec::new();
                self.index.encode(&mut index);
                let objects: Vec<Option<VarBind<'static>>> = vec![
                    support::bind(&super::fx_all::ENTRY, super::fx_all::col::MODE, &index, Value::Integer((&self.mode).number())),
                    support::bind(&super::fx_all::ENTRY, super::fx_all::col::LEVEL, &index, Value::Integer(*(&self.level))),
                ];
                objects.into_iter().flatten().collect()
            }

            /// Reads the objects back; `None` if one is missing or wrong.
            pub fn from_varbinds(varbinds: &[VarBind<'_>]) -> Option<Self> {
                let (index_mode, value_mode) = support::find(varbinds, &super::fx_all::ENTRY, super::fx_all::col::MODE)?;
                let (index_level, value_level) = support::find(varbinds, &super::fx_all::ENTRY, super::fx_all::col::LEVEL)?;
                Some(Self {
                    index: super::fx_all::Index::decode(index_mode)?,
                    mode: support::integer(value_mode).and_then(|n| super::fx_all::FxAllMode::from_number(n).ok_or(SyntaxError::WrongValue)).ok()?,
                    level: support::integer(value_level).ok()?,
                })
            }
        }

        /// fxMixed: Of two tables and a scalar.
        #[derive(Clone, Debug, PartialEq)]
        pub struct FxMixed {
            /// The row of `fxAllEntry` it is about.
            pub fx_all_index: super::fx_all::Index,
            /// The row of `fxAddressEntry` it is about.
            pub fx_address_index: super::fx_address::Index,
            /// fxAllName: Name.
            pub name: String,
            /// fxAddressName: Name.
            pub fx_address_name: String,
            /// fxCounter: Counts.
            pub fx_counter: u32,
        }

        impl FxMixed {
            /// The value of snmpTrapOID.0.
            pub const OID: &[u32] = &[1, 3, 6, 1, 3, 9999, 0, 2];
            /// The descriptor in the MIB.
            pub const NAME: &str = "fxMixed";

            /// The objects, to follow sysUpTime.0 and snmpTrapOID.0.
            pub fn varbinds(&self) -> Vec<VarBind<'static>> {
                let mut fx_all_index = Vec::new();
                self.fx_all_index.encode(&mut fx_all_index);
                let mut fx_address_index = Vec::new();
                self.fx_address_index.encode(&mut fx_address_index);
                let objects: Vec<Option<VarBind<'static>>> = vec![
                    support::bind(&super::fx_all::ENTRY, super::fx_all::col::NAME, &fx_all_index, Value::OctetString((&self.name).clone().into())),
                    support::bind(&super::fx_address::ENTRY, super::fx_address::col::NAME, &fx_address_index, Value::OctetString((&self.fx_address_name).clone().into())),
                    support::bind(&super::fx_scalars::ENTRY, super::fx_scalars::col::FX_COUNTER, &[0], Value::Counter32(*(&self.fx_counter))),
                ];
                objects.into_iter().flatten().collect()
            }

            /// Reads the objects back; `None` if one is missing or wrong.
            pub fn from_varbinds(varbinds: &[VarBind<'_>]) -> Option<Self> {
                let (index_name, value_name) = support::find(varbinds, &super::fx_all::ENTRY, super::fx_all::col::NAME)?;
                let (index_fx_address_name, value_fx_address_name) = support::find(varbinds, &super::fx_address::ENTRY, super::fx_address::col::NAME)?;
                let (index_fx_counter, value_fx_counter) = support::find(varbinds, &super::fx_scalars::ENTRY, super::fx_scalars::col::FX_COUNTER)?;
                Some(Self {
                    fx_all_index: super::fx_all::Index::decode(index_name)?,
                    fx_address_index: super::fx_address::Index::decode(index_fx_address_name)?,
                    name: support::text(value_name).ok()?,
                    fx_address_name: support::text(value_fx_address_name).ok()?,
                    fx_counter: support::unsigned(value_fx_counter).ok()?,
                })
            }
        }

    }
    /// The names of this module that stand for an OID alone.
    pub mod nodes {
        /// fxObjects.
        pub const FX_OBJECTS: &[u32] = &[1, 3, 6, 1, 3, 9999, 1];
        /// fxScalars.
        pub const FX_SCALARS: &[u32] = &[1, 3, 6, 1, 3, 9999, 1, 4];
        /// fxNotifications.
        pub const FX_NOTIFICATIONS: &[u32] = &[1, 3, 6, 1, 3, 9999, 0];
        /// fxConformance.
        pub const FX_CONFORMANCE: &[u32] = &[1, 3, 6, 1, 3, 9999, 2];
    }
}

