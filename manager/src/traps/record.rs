//! A notification as it is stored, passed on and shown: named by the MIB.

use std::{collections::BTreeSet, fmt, net::SocketAddr};

use jiff::Timestamp;
use lcms_mibs::{Kind as NodeKind, Mib};
use lcms_snmp::{Version, notification::Notification, usm::Clock, v3::SecurityLevel};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{About, Severity, meaning, taken::Taken};
use crate::ops::Variable;

/// A stored notification.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Grows by one with each; 0 of one that the journal did not take.
    pub id: u64,
    /// When it came.
    #[serde(with = "text")]
    pub received: Timestamp,
    /// Where it came from.
    pub from: SocketAddr,
    /// The message's version.
    #[serde(with = "version")]
    pub version: Version,
    /// Whether its sender was to be told that it has come.
    pub kind: Kind,
    /// The community's name in the configuration, or the user.
    pub sender: String,
    /// How a user's message was secured.
    #[serde(with = "level", default, skip_serializing_if = "Option::is_none")]
    pub level: Option<SecurityLevel>,
    /// The sender's engine and its clock, of a trap of version 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
    /// contextName, if there is one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub context: String,
    /// Names the message: one that comes again has the same.
    pub digest: String,
    /// The notification's name: `LOAD-CLUSTER-MIB::lcServerDown`.
    pub name: String,
    /// In numbers.
    pub oid: String,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about, of LOAD-CLUSTER-MIB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<About>,
    /// Why it came, of LOAD-CLUSTER-MIB.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What tells it from others of its sender: the rows that its objects are of.
    pub subject: String,
    /// sysUpTime of its sender, in hundredths of a second.
    pub up_time: u32,
    /// Its objects.
    pub objects: Vec<Variable>,
}

/// Whether an answer is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// No.
    Trap,
    /// Yes.
    Inform,
}

/// The authoritative engine of a trap, by its own word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Engine {
    /// snmpEngineID.
    pub id: String,
    /// snmpEngineBoots.
    pub boots: u32,
    /// snmpEngineTime.
    pub time: u32,
}

impl Engine {
    /// Its clock.
    pub fn clock(&self) -> Clock {
        Clock { boots: self.boots, time: self.time }
    }
}

impl Kind {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Trap => "trap",
            Self::Inform => "inform",
        }
    }
}

impl Record {
    /// Names what was taken; the journal gives it its number.
    pub fn new(taken: &Taken, received: Timestamp, mib: &Mib) -> Self {
        let notification = &taken.notification;
        let name = mib.format_full_name(&notification.name);
        let told = meaning(notification);
        let by_name = || Severity::of_name(name.rsplit("::").next().unwrap_or_default());
        let severity = told.as_ref().map_or_else(by_name, |(severity, ..)| *severity);
        let (about, reason) = told.map_or((None, String::new()), |(_, about, why)| (about, why));
        Self {
            id: 0,
            received,
            from: taken.from,
            version: taken.version,
            kind: taken.kind,
            sender: taken.sender.clone(),
            level: taken.level,
            engine: taken.engine.map(|(id, Clock { boots, time })| Engine {
                id: id.to_string(),
                boots,
                time,
            }),
            context: String::from_utf8_lossy(&taken.context).into_owned(),
            digest: taken.digest.to_string(),
            subject: subject(notification, about.as_ref(), mib),
            oid: notification.name.to_string(),
            severity,
            about,
            reason,
            name,
            up_time: notification.up_time,
            objects: notification.objects.iter().map(|o| Variable::new(mib, o)).collect(),
        }
    }

    /// The module that defines the notification.
    pub fn module(&self) -> &str {
        self.name.split_once("::").map_or("", |(module, _)| module)
    }

    /// The notification's name without the module.
    pub fn notification(&self) -> &str {
        self.name.split_once("::").map_or(&self.name, |(_, name)| name)
    }
}

/// In one line, for people.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |text: &str| text.replace(|c: char| c.is_control(), " ");
        write!(f, "{} {}", self.severity, self.notification())?;
        if let Some(about) = &self.about {
            write!(f, " {}", about.name)?;
        }
        write!(f, " from {} by {}", self.from.ip(), plain(&self.sender))?;
        if !self.reason.is_empty() {
            return write!(f, ": {}", plain(&self.reason));
        }
        for (nth, object) in self.objects.iter().enumerate() {
            let between = if nth == 0 { ": " } else { ", " };
            write!(f, "{between}{} = {}", object.name, plain(&object.text))?;
        }
        Ok(())
    }
}

/// The longest subject; of a longer one the beginning tells it from others.
const SUBJECT: usize = 200;

/// What the notification is about, or else the rows of its objects, whose names are
/// in no module's order. One without rows is a subject of its own by its name: a
/// start of the agent has nothing to do with somebody's wrong password.
fn subject(notification: &Notification, about: Option<&About>, mib: &Mib) -> String {
    if let Some(about) = about {
        return format!("{} {}", about.kind.word().to_ascii_lowercase(), about.name);
    }
    let rows: BTreeSet<String> = notification
        .objects
        .iter()
        .filter_map(|object| {
            let (node, instance) = mib.lookup(&object.name)?;
            if matches!(node.kind(), NodeKind::Scalar) {
                return None;
            }
            let whole = mib.format_name(&object.name);
            let row = whole.strip_prefix(node.name()).filter(|_| !instance.is_empty());
            Some(row.map_or(whole.clone(), str::to_owned))
        })
        .collect();
    let mut subject = rows.into_iter().collect::<Vec<_>>().join(" ");
    if subject.is_empty() {
        subject = mib.format_name(&notification.name);
    }
    subject.truncate(subject.floor_char_boundary(SUBJECT));
    subject
}

mod text {
    use super::*;

    pub(super) fn serialize<S: Serializer>(time: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(time)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

mod version {
    use super::*;

    pub(super) fn serialize<S: Serializer>(version: &Version, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(version_word(*version))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Version, D::Error> {
        let text = String::deserialize(from)?;
        let all = [Version::V1, Version::V2c, Version::V3];
        let found = all.into_iter().find(|version| version_word(*version) == text);
        found.ok_or_else(|| de::Error::custom("no version of SNMP"))
    }
}

/// A version as it is written everywhere.
pub fn version_word(version: Version) -> &'static str {
    match version {
        Version::V1 => "1",
        Version::V2c => "2c",
        Version::V3 => "3",
    }
}

mod level {
    use super::*;

    pub(super) fn serialize<S: Serializer>(
        level: &Option<SecurityLevel>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        level.map(|level| level.to_string()).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<SecurityLevel>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| text.parse().map_err(de::Error::custom)).transpose()
    }
}
