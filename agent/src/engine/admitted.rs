//! Requests that were let in, and how they are answered.

use lcms_snmp::{Message, Pdu, ResponseWriter, Version, v3::V3Head};

use crate::security::Principal;

/// A request whose sender is known.
pub struct Admitted<'d> {
    /// Who sent it.
    pub principal: Principal<'d>,
    around: Around<'d>,
}

/// What stands around the request, and will around the response.
enum Around<'d> {
    Community(Message<'d>),
    V3 {
        head: V3Head<'d>,
        pdu: Pdu<'d>,
        /// The longest message that the sender takes.
        max_size: usize,
    },
}

impl<'d> Admitted<'d> {
    /// A request of a community.
    pub fn community(message: Message<'d>, principal: Principal<'d>) -> Self {
        Self { principal, around: Around::Community(message) }
    }

    /// A request of a user, with what will stand around the response.
    pub fn v3(head: V3Head<'d>, pdu: Pdu<'d>, max_size: u32, principal: Principal<'d>) -> Self {
        let max_size = max_size as usize;
        Self { principal, around: Around::V3 { head, pdu, max_size } }
    }

    /// The request itself.
    pub fn pdu(&self) -> &Pdu<'d> {
        match &self.around {
            Around::Community(message) => &message.pdu,
            Around::V3 { pdu, .. } => pdu,
        }
    }

    /// The version of its message.
    pub fn version(&self) -> Version {
        match &self.around {
            Around::Community(message) => message.version,
            Around::V3 { .. } => Version::V3,
        }
    }

    /// What answers it, in a message of at most so many octets.
    pub fn writer<'b, 'r>(&'r self, out: &'b mut Vec<u8>, limit: usize) -> ResponseWriter<'b, 'r> {
        match &self.around {
            Around::Community(message) => {
                let largest = self.principal.largest.unwrap_or(usize::MAX);
                ResponseWriter::new(out, message, limit.min(largest))
            }
            Around::V3 { head, pdu, max_size } => {
                ResponseWriter::v3(out, head, pdu, limit.min(*max_size))
            }
        }
    }
}
