//! Notifications, the same for whoever sends and whoever takes them: what they
//! are in every version, what a filter lets through, and how one that has come
//! is read, believed and acknowledged.
//!
//! [`Notification`] is the form of version 2: sysUpTime, the notification's name
//! and its objects. A trap of version 1 is made of it by [`Notification::in_v1`]
//! and turned into it by [`Notification::of_v1`] (RFC 3584 §3). A receiver gives
//! a datagram to [`message::open`](crate::message::open), asks [`Incoming::of`] or,
//! for version 3, [`Receiver::open`] what it says, and sends what
//! [`Incoming::acknowledge`] makes of an inform.

use std::{borrow::Cow, time::Instant};

use crate::{
    EngineId, Envelope, Message, Oid, OutMessage, Pdu, PduKind, TrapMessage, TrapPdu, Value,
    VarBind, Version,
    credentials::LocalKeys,
    message::{self, TrapFields},
    usm::Clock,
    v3::{self, OutPdu, Salts, ScopedPdu, SecurityLevel, USM, V3Head, V3Message},
    vacm::View,
};

/// What every notification is made with. The MIB says these names, so whoever has
/// that hands them in.
#[derive(Clone, Debug)]
pub struct Names {
    /// sysUpTime.0.
    pub sys_up_time: Oid,
    /// snmpTrapOID.0.
    pub snmp_trap_oid: Oid,
    /// snmpTrapEnterprise.0.
    pub snmp_trap_enterprise: Oid,
    /// snmpTrapAddress.0.
    pub snmp_trap_address: Oid,
    /// snmpTraps: below it are the generic ones.
    pub snmp_traps: Oid,
}

/// generic-trap of a trap that an enterprise has defined.
const ENTERPRISE_SPECIFIC: i32 = 6;

/// What happened, as version 2 says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// sysUpTime when it happened.
    pub up_time: u32,
    /// snmpTrapOID: which notification it is.
    pub name: Oid,
    /// Its objects, and whatever else came behind them.
    pub objects: Vec<VarBind<'static>>,
}

/// Why something is no notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotANotification {
    /// Its first variable is not sysUpTime.0, or its second not snmpTrapOID.0.
    #[error("sysUpTime.0 and snmpTrapOID.0 do not come first")]
    WithoutName,
    /// Another PDU.
    #[error("a PDU of another kind")]
    Kind,
    /// A trap of version 1 with a name that is too long or a number below zero.
    #[error("a trap of version 1 without a name")]
    Trap,
}

/// The particulars of a version 1 trap.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "as in TrapPdu")]
pub struct TrapV1 {
    pub enterprise: Oid,
    pub generic: i32,
    pub specific: i32,
    pub objects: Vec<VarBind<'static>>,
}

impl Notification {
    /// The variables of a PDU of version 2: up time and name, then the objects.
    pub fn varbinds(&self, names: &Names) -> Vec<VarBind<'static>> {
        let mut all = Vec::with_capacity(self.objects.len() + 2);
        let value = Value::TimeTicks(self.up_time);
        all.push(VarBind { name: names.sys_up_time.clone(), value });
        let value = Value::ObjectIdentifier(Cow::Owned(self.name.clone()));
        all.push(VarBind { name: names.snmp_trap_oid.clone(), value });
        all.extend(self.objects.iter().cloned());
        all
    }

    /// Reads the variables of a PDU of version 2.
    pub fn of_varbinds(
        varbinds: Vec<VarBind<'static>>,
        names: &Names,
    ) -> Result<Self, NotANotification> {
        let mut rest = varbinds.into_iter();
        let up_time = match rest.next() {
            Some(VarBind { name, value: Value::TimeTicks(ticks) }) if name == names.sys_up_time => {
                ticks
            }
            _ => return Err(NotANotification::WithoutName),
        };
        let name = match rest.next() {
            Some(VarBind { name, value: Value::ObjectIdentifier(value) })
                if name == names.snmp_trap_oid =>
            {
                value.into_owned()
            }
            _ => return Err(NotANotification::WithoutName),
        };
        // A name without octets is read as 0.0, which is nobody's.
        if name.arcs().iter().all(|arc| *arc == 0) {
            return Err(NotANotification::WithoutName);
        }
        Ok(Self { up_time, name, objects: rest.collect() })
    }

    /// The trap of version 1 (RFC 3584 §3.2), or `None` where there is none: a
    /// Counter64 has no place in version 1. `own` is the sysObjectID of the sender.
    pub fn in_v1(&self, own: &Oid, names: &Names) -> Option<TrapV1> {
        if self.objects.iter().any(|object| matches!(object.value, Value::Counter64(_))) {
            return None;
        }
        let (generic, specific, enterprise) = match self.generic(names) {
            Some(generic) => {
                // (1): what the notification says it is under, if it does; else the
                // sender's own kind, as RFC 1157 §4.1.6 has it, and not snmpTraps.
                let said =
                    self.objects.iter().find(|object| object.name == names.snmp_trap_enterprise);
                let enterprise = match said.map(|object| &object.value) {
                    Some(Value::ObjectIdentifier(oid)) => oid.clone().into_owned(),
                    _ => own.clone(),
                };
                (generic, 0, enterprise)
            }
            None => {
                let (last, before) = self.name.arcs().split_last()?;
                let enterprise = match before.split_last() {
                    Some((0, enterprise)) => enterprise,
                    _ => before,
                };
                // What version 2 takes for a number version 1 may not.
                let specific = i32::try_from(*last).ok()?;
                (ENTERPRISE_SPECIFIC, specific, Oid::new(enterprise).ok()?)
            }
        };
        let mut objects = self.objects.clone();
        objects.retain(|object| {
            object.name != names.snmp_trap_enterprise && object.name != names.snmp_trap_address
        });
        Some(TrapV1 { enterprise, generic, specific, objects })
    }

    /// generic-trap of a notification that version 1 knew.
    fn generic(&self, names: &Names) -> Option<i32> {
        match self.name.strip_prefix(names.snmp_traps.arcs())? {
            [number @ 1..=6] => i32::try_from(*number).ok().map(|number| number - 1),
            _ => None,
        }
    }

    /// What a trap of version 1 is in version 2 (RFC 3584 §3.1), with the address
    /// it names and its enterprise behind the objects.
    pub fn of_v1(trap: &TrapPdu<'_>, names: &Names) -> Result<Self, NotANotification> {
        let enterprise = trap.enterprise.to_oid();
        let name = match (trap.generic, u32::try_from(trap.specific)) {
            (0..ENTERPRISE_SPECIFIC, _) => {
                let arc = u32::try_from(trap.generic).map_err(|_| NotANotification::Trap)? + 1;
                [names.snmp_traps.arcs(), &[arc]].concat()
            }
            (ENTERPRISE_SPECIFIC, Ok(specific)) => [enterprise.arcs(), &[0, specific]].concat(),
            _ => return Err(NotANotification::Trap),
        };
        let name = Oid::new(name).map_err(|_| NotANotification::Trap)?;
        let mut objects = trap.varbinds.to_vec();
        let address = Value::IpAddress(trap.agent_addr);
        let under = Value::ObjectIdentifier(Cow::Owned(enterprise));
        let added = [(&names.snmp_trap_address, address), (&names.snmp_trap_enterprise, under)];
        for (name, value) in added {
            // (4): one that was forwarded has them already.
            if objects.iter().all(|object| object.name != *name) {
                objects.push(VarBind { name: name.clone(), value });
            }
        }
        Ok(Self { up_time: trap.timestamp, name, objects })
    }

    /// Whether a filter lets it through (RFC 3413 §6): its name must be included,
    /// and none of its objects excluded.
    pub fn passes(&self, filter: &View) -> bool {
        filter.verdict(&self.name) == Some(true)
            && self.objects.iter().all(|object| filter.verdict(&object.name) != Some(false))
    }

    /// Whether it may be told to whoever has this notify view (RFC 3413 §3.3):
    /// its name and all its objects are in it.
    pub fn is_in(&self, view: &View) -> bool {
        view.contains(&self.name) && self.objects.iter().all(|object| view.contains(&object.name))
    }

    /// The message for a community. `own` and `address` are for version 1, where
    /// it may be that there is none.
    pub fn trap(
        &self,
        version: Version,
        community: &[u8],
        request_id: i32,
        (own, address): (&Oid, [u8; 4]),
        names: &Names,
    ) -> Option<Vec<u8>> {
        if version == Version::V1 {
            let trap = self.in_v1(own, names)?;
            let fields = TrapFields {
                enterprise: &trap.enterprise,
                agent_addr: address,
                generic: trap.generic,
                specific: trap.specific,
                timestamp: self.up_time,
            };
            return Some(message::encode_trap(community, &fields, &trap.objects));
        }
        Some(message::encode(&OutMessage {
            version,
            community,
            kind: PduKind::SnmpV2Trap,
            request_id,
            error_status: 0,
            error_index: 0,
            varbinds: &self.varbinds(names),
        }))
    }
}

/// A notification that has come.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// What it says.
    pub notification: Notification,
    /// Whether its sender waits for [`Incoming::acknowledge`].
    pub confirmed: bool,
    /// By whom, as the message has it.
    pub sender: Sender,
    request_id: i32,
}

/// Who sent a notification.
#[derive(Clone, Debug)]
pub enum Sender {
    /// A community, which is still to be compared with those that are known.
    Community {
        /// Of the message.
        version: Version,
        /// The community; a secret.
        community: crate::Secret,
    },
    /// A user whom [`Receiver::open`] found to be who he says.
    User {
        /// The name.
        name: String,
        /// The authoritative engine: of an inform ourselves, of a trap its sender.
        engine_id: EngineId,
        /// How the message was secured.
        level: SecurityLevel,
        /// contextEngineID: whose objects they are.
        context_engine_id: Vec<u8>,
        /// contextName.
        context_name: Vec<u8>,
    },
}

impl Incoming {
    /// The notification in a message of version 1 or 2c.
    pub fn of(envelope: &Envelope<'_>, names: &Names) -> Result<Self, NotANotification> {
        let community = |octets: &[u8]| crate::Secret::new(octets);
        match envelope {
            Envelope::TrapV1(TrapMessage { community: octets, trap }) => Ok(Self {
                notification: Notification::of_v1(trap, names)?,
                confirmed: false,
                sender: Sender::Community { version: Version::V1, community: community(octets) },
                request_id: 0,
            }),
            Envelope::Community(Message { version, community: octets, pdu }) => {
                let sender = Sender::Community { version: *version, community: community(octets) };
                Self::of_pdu(pdu, sender, names)
            }
            Envelope::V3(_) => Err(NotANotification::Kind),
        }
    }

    fn of_pdu(pdu: &Pdu<'_>, sender: Sender, names: &Names) -> Result<Self, NotANotification> {
        let confirmed = match pdu.kind {
            PduKind::SnmpV2Trap => false,
            PduKind::InformRequest => true,
            _ => return Err(NotANotification::Kind),
        };
        let notification = Notification::of_varbinds(pdu.varbinds.to_vec(), names)?;
        Ok(Self { notification, confirmed, sender, request_id: pdu.request_id })
    }

    /// By which an inform that comes again is the same one; 0 in version 1, which
    /// has none.
    pub fn request_id(&self) -> i32 {
        self.request_id
    }

    /// The response that a community's inform waits for; a user's is made by
    /// [`Receiver::open`], which has the keys.
    pub fn acknowledge(&self, names: &Names) -> Option<Vec<u8>> {
        let Sender::Community { version, community } = &self.sender else { return None };
        self.confirmed.then(|| {
            message::encode(&OutMessage {
                version: *version,
                community: community.expose(),
                kind: PduKind::Response,
                request_id: self.request_id,
                error_status: 0,
                error_index: 0,
                varbinds: &self.notification.varbinds(names),
            })
        })
    }
}

/// Who takes notifications of version 3. To informs it is authoritative: their
/// senders ask for its name and its time, and its users have keys for it. Of traps
/// the sender is authoritative, and its users have keys for that.
pub struct Receiver<'r> {
    /// The own name.
    pub engine_id: EngineId,
    /// The own boots and time.
    pub clock: Clock,
    /// For what is encrypted.
    pub salts: &'r Salts,
    /// The longest message it takes.
    pub max_size: u32,
    /// The keys of a user for an engine.
    pub keys: &'r dyn Fn(&str, &EngineId) -> Option<LocalKeys>,
    /// Whether a trap of another engine is timely (RFC 3414 §3.2 (7b)): the caller
    /// keeps what it knows of that engine's clock, see [`Clock::meets`].
    pub timely: &'r dyn Fn(&EngineId, Clock, Instant) -> bool,
    /// Counts a refusal; the counter's name and what it is now, where a report
    /// tells of it.
    pub count: &'r dyn Fn(Refused) -> Option<(Vec<u32>, u32)>,
    /// The names of what all notifications have.
    pub names: &'r Names,
}

/// What is to be done with a message of version 3.
#[derive(Debug)]
pub enum Opened {
    /// It is a notification; an inform's acknowledgement goes back at once.
    Notification(Box<Incoming>, Option<Vec<u8>>),
    /// Its sender is to be told this: a report, as in discovery. The counter that
    /// it names is by the second.
    Report(Vec<u8>, Refused),
    /// Nothing.
    Dropped(Refused),
}

/// Why a message of version 3 was not taken (RFC 3414 §3.2), each with its counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the standard's")]
pub enum Refused {
    Malformed,
    UnsupportedSecLevels,
    NotInTimeWindows,
    UnknownUserNames,
    UnknownEngineIds,
    WrongDigests,
    DecryptionErrors,
    NotANotification,
}

impl Receiver<'_> {
    /// Reads a message of version 3: the whole outermost element, as
    /// [`Envelope::V3`] hands it on.
    pub fn open(&self, whole: &[u8], now: Instant) -> Opened {
        let dropped = |refused| {
            (self.count)(refused);
            Opened::Dropped(refused)
        };
        let Ok(message) = V3Message::decode(whole) else { return dropped(Refused::Malformed) };
        let (Some(level), Ok(usm)) = (message.flags.level(), message.usm()) else {
            return dropped(Refused::Malformed);
        };
        if message.security_model != USM {
            return dropped(Refused::Malformed);
        }
        let own = self.engine_id.as_octets();
        let mut room = Vec::new();
        let mut head = V3Head {
            id: message.id,
            max_size: self.max_size,
            reportable: false,
            engine_id: own,
            clock: self.clock,
            user: usm.user,
            auth: None,
            privacy: None,
            transport: None,
            context_engine_id: own,
            context_name: &[],
        };
        // A report answers only who waits for an answer, which the sender of a trap
        // does not.
        let report = |head: &V3Head<'_>, refused: Refused| {
            let counted = (self.count)(refused);
            let (true, Some((name, count))) = (message.flags.reportable, counted) else {
                return Opened::Dropped(refused);
            };
            let mut out = Vec::new();
            let limit = message.max_size.min(self.max_size) as usize;
            match v3::report(&mut out, head, limit, 0, (&name, count)) {
                Some(octets) => Opened::Report(octets.to_vec(), refused),
                None => Opened::Dropped(refused),
            }
        };
        let Ok(engine) = EngineId::new(usm.engine_id) else {
            return report(&head, Refused::UnknownEngineIds);
        };
        let is_own = engine == self.engine_id;
        let keys = match std::str::from_utf8(usm.user).ok() {
            // Who asks an engine that is not ours is told our name; the keys for
            // another engine are for the traps it sends.
            _ if !is_own && message.flags.reportable => {
                return report(&head, Refused::UnknownEngineIds);
            }
            Some(name) => (self.keys)(name, &engine),
            None => None,
        };
        let Some(keys) = keys else { return report(&head, Refused::UnknownUserNames) };
        if level > SecurityLevel::NoAuthNoPriv {
            let Some(key) = &keys.auth else { return report(&head, Refused::UnsupportedSecLevels) };
            if !message.is_authenticated_by(key, &usm) {
                return report(&head, Refused::WrongDigests);
            }
            let clock = Clock { boots: usm.boots, time: usm.time };
            let timely = match is_own {
                true => self.clock.admits(clock),
                false => (self.timely)(&engine, clock, now),
            };
            if !timely {
                head.auth = Some(key);
                return report(&head, Refused::NotInTimeWindows);
            }
        }
        let octets = match (level, &keys.privacy) {
            (SecurityLevel::AuthPriv, None) => {
                return report(&head, Refused::UnsupportedSecLevels);
            }
            (SecurityLevel::AuthPriv, Some(key)) => match message.decrypt(key, &usm, &mut room) {
                Ok(octets) => octets,
                Err(_) => return report(&head, Refused::DecryptionErrors),
            },
            _ => match message.plain() {
                Ok(octets) => octets,
                Err(_) => return dropped(Refused::Malformed),
            },
        };
        let Ok(scoped) = ScopedPdu::decode(octets, level == SecurityLevel::AuthPriv) else {
            return dropped(Refused::Malformed);
        };
        let sender = Sender::User {
            name: String::from_utf8_lossy(usm.user).into_owned(),
            engine_id: engine,
            level,
            context_engine_id: scoped.context_engine_id.to_vec(),
            context_name: scoped.context_name.to_vec(),
        };
        let Ok(incoming) = Incoming::of_pdu(&scoped.pdu, sender, self.names) else {
            return dropped(Refused::NotANotification);
        };
        // An inform to another engine is none to us, and a trap is never ours.
        if incoming.confirmed != is_own {
            return dropped(Refused::NotANotification);
        }
        let acknowledgement = incoming.confirmed.then(|| {
            head.auth = keys.auth.as_ref().filter(|_| level > SecurityLevel::NoAuthNoPriv);
            head.privacy = match level {
                SecurityLevel::AuthPriv => {
                    keys.privacy.as_ref().map(|key| (key, self.salts.next()))
                }
                _ => None,
            };
            head.context_engine_id = scoped.context_engine_id;
            head.context_name = scoped.context_name;
            let varbinds = scoped.pdu.varbinds.to_vec();
            v3::encode(
                &head,
                &OutPdu {
                    kind: PduKind::Response,
                    request_id: incoming.request_id,
                    error_status: 0,
                    error_index: 0,
                    varbinds: &varbinds,
                },
            )
        });
        Opened::Notification(Box::new(incoming), acknowledgement)
    }
}
