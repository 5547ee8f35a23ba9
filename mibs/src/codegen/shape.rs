//! How a syntax looks in Rust: the type of a field, and the expressions that
//! take it to a value and back.

use super::naming::{pascal, type_name};
use crate::model::{Base, DefaultValue, Node, Type};

/// The sort of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// An enumeration or BITS, by the path of its type.
    Enumeration(String),
    Bits(String),
    Truth,
    Integer,
    /// 32 unsigned bits, by the variant of `Value` that carries them.
    Unsigned(&'static str),
    Counter64,
    IpAddress,
    Oid,
    Text,
    Octets,
    Opaque,
}

impl Shape {
    /// The shape of an object; none where the syntax is not known.
    pub fn of(node: Node<'_>, syntax: Type<'_>) -> Option<Self> {
        let labelled = syntax.labels().next().is_some();
        Some(match syntax.base() {
            Base::Integer32 if syntax.is_a("TruthValue") => Self::Truth,
            Base::Integer32 if labelled => Self::Enumeration(path(node, syntax)),
            Base::Integer32 => Self::Integer,
            Base::Unsigned32 | Base::Gauge32 => Self::Unsigned("Gauge32"),
            Base::Counter32 => Self::Unsigned("Counter32"),
            Base::TimeTicks => Self::Unsigned("TimeTicks"),
            Base::Counter64 => Self::Counter64,
            Base::Bits => Self::Bits(path(node, syntax)),
            Base::OctetString if syntax.is_text() => Self::Text,
            Base::OctetString => Self::Octets,
            Base::ObjectIdentifier => Self::Oid,
            Base::IpAddress => Self::IpAddress,
            Base::Opaque => Self::Opaque,
            Base::None => return None,
        })
    }

    /// The type in indexes.
    pub fn indexed(&self) -> &str {
        match self {
            Self::Oid => "Vec<u32>",
            _ => self.owned(),
        }
    }

    /// The type in rows, patches and notifications.
    pub fn owned(&self) -> &str {
        match self {
            Self::Enumeration(path) | Self::Bits(path) => path,
            Self::Truth => "bool",
            Self::Integer => "i32",
            Self::Unsigned(_) => "u32",
            Self::Counter64 => "u64",
            Self::IpAddress => "[u8; 4]",
            Self::Oid => "Oid",
            Self::Text => "String",
            Self::Octets | Self::Opaque => "Vec<u8>",
        }
    }

    /// The type a view answers with.
    pub fn viewed(&self) -> &str {
        match self {
            Self::Oid => "Cow<'a, Oid>",
            Self::Text | Self::Octets | Self::Opaque => "Octets<'a>",
            _ => self.owned(),
        }
    }

    /// From what a view answers to a `Value`, as a function's name or closure.
    pub fn viewed_to_value(&self) -> String {
        match self {
            Self::Enumeration(_) => "|v| Value::Integer(v.number())".to_owned(),
            Self::Bits(_) => "|v| Value::OctetString(v.octets())".to_owned(),
            Self::Truth => "support::truth_value".to_owned(),
            Self::Integer => "Value::Integer".to_owned(),
            Self::Unsigned(variant) => format!("Value::{variant}"),
            Self::Counter64 => "Value::Counter64".to_owned(),
            Self::IpAddress => "Value::IpAddress".to_owned(),
            Self::Oid => "Value::ObjectIdentifier".to_owned(),
            Self::Text | Self::Octets => "Value::OctetString".to_owned(),
            Self::Opaque => "Value::Opaque".to_owned(),
        }
    }

    /// An expression that makes a `Value<'static>` of `place`, a reference.
    pub fn owned_to_value(&self, place: &str) -> String {
        match self {
            Self::Enumeration(_) => format!("Value::Integer({place}.number())"),
            Self::Bits(_) => format!("Value::OctetString({place}.octets())"),
            Self::Truth => format!("support::truth_value(*{place})"),
            Self::Integer => format!("Value::Integer(*{place})"),
            Self::Unsigned(variant) => format!("Value::{variant}(*{place})"),
            Self::Counter64 => format!("Value::Counter64(*{place})"),
            Self::IpAddress => format!("Value::IpAddress(*{place})"),
            Self::Oid => format!("Value::ObjectIdentifier(Cow::Owned({place}.clone()))"),
            Self::Text | Self::Octets => format!("Value::OctetString({place}.clone().into())"),
            Self::Opaque => format!("Value::Opaque({place}.clone().into())"),
        }
    }

    /// An expression of what a view answers, from `row.field` of a borrowed row.
    pub fn row_to_viewed(&self, field: &str) -> String {
        match self {
            Self::Oid => format!("self.{field}.as_ref().map(Cow::Borrowed)"),
            Self::Text => format!("self.{field}.as_deref().map(Octets::from)"),
            Self::Octets | Self::Opaque => format!("self.{field}.as_deref().map(Octets::from)"),
            _ => format!("self.{field}"),
        }
    }

    /// An expression of `Result<owned, SyntaxError>` from `value`, a reference.
    pub fn value_to_owned(&self, value: &str) -> String {
        match self {
            Self::Enumeration(path) => format!(
                "support::integer({value}).and_then(|n| {path}::from_number(n)\
                 .ok_or(SyntaxError::WrongValue))"
            ),
            Self::Bits(path) => format!(
                "support::octets({value}).and_then(|o| {path}::from_octets(&o)\
                 .ok_or(SyntaxError::WrongValue))"
            ),
            Self::Truth => format!("support::truth({value})"),
            Self::Integer => format!("support::integer({value})"),
            Self::Unsigned(_) => format!("support::unsigned({value})"),
            Self::Counter64 => format!("support::counter64({value})"),
            Self::IpAddress => format!("support::ip_address({value})"),
            Self::Oid => format!("support::oid({value})"),
            Self::Text => format!("support::text({value})"),
            Self::Octets | Self::Opaque => format!("support::octets({value})"),
        }
    }

    /// A statement that appends an index component's sub-identifiers to `out`.
    pub fn encode(&self, field: &str, bare: bool) -> String {
        match self {
            Self::Enumeration(_) => format!("out.push(self.{field}.number() as u32);"),
            Self::Truth => format!("out.push(if self.{field} {{ 1 }} else {{ 2 }});"),
            Self::Integer => format!("out.push(self.{field} as u32);"),
            Self::Unsigned(_) => format!("out.push(self.{field});"),
            Self::Counter64 => format!("out.push(self.{field} as u32);"),
            Self::IpAddress => format!("out.extend(self.{field}.map(u32::from));"),
            Self::Oid => format!("support::push_arcs(&self.{field}, {bare}, out);"),
            Self::Text => format!("support::push_octets(self.{field}.as_bytes(), {bare}, out);"),
            Self::Octets | Self::Opaque => {
                format!("support::push_octets(&self.{field}, {bare}, out);")
            }
            Self::Bits(_) => format!("support::push_octets(&self.{field}.octets(), {bare}, out);"),
        }
    }

    /// An expression, optional by `?`, that reads an index component from `rest`.
    pub fn decode(&self, part: &str) -> String {
        match self {
            Self::Oid => format!("support::arcs({part}, &mut rest)?"),
            _ => {
                let value = format!("&support::component({part}, &mut rest)?");
                format!("{}.ok()?", self.value_to_owned(&value))
            }
        }
    }

    /// An expression of the order of two indexes in this component.
    pub fn order(&self, field: &str, bare: bool) -> String {
        let (a, b) = (format!("self.{field}"), format!("other.{field}"));
        match self {
            Self::Enumeration(_) => format!("({a}.number() as u32).cmp(&({b}.number() as u32))"),
            // true(1) comes before false(2).
            Self::Truth => format!("{b}.cmp(&{a})"),
            Self::Integer => format!("({a} as u32).cmp(&({b} as u32))"),
            Self::Text => {
                format!("support::sequence_order({a}.as_bytes(), {b}.as_bytes(), {bare})")
            }
            Self::Octets | Self::Opaque => format!("support::sequence_order(&{a}, &{b}, {bare})"),
            Self::Bits(_) => {
                format!("support::sequence_order(&{a}.octets(), &{b}.octets(), {bare})")
            }
            Self::Oid => format!("support::sequence_order(&{a}, &{b}, {bare})"),
            _ => format!("{a}.cmp(&{b})"),
        }
    }

    /// The expression of a default, as an option of the owned type.
    pub fn default(&self, syntax: Type<'_>, default: &DefaultValue) -> Option<String> {
        Some(match (self, default) {
            (Self::Enumeration(path), DefaultValue::Integer(number)) => {
                let (label, _) = syntax.labels().find(|(_, n)| n == number)?;
                format!("Some({path}::{})", pascal(label))
            }
            (Self::Truth, DefaultValue::Integer(number)) => format!("Some({})", *number == 1),
            (Self::Integer | Self::Unsigned(_) | Self::Counter64, DefaultValue::Integer(n)) => {
                format!("Some({n})")
            }
            (Self::Bits(path), DefaultValue::Bits(positions)) => {
                let empty = format!("{path}::empty()");
                let union = positions.iter().try_fold(empty, |sum, position| {
                    let (label, _) = syntax.labels().find(|(_, n)| *n == i64::from(*position))?;
                    let constant = super::naming::screaming(&super::naming::identifier(label));
                    Some(format!("{sum}.union({path}::{constant})"))
                })?;
                format!("Some({union})")
            }
            (Self::Text, DefaultValue::Octets(octets)) => {
                format!("Some({:?}.to_owned())", std::str::from_utf8(octets).ok()?)
            }
            (Self::Octets | Self::Opaque, DefaultValue::Octets(octets)) => {
                format!("Some(vec!{octets:?})")
            }
            (Self::IpAddress, DefaultValue::Octets(octets)) if octets.len() == 4 => {
                format!("Some({octets:?})")
            }
            (Self::Oid, DefaultValue::Oid(arcs)) => format!("Oid::new(vec!{arcs:?}).ok()"),
            _ => return None,
        })
    }
}

/// Where the Rust type of an enumeration or BITS is: in `tc` under the name of
/// the type that gave the labels, or in the entry's module under the object's.
fn path(node: Node<'_>, syntax: Type<'_>) -> String {
    match named_labels(syntax) {
        Some(named) => format!("tc::{}", type_name(named.own_name().unwrap_or_default())),
        None => pascal(node.name()),
    }
}

/// The named type an object's labels come from. A SYNTAX that only narrows a
/// named enumeration still means that one.
pub(super) fn named_labels(syntax: Type<'_>) -> Option<Type<'_>> {
    let labelled = |t: &Type<'_>| t.own_name().is_some() && t.labels().next().is_some();
    syntax.ancestry().filter(labelled).last()
}
