//! Any variable of any agent, by the names of any MIB.

use std::borrow::Cow;

use lcms_mibs::{Mib, NameError, Node, ValueError};
use lcms_snmp::{ErrorStatus, Octets, Oid, Value, VarBind, object::Access as ObjectAccess};
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::Value as Json;
use thiserror::Error;

use super::{Variable, variable::worded};
use crate::client::{Client, ClientError, Columns, Shape, Step, Target, Walk};

/// Why a question was not asked, or not answered.
#[derive(Debug, Error)]
pub enum QueryError {
    /// No module has such a name.
    #[error("{given}: {cause}")]
    Name {
        /// What was given.
        given: String,
        /// Why it is none.
        cause: NameError,
    },
    /// The variable cannot hold such a value.
    #[error("{name}: {cause}")]
    Value {
        /// The variable.
        name: String,
        /// Why.
        cause: ValueError,
    },
    /// No module says what type the variable has.
    #[error("{name}: its type is not known")]
    UnknownType {
        /// The variable.
        name: String,
    },
    /// A type and value that do not go together.
    #[error("{name}: {value:?} is no value of type {kind:?}")]
    Typed {
        /// The variable.
        name: String,
        /// The type's letter.
        kind: String,
        /// What it was to hold.
        value: String,
    },
    /// Arguments that are neither pairs nor triples.
    #[error("{given:?} is neither NAME=VALUE nor NAME TYPE VALUE")]
    Form {
        /// What was given.
        given: String,
    },
    /// The name is no table's.
    #[error("{given} is no table")]
    NoTable {
        /// What was given.
        given: String,
    },
    /// The agent did not answer, or refused.
    #[error("{}", refusal(object.as_deref(), source))]
    Client {
        /// What the refusal is about, by the MIB.
        object: Option<String>,
        /// What came of it.
        #[source]
        source: ClientError,
    },
}

/// Who, about what, and why.
fn refusal(object: Option<&str>, source: &ClientError) -> String {
    match (object, source, source.status()) {
        (Some(object), ClientError::Refused { address, .. }, Some(status)) => {
            format!("{address}: {object}: {}", status.name())
        }
        _ => source.to_string(),
    }
}

impl QueryError {
    /// What to do next.
    pub fn advice(&self) -> String {
        match self {
            Self::Name {
                cause: NameError::UnknownModule(_) | NameError::UnknownName { .. },
                ..
            } => "name the folder with its module: --mib-dir DIR; or write the OID".to_owned(),
            Self::Name { .. } => {
                "write it like sysUpTime.0, lcServerWeight.\"main\".\"web\".\"rs1\" or 1.3.6.1.2.1"
                    .to_owned()
            }
            Self::Value { .. } => "nothing was sent".to_owned(),
            Self::UnknownType { .. } => {
                "say it: NAME TYPE VALUE, with one of i u c C t a o s x d, or name the folder with \
                 its module: --mib-dir DIR"
                    .to_owned()
            }
            Self::Typed { .. } => {
                "types are i (INTEGER), u (Gauge32), c (Counter32), C (Counter64), \
                                   t (TimeTicks), a (IpAddress), o (OID), s (text), x (hexadecimal \
                                   octets), d (decimal octets), = (as the MIB says)"
                    .to_owned()
            }
            Self::Form { .. } => "write it like sysContact.0='somebody'".to_owned(),
            Self::NoTable { .. } => {
                "name a table, such as lcServerTable or ifTable; lcms-manager walk shows the rest"
                    .to_owned()
            }
            Self::Client { source, .. } => match source.status() {
                Some(
                    ErrorStatus::NoAccess
                    | ErrorStatus::NotWritable
                    | ErrorStatus::ReadOnly
                    | ErrorStatus::AuthorizationError,
                ) => "the agent does not let this community write that; name another with \
                      --community-file FILE"
                    .to_owned(),
                _ => source.advice(),
            },
        }
    }

    /// Whether it is the arguments that are wrong.
    pub fn is_usage(&self) -> bool {
        !matches!(self, Self::Client { .. })
    }

    fn of(mib: &Mib, source: ClientError) -> Self {
        let object = match &source {
            ClientError::Refused { name: Some(name), .. } => Some(mib.format_full_name(name)),
            _ => None,
        };
        Self::Client { object, source }
    }
}

impl From<ClientError> for QueryError {
    fn from(source: ClientError) -> Self {
        Self::Client { object: None, source }
    }
}

fn parse(mib: &Mib, given: &str) -> Result<Oid, QueryError> {
    mib.parse_name(given).map_err(|cause| QueryError::Name { given: given.to_owned(), cause })
}

fn parse_all(mib: &Mib, names: &[String]) -> Result<Vec<Oid>, QueryError> {
    names.iter().map(|name| parse(mib, name)).collect()
}

fn variables(mib: &Mib, varbinds: &[VarBind<'_>]) -> Vec<Variable> {
    varbinds.iter().map(|varbind| Variable::new(mib, varbind)).collect()
}

/// Reads exactly these.
pub async fn get(
    client: &Client,
    target: &Target,
    mib: &Mib,
    names: &[String],
) -> Result<Vec<Variable>, QueryError> {
    let names = parse_all(mib, names)?;
    let got = client.get(target, &names).await.map_err(|error| QueryError::of(mib, error))?;
    Ok(variables(mib, &got))
}

/// Reads what follows these.
pub async fn next(
    client: &Client,
    target: &Target,
    mib: &Mib,
    names: &[String],
) -> Result<Vec<Variable>, QueryError> {
    let names = parse_all(mib, names)?;
    let got = client.get_next(target, &names).await.map_err(|error| QueryError::of(mib, error))?;
    Ok(variables(mib, &got))
}

/// A walk, page by page.
#[derive(Debug)]
pub struct Walking<'a> {
    mib: &'a Mib,
    walk: Walk,
}

/// Begins to read all below a name.
pub fn walk<'a>(
    client: &Client,
    target: &Target,
    mib: &'a Mib,
    root: &str,
    step: Step,
) -> Result<Walking<'a>, QueryError> {
    Ok(Walking { mib, walk: client.walk(target, parse(mib, root)?, step) })
}

impl Walking<'_> {
    /// The next variables; `None` at the end.
    pub async fn page(&mut self) -> Result<Option<Vec<Variable>>, QueryError> {
        let page = self.walk.page().await.map_err(|error| QueryError::of(self.mib, error))?;
        Ok(page.map(|page| variables(self.mib, &page)))
    }
}

/// Sets all of these or none, and returns what the agent says it set.
pub async fn set(
    client: &Client,
    target: &Target,
    mib: &Mib,
    settings: Vec<VarBind<'static>>,
) -> Result<Vec<Variable>, QueryError> {
    let done = client.set(target, settings).await.map_err(|error| QueryError::of(mib, error))?;
    Ok(variables(mib, &done))
}

/// Reads `NAME=VALUE …` or, as net-snmp's tools have it, `NAME TYPE VALUE …`.
pub fn parse_settings(mib: &Mib, words: &[String]) -> Result<Vec<VarBind<'static>>, QueryError> {
    let first = words.first().map(String::as_str).unwrap_or_default();
    if pair(first).is_some() {
        let each = words.iter().map(|word| {
            let (name, value) =
                pair(word).ok_or_else(|| QueryError::Form { given: word.clone() })?;
            setting(mib, name, "=", value)
        });
        return each.collect();
    }
    let (triples, rest) = words.as_chunks::<3>();
    match rest {
        [] if !triples.is_empty() => {
            triples.iter().map(|[name, kind, value]| setting(mib, name, kind, value)).collect()
        }
        _ => Err(QueryError::Form { given: words.join(" ") }),
    }
}

/// Cuts at the first `=` that is not within quotes.
fn pair(word: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let at = word.find(|c| {
        quoted ^= c == '"';
        c == '=' && !quoted
    })?;
    let (name, value) = word.split_at(at);
    (!name.is_empty()).then(|| (name, value.get(1..).unwrap_or_default()))
}

fn setting(mib: &Mib, name: &str, kind: &str, text: &str) -> Result<VarBind<'static>, QueryError> {
    let oid = parse(mib, name)?;
    let value = match kind {
        "=" => {
            let node = mib.lookup(&oid).map(|(node, _)| node);
            let node = node.filter(|node| {
                node.syntax().is_some_and(|s| is_object(*node) && s.base() != lcms_mibs::Base::None)
            });
            let node = node.ok_or_else(|| QueryError::UnknownType { name: name.to_owned() })?;
            mib.parse_value(node, text)
                .map_err(|cause| QueryError::Value { name: name.to_owned(), cause })?
        }
        _ => typed(mib, kind, text).ok_or_else(|| QueryError::Typed {
            name: name.to_owned(),
            kind: kind.to_owned(),
            value: text.to_owned(),
        })?,
    };
    Ok(VarBind { name: oid, value })
}

fn is_object(node: Node<'_>) -> bool {
    matches!(node.kind(), lcms_mibs::Kind::Scalar | lcms_mibs::Kind::Column)
}

/// A value of the type that net-snmp's tools know by this letter.
fn typed(mib: &Mib, kind: &str, text: &str) -> Option<Value<'static>> {
    Some(match kind {
        "i" => Value::Integer(text.parse().ok()?),
        "u" => Value::Gauge32(text.parse().ok()?),
        "c" => Value::Counter32(text.parse().ok()?),
        "C" => Value::Counter64(text.parse().ok()?),
        "t" => Value::TimeTicks(text.parse().ok()?),
        "a" => Value::IpAddress(text.parse::<std::net::Ipv4Addr>().ok()?.octets()),
        "o" => Value::ObjectIdentifier(Cow::Owned(mib.parse_name(text).ok()?)),
        "s" => Value::OctetString(Octets::from(text.to_owned())),
        "x" => {
            let digits: Vec<u32> = text
                .strip_prefix("0x")
                .unwrap_or(text)
                .chars()
                .filter(|c| !matches!(c, ' ' | ':'))
                .map(|c| c.to_digit(16))
                .collect::<Option<_>>()?;
            let (pairs, []) = digits.as_chunks::<2>() else { return None };
            let octets: Vec<u8> = pairs.iter().map(|[high, low]| (high << 4 | low) as u8).collect();
            Value::OctetString(Octets::from(octets))
        }
        "d" => {
            let octets = text.split([' ', '.']).filter(|number| !number.is_empty());
            let octets: Vec<u8> =
                octets.map(|number| number.parse().ok()).collect::<Option<_>>()?;
            Value::OctetString(Octets::from(octets))
        }
        _ => return None,
    })
}

/// A table of an agent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TableView {
    /// The table, by the MIB.
    pub name: String,
    /// The objects the index is made of.
    pub index: Vec<String>,
    /// The columns the agent has, by their descriptors.
    pub columns: Vec<String>,
    /// The rows, by ascending index.
    pub rows: Vec<TableRow>,
}

/// A row of a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TableRow {
    /// The index as it stands in names: `"main"."web"."rs1"`.
    pub index: String,
    /// Text for people, and value for programs, of each column it has.
    #[serde(flatten)]
    pub cells: Cells,
}

/// Cells by their columns' descriptors, in the order of the columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cells(pub Vec<(String, String, Json)>);

impl Cells {
    /// The text of a column.
    pub fn text(&self, column: &str) -> Option<&str> {
        self.0.iter().find(|(name, ..)| name == column).map(|(_, text, _)| text.as_str())
    }
}

impl Serialize for Cells {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (column, _, value) in &self.0 {
            map.serialize_entry(column, value)?;
        }
        map.end()
    }
}

/// Fetches a table, which may be named by itself, its row or a column.
pub async fn table(
    client: &Client,
    target: &Target,
    mib: &Mib,
    given: &str,
) -> Result<TableView, QueryError> {
    let oid = parse(mib, given)?;
    let no_table = || QueryError::NoTable { given: given.to_owned() };
    let (node, rest) = mib.lookup(&oid).ok_or_else(no_table)?;
    let row = node.row().filter(|_| rest.is_empty()).ok_or_else(no_table)?;
    let readable = |node: &Node<'_>| node.access().is_some_and(ObjectAccess::is_readable);
    let columns: Vec<Node<'_>> = row.children().filter(readable).collect();
    let arcs: Vec<u32> = columns.iter().map(Node::arc).collect();
    let wanted = Columns { entry: row.oid(), arcs: &arcs, shape: Shape::Unknown };
    let fetched =
        client.columns(target, wanted).await.map_err(|error| QueryError::of(mib, error))?;
    let has = |column: &&Node<'_>| fetched.iter().any(|r| r.cells.contains_key(&column.arc()));
    let there: Vec<&Node<'_>> = columns.iter().filter(has).collect();
    let rows = fetched.iter().map(|fetched| {
        let cells = there.iter().filter_map(|column| {
            let value = fetched.cells.get(&column.arc())?;
            Some(cell(mib, **column, column.name().to_owned(), value))
        });
        TableRow { index: index(mib, row, &fetched.index), cells: Cells(cells.collect()) }
    });
    let rows = rows.collect();
    Ok(TableView {
        name: format!("{}::{}", row.module().name(), row.parent().unwrap_or(row).name()),
        index: row.index().iter().filter_map(|i| Some(i.node()?.name().to_owned())).collect(),
        columns: there.iter().map(|column| column.name().to_owned()).collect(),
        rows,
    })
}

/// A cell, under the name it is to have.
pub(super) fn cell(
    mib: &Mib,
    column: Node<'_>,
    name: String,
    value: &Value<'_>,
) -> (String, String, Json) {
    let value = worded(mib, column, value);
    let text = match &value {
        Json::String(text) => text.clone(),
        Json::Array(labels) => labels.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    };
    (name, text, value)
}

/// An index as it stands behind a column's name.
fn index(mib: &Mib, row: Node<'_>, index: &[u32]) -> String {
    let Some(column) = row.children().next() else { return String::new() };
    let name = mib.format_name(&[column.oid(), index].concat());
    let rest = name.strip_prefix(column.name()).unwrap_or(&name);
    rest.strip_prefix('.').unwrap_or(rest).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(words: &[&str]) -> Result<Vec<(String, Value<'static>)>, QueryError> {
        let mib = Mib::builtin();
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        let parsed = parse_settings(&mib, &words)?;
        Ok(parsed.into_iter().map(|v| (mib.format_name(&v.name), v.value)).collect())
    }

    #[test]
    fn settings_are_pairs_or_triples() {
        let text = |text: &'static str| Value::OctetString(Octets::from(text));
        for (words, expected) in [
            (&["sysContact.0=a=b"][..], vec![("sysContact.0", text("a=b"))]),
            (
                &["lcServerWeight.\"main\".\"a=b\".\"rs1\"=7"],
                vec![("lcServerWeight.\"main\".\"a=b\".\"rs1\"", Value::Gauge32(7))],
            ),
            (
                &["sysContact.0", "=", "me", "sysName.0", "s", "lb1"],
                vec![("sysContact.0", text("me")), ("sysName.0", text("lb1"))],
            ),
            (&["enterprises.9.1", "x", "0x6162"], vec![("enterprises.9.1", text("ab"))]),
            (&["enterprises.9.1", "d", "97.98"], vec![("enterprises.9.1", text("ab"))]),
        ] {
            let expected: Vec<_> = expected.into_iter().map(|(n, v)| (n.to_owned(), v)).collect();
            assert_eq!(settings(words).unwrap(), expected);
        }
    }

    #[test]
    fn what_cannot_be_set_is_said_before_anything_is_sent() {
        for (words, error) in [
            (&["sysContact.0"][..], "is neither NAME=VALUE nor NAME TYPE VALUE"),
            (&["sysContact.0=a", "b"], "\"b\" is neither"),
            (&["sysContcat.0=a"], "did you mean"),
            (&["enterprises.9.1=5"], "its type is not known"),
            (&["lcServerWeight.\"a\".\"b\".\"c\"=ten"], "`ten` is no number"),
            (&["enterprises.9.1", "i", "x"], "\"x\" is no value of type \"i\""),
            (&["enterprises.9.1", "x", "0a1"], "is no value of type \"x\""),
        ] {
            let found = settings(words).unwrap_err();
            assert!(found.to_string().contains(error), "{found}");
            assert!(found.is_usage());
        }
    }
}
