//! Any variable of any agent, by the names of any MIB.

use lcms_mibs::{Mib, NameError, Node, ValueError};
use lcms_snmp::{ErrorStatus, Oid, VarBind};
use thiserror::Error;

use super::Variable;
use crate::client::{Client, ClientError, Step, Target, Walk};

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
    #[error("{}", refusal(about.as_deref(), source))]
    Client {
        /// What the refusal is about.
        about: Option<Box<About>>,
        /// What came of it.
        #[source]
        source: ClientError,
    },
}

/// What an object can hold, in words.
fn takes(node: Node<'_>) -> Option<String> {
    let syntax = node.syntax()?;
    let labels: Vec<&str> = syntax.labels().map(|(label, _)| label).collect();
    let spans = |spans: &[(i64, i64)]| {
        let each = spans.iter().map(|(low, high)| match low == high {
            true => low.to_string(),
            false => format!("{low} to {high}"),
        });
        each.collect::<Vec<_>>().join(" or ")
    };
    let word = syntax.base().name();
    Some(match (labels.as_slice(), syntax.ranges(), syntax.sizes()) {
        ([], [], []) => word.to_owned(),
        ([], [], sizes) => format!("{word} of {} octets", spans(sizes)),
        ([], ranges, _) => format!("{word} from {}", spans(ranges)),
        (labels, ..) => labels.join(", "),
    })
}

fn takes_of(about: &Option<Box<About>>) -> Option<&str> {
    about.as_ref()?.takes.as_deref()
}

/// Who, about what, and why.
fn refusal(about: Option<&About>, source: &ClientError) -> String {
    match (about, source, source.status()) {
        (Some(About { name, .. }), ClientError::Refused { address, .. }, Some(status)) => {
            format!("{address}: {name}: {}", status.name())
        }
        _ => source.to_string(),
    }
}

/// The object that a refusal is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Its name, instance included.
    pub name: String,
    /// What it can hold, where its module is loaded.
    pub takes: Option<String>,
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
            Self::Client { source, about } => match source.status() {
                Some(
                    ErrorStatus::WrongType
                    | ErrorStatus::WrongLength
                    | ErrorStatus::WrongValue
                    | ErrorStatus::BadValue,
                ) if takes_of(about).is_some() => {
                    format!("it takes {}", takes_of(about).unwrap_or_default())
                }
                Some(
                    ErrorStatus::NoAccess
                    | ErrorStatus::NotWritable
                    | ErrorStatus::ReadOnly
                    | ErrorStatus::AuthorizationError,
                ) => "the agent does not let whoever asks write that; ask as another: \
                      --community-file FILE, --user NAME, or over TLS --certificate-file FILE"
                    .to_owned(),
                _ => source.advice(),
            },
        }
    }

    /// Whether it is the arguments that are wrong.
    pub fn is_usage(&self) -> bool {
        !matches!(self, Self::Client { .. })
    }

    /// A refusal with the words of the MIB.
    pub(super) fn of(mib: &Mib, source: ClientError) -> Self {
        let name = match &source {
            ClientError::Refused { name: Some(name), .. } => Some(name),
            _ => None,
        };
        let about = name.map(|name| {
            let takes = mib.lookup(name).and_then(|(node, _)| takes(node));
            Box::new(About { name: mib.format_full_name(name), takes })
        });
        Self::Client { about, source }
    }
}

impl From<ClientError> for QueryError {
    fn from(source: ClientError) -> Self {
        Self::Client { about: None, source }
    }
}

pub(super) fn parse(mib: &Mib, given: &str) -> Result<Oid, QueryError> {
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
