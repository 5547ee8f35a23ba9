//! The receiver's entrance: a datagram and the time go in; what it says, what is to
//! be answered, or why nothing comes of it, comes out.
//!
//! Whoever is nobody costs as little as there is: a community is compared, a code
//! of version 3 is computed once. Nothing is remembered of him.

use std::{
    cell::RefCell,
    net::{IpAddr, SocketAddr},
    sync::{Arc, LazyLock},
    time::Instant,
};

use lcms_lb_core::source_rate::{Buckets, SourceRate};
use lcms_snmp::{
    EngineId, Envelope, LocalKeys, Version, message,
    notification::{Incoming, Names, NotANotification, Opened, Receiver, Refused, Sender},
    usm::{Clock, LocalEngine},
};
use load_cluster_mib::{NOTIFICATION_NAMES, snmp_user_based_sm_mib::usm_stats};
use subtle::ConstantTimeEq as _;

use super::{
    Authority, Counters, Digest, Kind, KnownCommunity, Reason, Settings, Taken, engines::Engines,
    settings::is_among,
};

/// Who is let in.
#[derive(Debug)]
pub struct Entrance {
    engine: LocalEngine,
    communities: Vec<KnownCommunity>,
    users: Vec<Authority>,
    /// The users' keys for our own engine.
    own_keys: Vec<Option<LocalKeys>>,
    engines: RefCell<Engines>,
    rate: Option<SourceRate>,
    sources: Buckets,
    started: Instant,
    names: &'static Names,
    counters: Arc<Counters>,
}

/// What comes of a datagram.
#[derive(Debug)]
pub enum Arrived {
    /// A notification of somebody who may send it.
    Taken(Box<Taken>),
    /// Its sender is to be told this: our name, our time, or what was wrong.
    Report(Vec<u8>),
    /// Nothing.
    Dropped(Reason),
}

impl Entrance {
    /// An entrance of these users and communities.
    pub fn new(
        settings: &Settings,
        engine: LocalEngine,
        counters: Arc<Counters>,
        now: Instant,
    ) -> Self {
        let own = |user: &Authority| user.credentials.localised(&engine.id);
        Self {
            own_keys: settings.users.iter().map(own).collect(),
            engine,
            communities: settings.communities.clone(),
            users: settings.users.clone(),
            engines: RefCell::default(),
            rate: settings.source_rate,
            sources: Buckets::default(),
            started: now,
            names: &NOTIFICATION_NAMES,
            counters,
        }
    }

    /// What was known of an engine's clock before this run, as it would be now: what
    /// was sent before is not taken once more.
    pub fn restore(&mut self, engine: EngineId, clock: Clock, now: Instant) {
        self.engines.get_mut().restore(engine, clock, now);
    }

    /// Looks at a datagram.
    pub fn receive(&mut self, datagram: &[u8], from: SocketAddr, now: Instant) -> Arrived {
        self.counters.datagrams.add();
        let arrived = match datagram.len() > usize::from(self.max_size()) {
            true => self.dropped(Reason::TooLong),
            false => self.look(datagram, from, now),
        };
        match &arrived {
            Arrived::Taken(taken) => self.counters.receive(taken.version, taken.kind),
            Arrived::Report(_) => self.counters.reports.add(),
            // Counted where it was found.
            Arrived::Dropped(_) => {}
        }
        arrived
    }

    fn max_size(&self) -> u16 {
        u16::try_from(self.engine.max_size).unwrap_or(u16::MAX)
    }

    fn dropped(&self, reason: Reason) -> Arrived {
        self.counters.refuse(reason);
        Arrived::Dropped(reason)
    }

    fn look(&self, datagram: &[u8], from: SocketAddr, now: Instant) -> Arrived {
        let Ok(envelope) = message::open(datagram) else { return self.dropped(Reason::Malformed) };
        if let Envelope::V3(whole) = envelope {
            return self.version_3(whole, from, now);
        }
        let incoming = match Incoming::of(&envelope, self.names) {
            Ok(incoming) if is_long(&incoming) => return self.dropped(Reason::TooLong),
            Ok(incoming) => incoming,
            Err(NotANotification::Kind) => return self.dropped(Reason::NotANotification),
            Err(_) => return self.dropped(Reason::Malformed),
        };
        let Sender::Community { version, community } = &incoming.sender else {
            return self.dropped(Reason::Malformed);
        };
        // By octets that tell nothing by the time they take.
        let same = |known: &&KnownCommunity| {
            bool::from(known.community.expose().ct_eq(community.expose()))
                && is_among(&known.sources, from.ip())
        };
        let Some(known) = self.communities.iter().find(same) else {
            return self.dropped(Reason::UnknownCommunity);
        };
        if !self.may_send(from.ip(), now) {
            return self.dropped(Reason::Rate);
        }
        let (version, sender) = (*version, known.name.clone());
        let kind = if incoming.confirmed { Kind::Inform } else { Kind::Trap };
        let acknowledgement = incoming.acknowledge(self.names);
        let request = (kind, incoming.request_id());
        let notification = incoming.notification;
        let host = from.ip().to_string();
        let digest = Digest::new(&notification, (&host, &sender), request, self.names);
        Arrived::Taken(Box::new(Taken {
            notification,
            from,
            version,
            kind,
            sender,
            level: None,
            engine: None,
            context: Vec::new(),
            digest,
            whole: None,
            acknowledgement,
        }))
    }

    fn version_3(&self, whole: &[u8], from: SocketAddr, now: Instant) -> Arrived {
        let heard = RefCell::new(None);
        let receiver = Receiver {
            engine_id: self.engine.id,
            clock: self.engine.clock(now),
            salts: &self.engine.salts,
            max_size: self.engine.max_size,
            keys: &|name, engine| self.keys(name, engine, from.ip()),
            timely: &|engine, clock, now| {
                heard.replace(Some(clock));
                self.engines.borrow_mut().hear(engine, clock, now)
            },
            count: &|refused| {
                let count = self.counters.refuse(refused.into());
                // It is a Counter32, which begins anew after its end.
                Some((counter_name(refused)?, count as u32))
            },
            names: self.names,
        };
        let (incoming, acknowledgement) = match receiver.open(whole, now) {
            Opened::Notification(incoming, acknowledgement) => (incoming, acknowledgement),
            Opened::Report(octets, _) => return Arrived::Report(octets),
            Opened::Dropped(refused) => return Arrived::Dropped(refused.into()),
        };
        if is_long(&incoming) {
            return self.dropped(Reason::TooLong);
        }
        let request_id = incoming.request_id();
        let Sender::User { name, engine_id, level, context_name, .. } = incoming.sender else {
            return self.dropped(Reason::Malformed);
        };
        // The keys of a user are good for less than what was agreed with him.
        let mut agreed = self.users.iter().filter(|user| user.credentials.name() == name);
        if !agreed.any(|user| level >= user.credentials.level()) {
            return self.dropped(Reason::Level);
        }
        if !self.may_send(from.ip(), now) {
            return self.dropped(Reason::Rate);
        }
        let kind = if incoming.confirmed { Kind::Inform } else { Kind::Trap };
        let request = (kind, request_id);
        let engine = heard.into_inner().map(|clock| (engine_id, clock));
        let origin = engine.map_or_else(|| from.ip().to_string(), |(id, _)| id.to_string());
        let digest = Digest::new(&incoming.notification, (&origin, &name), request, self.names);
        Arrived::Taken(Box::new(Taken {
            notification: incoming.notification,
            from,
            version: Version::V3,
            kind,
            sender: name,
            level: Some(level),
            engine,
            context: context_name,
            digest,
            whole: incoming.confirmed.then(|| Digest::of(whole)),
            acknowledgement,
        }))
    }

    /// The keys of a user who may send from there, as whose engine he says.
    fn keys(&self, name: &str, engine: &EngineId, from: IpAddr) -> Option<LocalKeys> {
        let named = |(_, user): &(usize, &Authority)| user.credentials.name() == name;
        let (at, user) = self.users.iter().enumerate().find(named)?;
        if !is_among(&user.sources, from) {
            return None;
        }
        if *engine == self.engine.id {
            return self.own_keys.get(at).cloned()?;
        }
        let known = user.engines.is_empty() || user.engines.contains(engine);
        known.then(|| self.engines.borrow_mut().keys(engine, at, user))?
    }

    fn may_send(&self, from: IpAddr, now: Instant) -> bool {
        let since = now.saturating_duration_since(self.started);
        self.rate.is_none_or(|rate| self.sources.admit(from, since, rate))
    }
}

fn is_long(incoming: &Incoming) -> bool {
    incoming.notification.objects.len() > Settings::MOST_OBJECTS
}

/// The counter that a report tells of, if the refusal has one.
fn counter_name(refused: Refused) -> Option<Vec<u32>> {
    static NAMES: LazyLock<[(Refused, Vec<u32>); 6]> = LazyLock::new(|| {
        use usm_stats::col;
        [
            (Refused::UnsupportedSecLevels, col::UNSUPPORTED_SEC_LEVELS),
            (Refused::NotInTimeWindows, col::NOT_IN_TIME_WINDOWS),
            (Refused::UnknownUserNames, col::UNKNOWN_USER_NAMES),
            (Refused::UnknownEngineIds, col::UNKNOWN_ENGINE_I_DS),
            (Refused::WrongDigests, col::WRONG_DIGESTS),
            (Refused::DecryptionErrors, col::DECRYPTION_ERRORS),
        ]
        .map(|(refused, column)| (refused, usm_stats::ENTRY.instance(column, &[0])))
    });
    let found = NAMES.iter().find(|(one, _)| *one == refused);
    found.map(|(_, name)| name.clone())
}

#[cfg(test)]
mod tests;
