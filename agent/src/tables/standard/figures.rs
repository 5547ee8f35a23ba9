//! Figures of the kernel as SNMP's types hold them.

use std::{borrow::Cow, sync::LazyLock};

use lcms_snmp::Oid;

/// A Counter32: the low half of what the kernel counts in 64 bits, which wraps
/// as the type says it does.
pub fn counter32(count: u64) -> u32 {
    count as u32
}

/// A number of 31 bits, at its greatest where there is more.
pub fn number(figure: u64) -> i32 {
    i32::try_from(figure).unwrap_or(i32::MAX)
}

/// `0.0`, for what has no better identifier.
pub fn nothing<'s>() -> Option<Cow<'s, Oid>> {
    static NOTHING: LazyLock<Oid> = LazyLock::new(Oid::null);
    Some(Cow::Borrowed(&*NOTHING))
}

/// An identity that a module names.
pub fn identity(arcs: &[u32]) -> Oid {
    Oid::new(arcs).expect("the compiler has seen that it is one")
}
