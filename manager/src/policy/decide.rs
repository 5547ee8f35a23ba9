//! From what each server of a service could do to the weights they get.

use lcms_lb_core::model::{PolicyKind, ServerId};
use serde::{Serialize, Serializer};

use super::{ServerReading, Settings};

/// What is known of a server's room for work. Rooms of one service share a
/// unit; only their proportion matters.
#[derive(Clone, Debug, PartialEq)]
pub enum Prospect {
    /// Its room, and the figures behind it.
    Room {
        /// How much it could take.
        room: f64,
        /// The figures.
        because: String,
    },
    /// There were figures and they no longer count: the weight stays.
    Held {
        /// The room it had then: the others keep their proportion to it.
        room: Option<f64>,
        /// Why they do not count.
        because: String,
    },
    /// There never were figures: the configured weight is all there is.
    Unknown {
        /// What is missing.
        because: String,
    },
}

/// A server about to get a weight.
#[derive(Clone, Debug)]
pub struct Candidate<'a> {
    /// Its row.
    pub server: &'a ServerReading,
    /// Its names.
    pub id: ServerId,
    /// What is known of it.
    pub prospect: Prospect,
}

/// What a server's dynamic weight shall be, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decision {
    /// The server.
    #[serde(serialize_with = "as_path")]
    pub server: ServerId,
    /// Its configured weight.
    pub configured: u32,
    /// The dynamic weight it has.
    pub before: Option<u32>,
    /// The dynamic weight it shall have; none: the configured one stands.
    pub weight: Option<u32>,
    /// The weight its room asks for, before smoothing and limits.
    pub wanted: Option<u32>,
    /// Whether the weight is held because its figures no longer count.
    pub frozen: bool,
    /// Why, with the figures, in one line.
    pub why: String,
}

impl Decision {
    /// The weight to write, if there is one to write.
    pub fn change(&self) -> Option<u32> {
        self.weight.filter(|_| self.weight != self.before)
    }
}

fn as_path<S: Serializer>(server: &ServerId, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(server)
}

/// Decides the weights of one service.
pub fn decide(settings: &Settings, candidates: &[Candidate<'_>]) -> Vec<Decision> {
    let scale = Scale::of(settings, candidates);
    candidates.iter().map(|candidate| candidate.decide(settings, &scale)).collect()
}

/// What turns rooms and configured weights into wanted weights.
struct Scale {
    /// Weight for each unit of room.
    room: Option<f64>,
    /// Weight for each unit of configured weight.
    configured: Option<f64>,
}

impl Scale {
    fn of(settings: &Settings, candidates: &[Candidate<'_>]) -> Self {
        let competing = || candidates.iter().filter(|candidate| candidate.competes());
        let top = competing()
            .filter_map(|candidate| match candidate.prospect {
                Prospect::Room { room, .. } | Prospect::Held { room: Some(room), .. } => Some(room),
                _ => None,
            })
            .fold(0.0, f64::max);
        let room = (top > 0.0).then(|| f64::from(settings.ceiling) / top);
        // What the measured servers want for each unit of their configured
        // weight, a server without figures gets for its own.
        let (wanted, configured) =
            competing().fold((0.0, 0.0), |sums, candidate| match (&candidate.prospect, room) {
                (Prospect::Room { room, .. }, Some(scale)) => {
                    (sums.0 + room * scale, sums.1 + f64::from(candidate.server.configured))
                }
                _ => sums,
            });
        Self { room, configured: (configured > 0.0 && wanted > 0.0).then(|| wanted / configured) }
    }
}

impl Candidate<'_> {
    /// Whether load decides over its weight at all.
    fn competes(&self) -> bool {
        self.server.follows_load && self.server.configured > 0
    }

    fn decide(&self, settings: &Settings, scale: &Scale) -> Decision {
        let server = self.server;
        if settings.kind == PolicyKind::Static {
            return self.stays(false, "the policy is static".to_owned());
        }
        if !server.follows_load {
            return self.stays(false, "its weight mode is static".to_owned());
        }
        if server.configured == 0 {
            // A configured 0 is an operator's drain. It is no load figure that
            // could be argued with, so neither step nor floor applies.
            let why = "drained: its configured weight is 0".to_owned();
            return Decision { weight: Some(0), ..self.stays(false, why) };
        }
        match (&self.prospect, scale.room, scale.configured) {
            (Prospect::Held { because, .. }, _, _) => {
                self.stays(true, format!("{because}: weight stays"))
            }
            (Prospect::Room { room, because }, Some(scale), _) => {
                self.towards(settings, room * scale, because)
            }
            (Prospect::Room { because, .. }, None, _) => {
                self.stays(false, format!("{because}; no server has room: weight stays"))
            }
            (Prospect::Unknown { because }, _, Some(scale)) => self.towards(
                settings,
                (f64::from(server.configured) * scale).min(f64::from(settings.ceiling)),
                &format!("{because}: share as configured"),
            ),
            (Prospect::Unknown { because }, _, None) => {
                self.stays(false, format!("{because}: weight stays"))
            }
        }
    }

    fn stays(&self, frozen: bool, why: String) -> Decision {
        let (configured, before) = (self.server.configured, self.server.dynamic);
        Decision { server: self.id, configured, before, weight: before, wanted: None, frozen, why }
    }

    fn towards(&self, settings: &Settings, wanted: f64, because: &str) -> Decision {
        let present = self.server.dynamic.unwrap_or(self.server.configured);
        let least = f64::from(settings.floor);
        let raised = if wanted.round() < least { "; no less than the floor" } else { "" };
        let wanted = wanted.clamp(least, f64::from(settings.ceiling));
        let weight = settings.next(present, wanted);
        let wanted = wanted.round() as u32;
        let way = match weight {
            weight if weight == wanted => String::new(),
            weight if weight == present => format!("; {wanted} is too near for a change"),
            weight if weight.abs_diff(present) == settings.step => {
                format!("; on the way to {wanted}, {} at a time", settings.step)
            }
            _ => format!("; on the way to {wanted}, damped"),
        };
        let why = format!("{because}{raised}{way}");
        Decision {
            server: self.id,
            configured: self.server.configured,
            before: self.server.dynamic,
            weight: Some(weight),
            wanted: Some(wanted),
            frozen: false,
            why,
        }
    }
}
