//! A small MIB by hand: a group of scalars with a table below the same parent,
//! as `system` has, and a table of notes whose rows have gaps.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, LazyLock},
    time::Instant,
};

use lcms_lb_core::model::RowState;
use lcms_snmp::{
    EngineId, ErrorStatus, Octets, Secret, Value,
    object::{
        Access as MaxAccess, Base, Column, Entry, Index, IndexPart, Scalar, Syntax, SyntaxError,
        Table,
    },
    usm::{AuthProtocol, PrivProtocol},
    vacm::Family,
};

use super::{
    super::*,
    exchange::{Reply, Request},
};
use crate::{
    config::{Community, Right, Senders, User},
    security::{FamilyId, FamilyRow, Identity, LocalEngine, Principal, Security, SecurityRows},
};

const fn syntax(base: Base) -> Syntax {
    Syntax { base, ranges: &[], sizes: &[], labels: &[], text: false }
}

const fn column(arc: u32, access: MaxAccess, syntax: Syntax) -> Column {
    Column { arc, name: "column", access, syntax, units: "" }
}

/// `1.3.9.1`: a scalar, and at `.2.1` a table's entry.
static SCALARS: Entry = Entry {
    name: "group",
    oid: &[1, 3, 9, 1],
    columns: &[
        column(1, MaxAccess::ReadOnly, syntax(Base::OctetString)),
        column(
            3,
            MaxAccess::ReadWrite,
            Syntax { ranges: &[(0, i32::MAX as i64)], ..syntax(Base::Integer32) },
        ),
        column(4, MaxAccess::AccessibleForNotify, syntax(Base::Integer32)),
    ],
    index: &[],
};

/// `1.3.9.1.2.1`: notes by name, with a text, a counter and a number.
static NOTES: Entry = Entry {
    name: "noteEntry",
    oid: &[1, 3, 9, 1, 2, 1],
    columns: &[
        column(
            2,
            MaxAccess::ReadCreate,
            Syntax { sizes: &[(0, 4)], text: true, ..syntax(Base::OctetString) },
        ),
        column(3, MaxAccess::ReadOnly, syntax(Base::Counter64)),
        column(4, MaxAccess::ReadCreate, Syntax { ranges: &[(0, 100)], ..syntax(Base::Gauge32) }),
    ],
    index: &[IndexPart { name: "noteName", syntax: syntax(Base::OctetString), bare: false }],
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub text: String,
    pub count: Option<u64>,
    pub number: Option<u32>,
}

/// What the fixture's objects say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Book {
    pub lock: i32,
    pub notes: BTreeMap<Key, Note>,
}

pub struct BookState {
    pub book: Book,
    rows: Rows<Key>,
    security: Arc<Security>,
}

impl BookState {
    fn new(book: Book, security: Arc<Security>) -> Self {
        let rows = Rows::new(book.notes.keys().map(|key| (key.clone(), key.clone())));
        Self { book, rows, security }
    }
}

impl State for BookState {
    type Draft = Book;

    fn security(&self) -> &Security {
        &self.security
    }

    fn draft(&self, _: &Principal<'_>, _: Instant) -> Book {
        self.book.clone()
    }
}

/// A length-prefixed string, of at most eight octets.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(usize, String);

impl Key {
    pub fn new(text: &str) -> Self {
        Self(text.len(), text.to_owned())
    }
}

impl Index for Key {
    fn encode(&self, out: &mut Vec<u32>) {
        out.push(self.0 as u32);
        out.extend(self.1.bytes().map(u32::from));
    }

    fn decode(arcs: &[u32]) -> Option<Self> {
        let (len, rest) = arcs.split_first()?;
        if *len as usize != rest.len() || rest.len() > 8 {
            return None;
        }
        let bytes: Option<Vec<u8>> = rest.iter().map(|arc| u8::try_from(*arc).ok()).collect();
        Some(Self::new(&String::from_utf8(bytes?).ok()?))
    }
}

macro_rules! table {
    ($name:ident, $index:ty, $patch:ty, $entry:ident, $write:expr) => {
        pub struct $name;

        impl Table for $name {
            type Index = $index;
            type Row = ();
            type Patch = $patch;
            const ENTRY: &'static Entry = &$entry;

            fn fill(_: &mut (), _: u32, _: &Value<'_>) -> Result<(), SyntaxError> {
                Ok(())
            }

            fn write(patch: &mut $patch, arc: u32, value: &Value<'_>) -> Result<(), SyntaxError> {
                ($write)(patch, arc, value)
            }

            fn patch_columns(_: &$patch) -> Vec<(u32, Value<'static>)> {
                Vec::new()
            }
        }
    };
}

#[derive(Clone, Default)]
pub struct NotePatch {
    text: Option<String>,
    number: Option<u32>,
}

table!(Scalars, Scalar, Option<i32>, SCALARS, |patch: &mut Option<i32>, _, value: &Value<'_>| {
    match value {
        Value::Integer(n) => {
            *patch = Some(*n);
            Ok(())
        }
        _ => Err(SyntaxError::WrongType),
    }
});

table!(Notes, Key, NotePatch, NOTES, |patch: &mut NotePatch, arc, value: &Value<'_>| {
    match (arc, value) {
        (2, Value::OctetString(text)) => patch.text = text.text().map(str::to_owned),
        (4, Value::Gauge32(n)) => patch.number = Some(*n),
        _ => return Err(SyntaxError::WrongType),
    }
    Ok(())
});

impl Instrumentation<BookState> for Scalars {
    type Table = Self;
    type Key = ();

    fn rows<'s>(&self, _: &'s BookState) -> &'s Rows<()> {
        scalar_row()
    }

    fn column<'s>(&self, at: At<'s, BookState>, _: &'s (), arc: u32) -> Option<Value<'s>> {
        match arc {
            1 => Some(Value::OctetString(Octets::from("fixture"))),
            3 => Some(Value::Integer(at.state.book.lock)),
            _ => None,
        }
    }

    fn writes(&self, _: u32) -> bool {
        true
    }

    fn assign(&self, draft: &mut Book, _: &Scalar, patch: &Option<i32>) -> Result<(), Refusal> {
        match *patch == Some(draft.lock) {
            true => draft.lock += 1,
            false => return Err(Refusal::column(3, ErrorStatus::InconsistentValue)),
        }
        Ok(())
    }
}

impl Instrumentation<BookState> for Notes {
    type Table = Self;
    type Key = Key;

    fn rows<'s>(&self, state: &'s BookState) -> &'s Rows<Key> {
        &state.rows
    }

    fn column<'s>(&self, at: At<'s, BookState>, key: &'s Key, arc: u32) -> Option<Value<'s>> {
        let note = at.state.book.notes.get(key)?;
        match arc {
            2 => Some(Value::OctetString(Octets::from(note.text.as_str()))),
            3 => note.count.map(Value::Counter64),
            4 => note.number.map(Value::Gauge32),
            _ => None,
        }
    }

    fn writes(&self, _: u32) -> bool {
        true
    }

    fn assign(&self, draft: &mut Book, index: &Key, patch: &NotePatch) -> Result<(), Refusal> {
        let note = draft.notes.get_mut(index).ok_or(Refusal::row(ErrorStatus::InconsistentName))?;
        if let Some(text) = &patch.text {
            note.text.clone_from(text);
        }
        note.number = patch.number.or(note.number);
        Ok(())
    }

    fn settle(&self, draft: &mut Book, index: &Key, patch: &NotePatch) -> Result<(), Refusal> {
        // A rule across rows: no two notes have the same text.
        let same =
            |(key, note): (&Key, &Note)| key != index && Some(&note.text) == patch.text.as_ref();
        match draft.notes.iter().any(same) {
            true => Err(Refusal::column(2, ErrorStatus::InconsistentValue)),
            false => Ok(()),
        }
    }
}

/// An agent over a book, with a community `read` and a community `write`.
pub struct Agent {
    pub engine: Engine<BookState>,
    pub state: BookState,
    pub workspace: Workspace,
}

/// Communities `read` and `write`, and users `ann` and `bob` of all that their
/// names stand for: she may write, he may read and has no encryption.
/// In sessions `carol` may write.
pub fn senders() -> Senders {
    let mut senders = Senders::default();
    for (name, right) in [("read", Right::Read), ("write", Right::Write)] {
        let community =
            Community { name: name.to_owned(), secret: Secret::new(name), sources: Vec::new() };
        senders.add_community(community, right);
    }
    let auth = |protocol| Some((protocol, Secret::new("a password")));
    let privacy = Some((PrivProtocol::Aes128, Secret::new("another password")));
    senders.add_user(
        User { name: "ann".to_owned(), auth: auth(AuthProtocol::Sha256), privacy },
        Right::Write,
    );
    senders.add_user(
        User { name: "bob".to_owned(), auth: auth(AuthProtocol::Sha1), privacy: None },
        Right::Read,
    );
    senders.add_session_user("carol", Right::Write);
    senders
}

/// The engine that tests talk to: the third start of it.
pub fn local_engine(started: Instant) -> LocalEngine {
    let id = EngineId::of_enterprise(1, [1; 12]);
    LocalEngine::new(Identity { id, boots: 3 }, started, 0, 65_507)
}

/// Passwords take long, so what comes of them is made once.
fn security() -> Arc<Security> {
    static READY: LazyLock<Arc<Security>> = LazyLock::new(|| {
        let engine = local_engine(Instant::now());
        let rows = senders().rows(engine.id);
        Arc::new(Security::new(Arc::new(engine), Arc::new(rows)))
    });
    Arc::clone(&READY)
}

/// The same, and a view of these families is what the community `read` may read.
fn security_with_view(families: &[Family]) -> Arc<Security> {
    let base = security();
    let mut rows = SecurityRows::clone(&base.rows);
    for row in rows.access.values_mut() {
        row.read = "viewed".to_owned();
    }
    for Family { subtree, mask, included } in families {
        let id = FamilyId { view: "viewed".to_owned(), subtree: subtree.clone() };
        let (mask, included) = (mask.clone(), *included);
        let row = FamilyRow { mask, included, row: RowState::Active, ..FamilyRow::default() };
        rows.families.insert(id, row);
    }
    Arc::new(Security::new(Arc::clone(&base.engine), Arc::new(rows)))
}

pub fn from() -> SocketAddr {
    "127.0.0.1:40000".parse().unwrap()
}

impl Agent {
    pub fn new(book: Book) -> Self {
        Self::limited(book, 1472)
    }

    pub fn limited(book: Book, max_size: usize) -> Self {
        Self::secured(book, max_size, security())
    }

    /// One whose community `read` has a view of these families, of which no two have
    /// the same subtree.
    pub fn viewed(book: Book, families: &[Family]) -> Self {
        Self::secured(book, 1472, security_with_view(families))
    }

    fn secured(book: Book, max_size: usize, security: Arc<Security>) -> Self {
        let regions: Vec<Box<dyn Region<BookState>>> =
            vec![Box::new(Instrumented(Notes)), Box::new(Instrumented(Scalars))];
        let engine = Engine::new(regions, Arc::default(), max_size);
        Self { engine, state: BookState::new(book, security), workspace: Workspace::default() }
    }

    /// A book with gaps: notes `a` to `d` and a longer name.
    pub fn sample() -> Self {
        let note = |text: &str, count, number| Note { text: text.into(), count, number };
        Self::new(Book {
            lock: 7,
            notes: BTreeMap::from([
                (Key::new("a"), note("A", Some(1), Some(10))),
                (Key::new("b"), note("B", None, None)),
                (Key::new("c"), note("C", Some(3), Some(30))),
                (Key::new("aa"), note("AA", Some(4), None)),
            ]),
        })
    }

    /// Sends a datagram as the shell would, a SET included.
    pub fn send(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        self.send_from(from().into(), datagram)
    }

    /// The same from elsewhere.
    pub fn send_from(&mut self, source: Source<'_>, datagram: &[u8]) -> Option<Vec<u8>> {
        let at = At { state: &self.state, now: Instant::now() };
        match self.engine.receive(at, source, datagram, &mut self.workspace) {
            Verdict::Drop => None,
            Verdict::Reply(reply) | Verdict::Report(reply) => Some(reply.to_vec()),
            Verdict::Set => {
                let mut room = Vec::new();
                let request = self.engine.set(at, source, datagram, &mut room).unwrap();
                let mut next = None;
                let result = request.check(at).map(|checked| next = Some(checked.draft));
                let reply = match request.answer(result, &mut self.workspace) {
                    Verdict::Reply(reply) => Some(reply.to_vec()),
                    _ => None,
                };
                if let Some(book) = next {
                    self.state = BookState::new(book, Arc::clone(&self.state.security));
                }
                reply
            }
        }
    }

    pub fn ask(&mut self, request: Request) -> Reply {
        let reply = self.send(&request.encode()).expect("an answer");
        Reply::decode(&reply)
    }
}
