//! Requests and responses in a few words.

use lcms_snmp::{
    ErrorStatus, Octets, Oid, OutMessage, PduKind, Value, VarBind, Version,
    message::{self, Message},
};

/// A request in a few words.
#[derive(Clone, Debug)]
pub struct Request {
    pub version: Version,
    pub community: &'static str,
    pub kind: PduKind,
    pub numbers: (i32, i32),
    pub varbinds: Vec<VarBind<'static>>,
}

impl Request {
    pub fn new(kind: PduKind, names: &[&str]) -> Self {
        let varbinds = names.iter().map(|name| VarBind { name: oid(name), value: Value::Null });
        let community = if kind == PduKind::SetRequest { "write" } else { "read" };
        let varbinds = varbinds.collect();
        Self { version: Version::V2c, community, kind, numbers: (0, 0), varbinds }
    }

    pub fn get(names: &[&str]) -> Self {
        Self::new(PduKind::GetRequest, names)
    }

    pub fn next(names: &[&str]) -> Self {
        Self::new(PduKind::GetNextRequest, names)
    }

    pub fn bulk(non_repeaters: i32, repetitions: i32, names: &[&str]) -> Self {
        Self { numbers: (non_repeaters, repetitions), ..Self::new(PduKind::GetBulkRequest, names) }
    }

    pub fn set(varbinds: &[(&str, Value<'static>)]) -> Self {
        let varbinds = varbinds.iter();
        let varbinds =
            varbinds.map(|(name, value)| VarBind { name: oid(name), value: value.clone() });
        Self { varbinds: varbinds.collect(), ..Self::new(PduKind::SetRequest, &[]) }
    }

    /// A SET of these bindings, in this order.
    pub fn set_all(varbinds: Vec<VarBind<'static>>) -> Self {
        Self { varbinds, ..Self::new(PduKind::SetRequest, &[]) }
    }

    pub fn v1(self) -> Self {
        Self { version: Version::V1, ..self }
    }

    pub fn community(self, community: &'static str) -> Self {
        Self { community, ..self }
    }

    pub fn encode(&self) -> Vec<u8> {
        message::encode(&OutMessage {
            version: self.version,
            community: self.community.as_bytes(),
            kind: self.kind,
            request_id: 4711,
            error_status: self.numbers.0,
            error_index: self.numbers.1,
            varbinds: &self.varbinds,
        })
    }
}

/// A response in a few words.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    pub status: ErrorStatus,
    pub index: i32,
    pub varbinds: Vec<(String, Value<'static>)>,
}

impl Reply {
    pub fn decode(datagram: &[u8]) -> Self {
        let Message { pdu, .. } = message::decode(datagram).expect("a well-formed response");
        assert_eq!((pdu.kind, pdu.request_id), (PduKind::Response, 4711));
        Self {
            status: ErrorStatus::from_number(pdu.error_status).expect("a known status"),
            index: pdu.error_index,
            varbinds: pdu
                .varbinds
                .to_vec()
                .into_iter()
                .map(|varbind| (varbind.name.to_string(), varbind.value))
                .collect(),
        }
    }

    pub fn names(&self) -> Vec<&str> {
        self.varbinds.iter().map(|(name, _)| name.as_str()).collect()
    }

    pub fn values(&self) -> Vec<&Value<'static>> {
        self.varbinds.iter().map(|(_, value)| value).collect()
    }

    pub fn fault(&self) -> (ErrorStatus, i32) {
        (self.status, self.index)
    }
}

pub fn oid(text: &str) -> Oid {
    text.parse().unwrap()
}

pub fn text(text: &str) -> Value<'static> {
    Value::OctetString(Octets::from(text.to_owned()))
}
