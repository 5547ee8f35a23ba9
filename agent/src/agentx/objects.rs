//! What a session is about.

use std::{sync::Arc, time::Instant};

use lcms_snmp::{
    ErrorStatus, Oid, OidBuf, Value, VarBind,
    vacm::{Family, View},
};

use crate::{
    engine::{At, Engine, Fault},
    security::{Principal, Rights},
    setter::{self, Done},
    state::{AgentState, Publisher},
};

/// Objects that a master asks for and sets.
pub trait Objects {
    /// What takes a SET back.
    type Undo;

    /// The value of a variable, or what is missing of it.
    fn get(&self, name: &Oid) -> Value<'static>;

    /// The first variable after a name.
    fn after(&self, name: &Oid) -> Option<(Oid, Value<'static>)>;

    /// Whether a SET could be done as things are.
    fn test(&self, varbinds: &[VarBind<'static>]) -> Result<(), Fault>;

    /// Does it.
    fn commit(&self, varbinds: &[VarBind<'static>]) -> Result<Self::Undo, Fault>;

    /// Takes it back.
    fn undo(&self, undo: Self::Undo) -> Result<(), Fault>;
}

/// The agent's own, as far as they are registered.
pub struct LocalObjects {
    engine: Arc<Engine<AgentState>>,
    publisher: Arc<Publisher>,
    view: Arc<View>,
    rights: Rights,
}

/// The name that the record of changes shows: who it was the master knows.
const PRINCIPAL: &str = "agentx";

/// securityModel of none of the models (RFC 3411).
const ANY_MODEL: i32 = 0;

impl LocalObjects {
    /// The objects below these subtrees.
    pub fn new(
        engine: Arc<Engine<AgentState>>,
        publisher: Arc<Publisher>,
        subtrees: impl IntoIterator<Item = Vec<u32>>,
    ) -> Self {
        let whole = |subtree: Vec<u32>| Family { subtree, mask: Vec::new(), included: true };
        let view = Arc::new(View::new(subtrees.into_iter().map(whole).collect()));
        let rights = Rights {
            read: Some(Arc::clone(&view)),
            write: Some(Arc::clone(&view)),
            ..Rights::default()
        };
        Self { engine, publisher, view, rights }
    }

    fn principal(&self) -> Principal<'_> {
        Principal { name: PRINCIPAL, model: ANY_MODEL, rights: &self.rights, largest: None }
    }
}

fn named<'d>(
    varbinds: &'d [VarBind<'static>],
) -> impl Iterator<Item = (OidBuf, Value<'d>)> + Clone {
    varbinds.iter().map(|VarBind { name, value }| {
        let mut buffer = OidBuf::new();
        // An Oid is never longer than the buffer.
        let _ = buffer.set(name);
        (buffer, value.clone())
    })
}

impl Objects for LocalObjects {
    type Undo = Done;

    fn get(&self, name: &Oid) -> Value<'static> {
        let state = self.publisher.current();
        let at = At { state: &**state, now: Instant::now() };
        self.engine.variable(at, &self.view, name).into_owned()
    }

    fn after(&self, name: &Oid) -> Option<(Oid, Value<'static>)> {
        let state = self.publisher.current();
        let at = At { state: &**state, now: Instant::now() };
        self.engine.variable_after(at, &self.view, name)
    }

    fn test(&self, varbinds: &[VarBind<'static>]) -> Result<(), Fault> {
        self.publisher.refresh();
        let state = self.publisher.current();
        let at = At { state: &**state, now: Instant::now() };
        self.engine.check(at, &self.principal(), &self.view, named(varbinds)).map(|_| ())
    }

    fn commit(&self, varbinds: &[VarBind<'static>]) -> Result<Done, Fault> {
        let principal = self.principal();
        setter::carry_out(&self.publisher, PRINCIPAL, |at| {
            self.engine.check(at, &principal, &self.view, named(varbinds))
        })
    }

    fn undo(&self, done: Done) -> Result<(), Fault> {
        setter::take_back(&self.publisher, &self.principal(), done)
            .map_err(|_| Fault { status: ErrorStatus::UndoFailed, index: 0 })
    }
}
