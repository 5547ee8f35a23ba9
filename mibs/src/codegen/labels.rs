//! Enumerations and BITS as Rust types.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    CodegenError, doc,
    entries::EntryPlan,
    line,
    naming::{identifier, pascal, screaming, type_name},
    shape::{Shape, named_labels},
};
use crate::model::{Module, Type};

/// Writes `tc`: every named enumeration an object or index uses.
pub(super) fn write_tc(
    out: &mut String,
    plans: &[(Module<'_>, Vec<EntryPlan<'_>>)],
) -> Result<(), CodegenError> {
    let mut named: BTreeMap<String, Type<'_>> = BTreeMap::new();
    for entry in plans.iter().flat_map(|(_, entries)| entries) {
        let columns = entry.columns.iter().map(|c| (&c.shape, c.syntax));
        let parts = entry.index.parts.iter().map(|p| (&p.shape, p.syntax));
        for (shape, syntax) in columns.chain(parts) {
            if !matches!(shape, Shape::Enumeration(_) | Shape::Bits(_)) {
                continue;
            }
            let Some(found) = named_labels(syntax) else { continue };
            let name = type_name(found.own_name().unwrap_or_default());
            match named.get(&name) {
                Some(other) if !other.labels().eq(found.labels()) => {
                    return Err(CodegenError::Conflict(name));
                }
                _ => {
                    named.insert(name, found);
                }
            }
        }
    }
    out.push_str("/// The enumerations of all modules, by the name of their textual convention.\n");
    out.push_str("pub mod tc {\n");
    out.push_str("    use lcms_snmp::Octets;\n\n");
    for (name, syntax) in &named {
        write_type(out, name, *syntax, syntax.description().as_deref())?;
    }
    out.push_str("}\n\n");
    Ok(())
}

/// Writes the type of an enumeration or of BITS.
pub(super) fn write_type(
    out: &mut String,
    name: &str,
    syntax: Type<'_>,
    description: Option<&str>,
) -> Result<(), CodegenError> {
    let labels: Vec<(&str, i64)> = syntax.labels().collect();
    let is_bits = syntax.base() == crate::model::Base::Bits;
    let names: Vec<String> = labels
        .iter()
        .map(|(label, _)| match is_bits {
            true => screaming(&identifier(label)),
            false => pascal(label),
        })
        .collect();
    if names.iter().collect::<BTreeSet<_>>().len() != names.len() {
        return Err(CodegenError::Labels(name.to_owned()));
    }
    doc(out, "    ", name, description);
    match is_bits {
        true => write_bits(out, name, &labels, &names),
        false => write_enumeration(out, name, &labels, &names),
    }
}

fn write_enumeration(
    out: &mut String,
    name: &str,
    labels: &[(&str, i64)],
    variants: &[String],
) -> Result<(), CodegenError> {
    out.push_str("    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]\n    #[repr(i32)]\n");
    line(out, format_args!("    pub enum {name} {{"));
    for ((label, number), variant) in labels.iter().zip(variants) {
        line(out, format_args!("        /// {label}({number})"));
        line(out, format_args!("        {variant} = {number},"));
    }
    out.push_str("    }\n\n");
    line(out, format_args!("    impl {name} {{"));
    out.push_str("        /// Every value, in the order of the MIB.\n");
    let all: Vec<String> = variants.iter().map(|v| format!("Self::{v}")).collect();
    line(out, format_args!("        pub const ALL: &[Self] = &[{}];\n", all.join(", ")));
    out.push_str("        /// The value with this number.\n");
    out.push_str("        pub fn from_number(number: i32) -> Option<Self> {\n");
    out.push_str("            Some(match number {\n");
    for ((_, number), variant) in labels.iter().zip(variants) {
        line(out, format_args!("                {number} => Self::{variant},"));
    }
    out.push_str("                _ => return None,\n            })\n        }\n\n");
    out.push_str("        /// The number in the MIB.\n");
    out.push_str("        pub fn number(self) -> i32 {\n            self as i32\n        }\n\n");
    out.push_str("        /// The label in the MIB.\n");
    out.push_str("        pub fn label(self) -> &'static str {\n            match self {\n");
    for ((label, _), variant) in labels.iter().zip(variants) {
        line(out, format_args!("                Self::{variant} => {label:?},"));
    }
    out.push_str("            }\n        }\n    }\n\n");
    line(out, format_args!("    impl std::fmt::Display for {name} {{"));
    out.push_str(
        "        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {\n\
         \x20           f.pad(self.label())\n        }\n    }\n\n",
    );
    line(out, format_args!("    impl std::str::FromStr for {name} {{"));
    out.push_str("        type Err = lcms_snmp::object::SyntaxError;\n\n");
    out.push_str("        fn from_str(label: &str) -> Result<Self, Self::Err> {\n");
    out.push_str(
        "            let found = Self::ALL.iter().find(|value| value.label() == label);\n\
         \x20           found.copied().ok_or(lcms_snmp::object::SyntaxError::WrongValue)\n\
         \x20       }\n    }\n\n",
    );
    Ok(())
}

fn write_bits(
    out: &mut String,
    name: &str,
    labels: &[(&str, i64)],
    constants: &[String],
) -> Result<(), CodegenError> {
    let highest = labels.iter().map(|(_, position)| *position).max().unwrap_or(0);
    let (width, octets) = match highest {
        0..=31 => ("u32", highest / 8 + 1),
        32..=63 => ("u64", highest / 8 + 1),
        _ => return Err(CodegenError::Syntax(name.to_owned())),
    };
    out.push_str("    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]\n");
    line(out, format_args!("    pub struct {name}({width});\n"));
    line(out, format_args!("    impl {name} {{"));
    for ((label, position), constant) in labels.iter().zip(constants) {
        line(out, format_args!("        /// {label}({position})"));
        line(out, format_args!("        pub const {constant}: Self = Self(1 << {position});"));
    }
    out.push_str("\n        const LABELS: &[(&str, Self)] = &[\n");
    for ((label, _), constant) in labels.iter().zip(constants) {
        line(out, format_args!("            ({label:?}, Self::{constant}),"));
    }
    out.push_str("        ];\n\n");
    line(
        out,
        format_args!(
            r#"        /// No bit.
        pub const fn empty() -> Self {{
            Self(0)
        }}

        /// Whether no bit is set.
        pub const fn is_empty(self) -> bool {{
            self.0 == 0
        }}

        /// Whether all bits of `other` are set.
        pub const fn contains(self, other: Self) -> bool {{
            self.0 & other.0 == other.0
        }}

        /// The bits of both.
        pub const fn union(self, other: Self) -> Self {{
            Self(self.0 | other.0)
        }}

        /// Sets the bits of `other`.
        pub fn insert(&mut self, other: Self) {{
            self.0 |= other.0;
        }}

        /// Clears the bits of `other`.
        pub fn remove(&mut self, other: Self) {{
            self.0 &= !other.0;
        }}

        /// The labels of the bits that are set.
        pub fn labels(self) -> impl Iterator<Item = &'static str> {{
            Self::LABELS.iter().filter(move |(_, bit)| self.contains(*bit)).map(|(label, _)| *label)
        }}

        /// The bit with this label.
        pub fn from_label(label: &str) -> Option<Self> {{
            Self::LABELS.iter().find(|(name, _)| *name == label).map(|(_, bit)| *bit)
        }}

        /// The form on the wire: the first bit is the highest of the first octet.
        pub fn octets(self) -> Octets<'static> {{
            let mut octets = [0_u8; {octets}];
            for (at, octet) in octets.iter_mut().enumerate() {{
                *octet = ((self.0 >> (8 * at)) as u8).reverse_bits();
            }}
            Octets::copied(&octets)
        }}

        /// Reads the form on the wire; `None` if a bit without a name is set.
        pub fn from_octets(octets: &[u8]) -> Option<Self> {{
            let mut bits: {width} = 0;
            for (at, octet) in octets.iter().enumerate().filter(|(_, octet)| **octet != 0) {{
                let shifted = {width}::from(octet.reverse_bits()).checked_shl(8 * at as u32)?;
                bits |= shifted;
            }}
            let all = Self::LABELS.iter().fold(Self(0), |sum, (_, bit)| sum.union(*bit));
            all.contains(Self(bits)).then_some(Self(bits))
        }}
    }}

    impl std::ops::BitOr for {name} {{
        type Output = Self;

        fn bitor(self, other: Self) -> Self {{
            self.union(other)
        }}
    }}
"#
        ),
    );
    Ok(())
}
